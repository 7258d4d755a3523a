"""What must hold after every move of the game: the carrier's ledger beside every row of ours."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import connection

from campaigns.models import Attempt, Batch, Campaign, CampaignRow, Counters, Message, RowState
from campaigns.providers.types import MessageStatus, OutgoingText
from campaigns.receipts.statuses import MEANING
from campaigns.sending.prepared import fingerprint
from tests.faults.fake_carrier import OTHER_WORDS, FakeCarrier

TAKEN = {RowState.WITH_CARRIER, RowState.SENT, RowState.DELIVERED, RowState.NOT_DELIVERED}
"""We claim that the carrier has it."""
UNKNOWN = {RowState.SUBMITTING, RowState.IN_DOUBT, RowState.NEEDS_REVIEW, RowState.MARKED_SENT}
"""We claim nothing, or a person did."""
BETWEEN = {RowState.QUEUED, RowState.HELD, RowState.SUBMITTING, RowState.IN_DOUBT}


@dataclass(slots=True)
class Book:
    """What the players know, kept without a look at the program's tables."""

    expected: dict[tuple[str, str], int] = field(default_factory=dict)
    """The campaign of each text that may leave, by number and text."""
    allowed: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Copies too many that a person's word excuses."""
    stopped: set[int] = field(default_factory=set)
    """Campaigns that are paused or cancelled, as a person was told."""
    opted_out: set[str] = field(default_factory=set)


def may_leave(book: Book, sender: str, texts: Sequence[OutgoingText]) -> None:
    """The last look said yes, and the next thing is the first byte."""
    assert not connection.in_atomic_block, "a transaction is open while the network is waited for"
    marked = Attempt.objects.filter(
        state=Attempt.State.SENDING, sender=sender, payload_hash=fingerprint(texts)
    )
    assert marked.count() == 1, "it leaves without the mark that it does"
    campaigns = {book.expected[text] for text in texts}
    assert len(campaigns) == 1, f"a request for the campaigns {campaigns}"
    assert not campaigns & book.stopped, "it was paused or cancelled"
    assert Campaign.objects.get(pk__in=campaigns).state == Campaign.State.SENDING
    assert not {text.to for text in texts} & book.opted_out, "somebody in it has opted out"


class Person(NamedTuple):
    """A message, and the batch that it is in."""

    campaign: int
    to: str
    text: str
    state: str
    batch_state: str
    batch_id: str
    """The carrier's."""

    @property
    def place(self) -> str:
        """Where pages count the person."""
        return self.batch_state if self.state == Message.State.WAITING else self.state


def everybody() -> list[Person]:
    fields = ("campaign_id", "to", "text", "state", "batch__state", "batch__provider_id")
    return [Person(*row) for row in Message.objects.order_by().values_list(*fields)]


def judge(book: Book, carrier: FakeCarrier) -> None:
    carrier.arrive()
    people = everybody()
    _copies(book, carrier, people)
    _batches(carrier, people)
    _numbers(people)
    carrier.linked = _attempts()
    assert carrier.broken_silence == 0, "a call left while the carrier had asked for silence"


def _copies(book: Book, carrier: FakeCarrier, people: Sequence[Person]) -> None:
    """Everybody once at most; who is said to be with the carrier is, and who is not is not."""
    ours = [line for line in carrier.ledger if line.text != OTHER_WORDS]
    copies = Counter((line.to, line.text) for line in ours)
    assert copies.keys() <= book.expected.keys(), "a text that nobody wrote"
    for person in people:
        key = (person.to, person.text)
        assert book.expected[key] == person.campaign
        count, where = copies[key], person.place
        most = book.allowed[key] + (where in TAKEN | UNKNOWN)
        assert count <= most, f"{key} is {where}, and the carrier took it {count} times"
        assert count or where not in TAKEN, f"{key} is {where}, and the carrier never took it"
    assert len(people) == len(book.expected)


def _batches(carrier: FakeCarrier, people: Sequence[Person]) -> None:
    """Each batch is linked to the one of the carrier that holds its people and nobody else."""
    held = defaultdict[str, set[tuple[str, str]]](set)
    for person in people:
        held[person.batch_id] |= {(person.to, person.text)} if person.place in TAKEN else set()
    for batch_id in held.keys() - {""}:
        theirs = {(text.to, text.text) for text in carrier.store[batch_id].texts}
        assert held[batch_id] == theirs, f"{batch_id} holds others than we say"


def _numbers(people: Sequence[Person]) -> None:
    """Every campaign's counters are what a count row by row finds."""
    counts = defaultdict[int, Counter[str]](Counter)
    left_out = CampaignRow.objects.exclude(outcome=CampaignRow.Outcome.MESSAGE).order_by()
    for campaign, outcome in left_out.values_list("campaign_id", "outcome"):
        counts[campaign][outcome] += 1
    for person in people:
        if person.state != Message.State.EXCLUDED:
            counts[person.campaign][person.place] += 1
    for counters in Counters.objects.all():
        told = {state: count for state, count in counters.as_dict().items() if count}
        assert told == counts[counters.campaign_id], "the counters are not what a count finds"
        assert counters.balanced


def _attempts() -> list[str]:
    """Returns the carrier's ids that are linked."""
    rows = list(
        Attempt.objects.order_by().values_list("account", "sender", "batch_id", "state", "provider_id")
    )
    unresolved = [(account, sender) for account, sender, _, state, _ in rows if state in Attempt.UNRESOLVED]
    assert len(unresolved) == len(set(unresolved)), "two unresolved requests of one number"
    live = [batch for _, _, batch, state, _ in rows if state not in Attempt.DEAD]
    assert len(live) == len(set(live)), "two live attempts of one batch"
    return [provider_id for *_, provider_id in rows if provider_id]


def at_rest(book: Book, carrier: FakeCarrier) -> None:
    """Nobody is forgotten: everybody is with the carrier, visibly not sent, or waits for a person."""
    judge(book, carrier)
    assert not Attempt.objects.filter(state__in=Attempt.OPEN).exists(), "an attempt was forgotten"
    truth = {
        (taken.provider_id, text.to): MEANING[MessageStatus(text.status)]
        for taken in carrier.store.values()
        for text in taken.texts
    }
    for person in everybody():
        assert person.place not in BETWEEN, f"{person.to} was left {person.place}"
        if person.place in TAKEN:
            assert truth[person.batch_id, person.to] == person.place, "its receipt was lost"
    for campaign in Campaign.objects.select_related("counters"):
        done = campaign.state == Campaign.State.FINISHED
        assert done or campaign.counters.needs_review, f"the campaign was left {campaign.state}"
    assert not Batch.objects.filter(next_poll_at__isnull=False).exists(), "it is asked for ever"
