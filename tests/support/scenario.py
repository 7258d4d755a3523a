"""Campaigns as people make them, against the simulated carrier: a file in, texts out, every row counted."""

import io
from collections import Counter
from collections.abc import Iterable, Sequence

from django.utils import timezone

from campaigns.accounts import registry
from campaigns.contacts import importer
from campaigns.labels.provider_words import describe_stored
from campaigns.models import Batch, Campaign, CampaignRow, ContactList, Counters, Message
from campaigns.receipts import polling
from campaigns.sending import dispatch, launch
from campaigns.sending.steps import Step, StepResult
from campaigns.worker import schedule

LOCAL = "+16505550100"
TOLL_FREE = "+18885550100"
PLAIN = "+16505550199"
"""A number of the account that may not send batches."""
GREETING = 'Hi {{ first_name or "there" }}'


def phone(number: int) -> str:
    """Another US number that gets an ordinary receipt, for each `number` under 8,000."""
    return f"+1{212 + number // 1000}555{1000 + number % 1000:04}"


def ending(last_four: str, number: int = 0) -> str:
    """A number that the simulated carrier treats in a special way."""
    return f"+1{312 + number}555{last_four}"


def people(count: int) -> list[tuple[str, str]]:
    return [(phone(number), f"Person {number}") for number in range(count)]


def file_of(rows: Iterable[Sequence[str]], header: str = "Phone,First name") -> str:
    return "\n".join([header, *(",".join(row) for row in rows), ""])


def imported(text: str | bytes, filename: str = "people.csv", phone_column: str = "") -> ContactList:
    """A list read from a file by the stages themselves."""
    content = text.encode() if isinstance(text, str) else text
    record = importer.receive(
        io.BytesIO(content), filename, list_name="People", phone_column=phone_column, user=None
    )
    importer.run(record.pk)
    return ContactList.objects.get(pk=record.contact_list_id)


def drafted(
    rows: Iterable[Sequence[str]] | ContactList,
    *,
    text: str = GREETING,
    sender: str = LOCAL,
    size: int = 1000,
) -> Campaign:
    """Ready to launch; the account's numbers were read from the carrier."""
    if not registry.default().numbers_are_fresh():
        registry.default().refresh_numbers()
    contacts = rows if isinstance(rows, ContactList) else imported(file_of(rows))
    return Campaign.objects.create(
        name="Spring sale", contact_list=contacts, sender=sender, text=text, batch_size=size
    )


def launched(
    rows: Iterable[Sequence[str]] | ContactList,
    *,
    text: str = GREETING,
    sender: str = LOCAL,
    size: int = 1000,
) -> Campaign:
    """Every text is written and waits here."""
    campaign = drafted(rows, text=text, sender=sender, size=size)
    assert launch.launch(campaign, user=None)
    assert launch.freeze(campaign.pk)
    campaign.refresh_from_db()
    return campaign


def submit_all(campaign: Campaign) -> Step:
    """Dispatch until a step submits nothing at once. Returns that step."""
    while (step := dispatch.step(campaign.pk)).result == StepResult.SUBMITTED or step == AGAIN:
        pass
    campaign.refresh_from_db()
    return step


AGAIN = Step(StepResult.WAIT, 0.0)


def poll() -> int:
    """Poll every open batch now."""
    Batch.objects.filter(next_poll_at__isnull=False).update(next_poll_at=timezone.now())
    return polling.poll()


def due() -> set[str]:
    """Names of the schedule's entries that the next tick wakes."""
    return {entry.name for entry in schedule.look().due}


def recount(campaign: Campaign) -> dict[str, int]:
    """What the counters must say, counted row by row."""
    frozen = CampaignRow.objects.filter(campaign=campaign).exclude(outcome="message")
    rows = Counter(frozen.values_list("outcome", flat=True))
    for state, batch_state in Message.objects.filter(campaign=campaign).values_list("state", "batch__state"):
        if state != "excluded":
            rows[batch_state if state == "waiting" else state] += 1
    return dict(rows)


def counts(campaign: Campaign) -> dict[str, int]:
    """The counters without its zeros."""
    return {
        state: count for state, count in Counters.objects.get(campaign=campaign).as_dict().items() if count
    }


def assert_adds_up(campaign: Campaign) -> None:
    assert counts(campaign) == recount(campaign)
    assert (
        Counters.objects.get(campaign=campaign).rows == CampaignRow.objects.filter(campaign=campaign).count()
    )


def account_error() -> str:
    """What pages say of the account that the settings open; empty if it works."""
    return describe_stored(registry.default().error())
