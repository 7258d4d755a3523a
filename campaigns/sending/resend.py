"""A campaign once more, for those whom it did not reach and may reach now: a linked draft with their list.

Only people of whom a receipt says that they did not get the text, for a reason that may pass. Never anyone in
doubt or in review, who has it already or may have it, who opted out, or who is in another campaign made so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from campaigns.models import Batch, Campaign, Contact, ContactList, Event, Import, Message, Tally
from campaigns.opt_outs.lookup import LOOKUP, opted_out
from campaigns.providers.ringcentral.error_codes import CODES, Explanation, Retry, explain

MAY_PASS = (Retry.LATER, Retry.SOFT, Retry.AFTER_EDIT, Retry.AFTER_FIX)
MAX_EXACT_ROWS = 50_000
"""Up to so many rows a page may look at every text: a tenth of a second."""
MAX_SOFT_TRIES = 3
"""After so many campaigns in a row in which a phone could not be reached it is not tried again."""


class Person(NamedTuple):
    """Somebody who did not get the text."""

    row_id: int
    phone: str  # E.164
    code: str


@dataclass(frozen=True, slots=True)
class Reason:
    """How many can be tried again after one code, and what has to be done before."""

    explanation: Explanation
    count: int

    @property
    def first(self) -> str:
        """What a person has to do before it is sent again; empty for nothing but waiting."""
        return {
            Retry.AFTER_EDIT: "Edit the text first.",
            Retry.AFTER_FIX: "Choose another number first, or have this one repaired.",
        }.get(self.explanation.retry, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Who would be in it, and who not."""

    ready: bool
    """All texts have left and their receipts are in, or are not waited for any more."""
    count: int = 0
    exact: bool = True
    """False: at most so many, from the provider's counts; nobody looked at each text."""
    people: Sequence[Person] = ()
    """Empty if it is not exact."""
    children: frozenset[int] = frozenset()
    """The campaigns that had been made from it then."""
    opted_out: int = 0
    """Opted out since: they would be left out at launch anyway."""
    in_others: int = 0
    """Are in a campaign that was made from this one before."""
    reasons: Sequence[Reason] = field(default_factory=list)


def estimate(campaign: Campaign) -> Plan:
    """`plan` as far as a page can wait for it: of a large campaign only counters are read."""
    counts = Tally.objects.filter(campaign=campaign).first()
    ready = _ready(campaign, counts)
    if not ready or counts is None or counts.rows <= MAX_EXACT_ROWS:
        return plan(campaign)
    codes: Counter[str] = Counter()
    for totals in Batch.objects.filter(campaign=campaign).values_list("totals", flat=True):
        for part in ("sending_failed", "delivery_failed"):
            codes.update(totals.get(part, {}).get("error_codes", {}))
    wanted = {code: codes[code] for code in _codes(campaign) if codes[code]}
    in_others = sum(
        campaign.children.exclude(contact_list=None).values_list("contact_list__contact_count", flat=True)
    )
    return Plan(
        ready=ready,
        count=max(0, sum(wanted.values()) - in_others),
        exact=False,
        in_others=in_others,
        reasons=[Reason(explain(code), count) for code, count in Counter(wanted).most_common()],
    )


def plan(campaign: Campaign) -> Plan:
    """Who did not get it and may be tried again. Reads every text, if some were not delivered."""
    children = frozenset(campaign.children.values_list("pk", flat=True))
    counts = Tally.objects.filter(campaign=campaign).first()
    ready = _ready(campaign, counts)
    if not ready or counts is None or not counts.not_delivered:
        return Plan(ready=ready, children=children)
    failed = Message.objects.filter(
        campaign=campaign, state=Message.State.NOT_DELIVERED, error_code__in=_codes(campaign)
    )
    found = [Person(*row) for row in failed.order_by("pk").values_list("source_row", "to", "error_code")]
    out = opted_out(person.phone for person in found)
    listed = _in_others(campaign).intersection(person.phone for person in found if person.phone not in out)
    people = [person for person in found if person.phone not in out and person.phone not in listed]
    codes = Counter(person.code for person in people)
    return Plan(
        ready=ready,
        count=len(people),
        people=people,
        children=children,
        opted_out=len(out),
        in_others=len(listed),
        reasons=[Reason(explain(code), count) for code, count in codes.most_common()],
    )


