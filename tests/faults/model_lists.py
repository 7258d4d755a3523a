"""Lists of people for the game, as an import leaves them."""

import json
from collections.abc import Sequence

from django.utils import timezone

from campaigns.models import Contact, ContactList, Import, ImportRow


def name_of(to: str) -> str:
    return f"person {to[-2:]}"


def list_of(people: Sequence[str], *, spoilt: bool) -> ContactList:
    """A list as an import leaves it; `spoilt`: with a doubled row and one without a number."""
    made = ContactList.objects.create(
        name="People", columns=["Phone", "First name"], field_names=["phone", "first_name"],
        contact_count=len(people),
    )  # fmt: skip
    bad = [(people[0], "repeated", "duplicate"), ("", "empty", "invalid")] if spoilt else []
    source = Import.objects.create(
        contact_list=made, filename="people.csv", state=Import.State.DONE, finished_at=timezone.now(),
        row_count=len(people) + len(bad), usable_count=len(people),
        duplicate_count=bool(bad), invalid_count=bool(bad),
    )  # fmt: skip
    rows = [(to, "", "usable") for to in people] + bad
    made_rows = ImportRow.objects.bulk_create(
        ImportRow(
            source=source, number=number, outcome=outcome, problem=problem, phone=to,
            cells=json.dumps([to, name_of(to)]),
        )
        for number, (to, problem, outcome) in enumerate(rows, 2)
    )  # fmt: skip
    usable = [row for row in made_rows if row.outcome == ImportRow.Outcome.USABLE]
    Contact.objects.bulk_create(Contact(contact_list=made, phone=row.phone, row=row) for row in usable)
    return made