def _ready(campaign: Campaign, counts: Tally | None) -> bool:
    if campaign.state == Campaign.State.FINISHED:
        return True
    # Some carriers never send a receipt: those without one are left out, and not waited for.
    return campaign.state == Campaign.State.DELIVERING and counts is not None and not counts.with_carrier


def _codes(campaign: Campaign) -> list[str]:
    tried, parent = 1, campaign.parent
    while parent is not None and tried < MAX_SOFT_TRIES:
        tried, parent = tried + 1, parent.parent
    wanted = {*MAY_PASS} - ({Retry.SOFT} if tried >= MAX_SOFT_TRIES else set())
    return [code for code in CODES if explain(code).retry in wanted]


def _in_others(campaign: Campaign) -> set[str]:
    """Who is in a campaign that was made from this one, unless that was cancelled before their text left."""
    found: set[str] = set()
    for child in campaign.children.exclude(contact_list=None):
        listed = set(
            Contact.objects.filter(contact_list=child.contact_list_id).values_list("phone", flat=True)
        )
        for batch in child.batches.filter(state=Batch.State.CANCELLED):
            stopped = batch.messages.filter(state=Message.State.WAITING)
            listed.difference_update(stopped.values_list("to", flat=True))
        found |= listed
    return found


def create_draft(campaign: Campaign, *, user: User | None) -> Campaign | None:
    """The draft for exactly these people. None if there is nobody: a second press finds them there.

    Who they are is read before anything is locked; if another draft was made meanwhile, it is read again.
    """
    while True:
        wanted = plan(campaign)
        if not wanted.people or campaign.contact_list is None:
            return None
        with transaction.atomic():
            parent = Campaign.objects.locked(campaign.pk)
            if frozenset(parent.children.values_list("pk", flat=True)) == wanted.children:
                return _make(parent, campaign.contact_list, wanted.people, user)


def _make(parent: Campaign, contacts: ContactList, people: Sequence[Person], user: User | None) -> Campaign:
    many = "1 person" if len(people) == 1 else f"{len(people):,} people"
    child = Campaign.objects.create(
        name=f"{parent.name[:90]}, again to {many}",
        contact_list=create_list(parent, contacts, people, many, user),
        parent=parent,
        provider=parent.provider,
        sender=parent.sender,
        text=parent.text,
        batch_size=parent.batch_size,
        if_absent=parent.if_absent,
        created_by=user,
    )
    Tally.objects.create(campaign=child)
    Event.objects.create(
        campaign=parent, actor=user, verb="sent_again", detail=f"campaign {child.pk}, {many}"
    )
    Event.objects.create(campaign=child, actor=user, verb="made_again_from", detail=f"campaign {parent.pk}")
    return child


def create_list(
    parent: Campaign, old: ContactList, people: Sequence[Person], many: str, user: User | None
) -> ContactList:
    """A list with the same columns, cells and row numbers, as if its file held only these people."""
    made = ContactList.objects.create(
        name=f"{many} whom “{parent.name[:70]}” did not reach",
        columns=old.columns,
        field_names=old.field_names,
        phone_column=old.phone_column,
        contact_count=len(people),
        created_by=user,
    )
    source = Import.objects.filter(contact_list=old).order_by("id").values_list("filename", flat=True).first()
    record = Import.objects.create(
        contact_list=made,
        filename=f"{many} of {source or old.name}"[:255],
        state=Import.State.DONE,
        row_count=len(people),
        usable_count=len(people),
        notes=[f"Made from “{parent.name}”: those who did not get its text. Row numbers are of its file."],
        created_by=user,
        finished_at=timezone.now(),
    )
    _copy(record, [person.row_id for person in people])
    return made


def _copy(record: Import, row_ids: Collection[int]) -> None:
    """The rows, made inside the database, and a contact for each."""
    ids = sorted(row_ids)
    with connection.cursor() as cursor:
        for start in range(0, len(ids), LOOKUP):
            some = ids[start : start + LOOKUP]
            marks = ", ".join(["%s"] * len(some))
            cursor.execute(
                "INSERT INTO campaigns_importrow (source_id, number, outcome, problem, phone, cells) "  # noqa: S608
                f"SELECT %s, number, outcome, problem, phone, cells FROM campaigns_importrow "
                f"WHERE id IN ({marks}) ORDER BY number",
                [record.pk, *some],
            )
        cursor.execute(
            "INSERT INTO campaigns_contact (contact_list_id, phone, row_id) "
            "SELECT %s, phone, id FROM campaigns_importrow WHERE source_id = %s ORDER BY number",
            [record.contact_list_id, record.pk],
        )
