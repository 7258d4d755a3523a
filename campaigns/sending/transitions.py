"""Every transition of an attempt: the table, the decision, and the one function that carries it out.

    PREPARED → SENDING → ACCEPTED | REJECTED | NOT_SENT | AMBIGUOUS → RECONCILING → ACCEPTED | ABSENT | REVIEW

No other module writes `Attempt.state`. An event that is not listed for a state changes nothing, so a second
worker, a delayed one or a repeated task changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from campaigns.models import Attempt, Batch, Campaign, History, Message, RowState
from campaigns.runtime import bulk_sql, process_identity
from campaigns.sending import counters

State = Attempt.State
Kind = History.Kind
FIRST_LOOKUP_DELAY = timedelta(seconds=2)
"""From a lost answer to the first lookup, which may adopt the batch at once."""
REVIEW_LOOKUP_INTERVAL = timedelta(minutes=5)
WAITING_STATES = (RowState.QUEUED, RowState.HELD)
"""States of a batch whose people wait here."""


class AttemptEvent(StrEnum):
    PREPARED = "prepared"
    MARKED = "marked"
    """The commit before the first byte."""
    NOT_SENT = "not_sent"
    """Proved: no byte left."""
    REFUSED = "refused"
    """Proved: the provider took nothing."""
    ACCEPTED = "accepted"
    ANSWER_IN_JOURNAL = "answer_in_journal"
    ANSWER_LOST = "answer_lost"
    OWNER_DIED = "owner_died"
    LOOKUP_BEGUN = "lookup_begun"
    FOUND = "found"
    """In the provider's records."""
    ABSENT = "absent"
    """Proved from the provider's records."""
    UNPROVED = "unproved"
    PERSON_SENDS = "person_sends"
    PERSON_MARKS_SENT = "person_marks_sent"
    RESTORED_FOUND = "restored_found"
    """After a restore from a backup: the provider has the texts."""
    RESTORED_LOST = "restored_lost"
    """After a restore from a backup: the journal names a request that the provider's records do not show."""
    RESTORED_UNCLEAR = "restored_unclear"


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides about a transition, as read after the campaign's lock."""

    state: str
    batch_state: str
    campaign_state: str
    is_own: bool
    """Whether this process prepared the attempt."""
    size: int
    waiting: int
    """How many of its people are in the state of its batch."""
    superseded: bool
    """Whether a newer attempt of the batch is live."""


def in_state(target: RowState) -> Callable[[Facts], RowState]:
    return lambda facts: target


def stays(facts: Facts) -> RowState:
    return RowState(facts.batch_state)


def returns(facts: Facts) -> RowState:
    """Where people are after the proof that the provider does not have their texts.

    A campaign that is neither sending nor held was cancelled while the batch was in flight.
    """
    if facts.campaign_state == Campaign.State.SENDING:
        return RowState.QUEUED
    return RowState.HELD if facts.campaign_state == Campaign.State.HELD else RowState.CANCELLED


def always(facts: Facts) -> bool:
    return True


def is_own(facts: Facts) -> bool:
    return facts.is_own


def still_waits(facts: Facts) -> bool:
    """Whether an absent attempt's batch waits and was not tried again."""
    return facts.batch_state in WAITING_STATES and not facts.superseded


def all_still_wait(facts: Facts) -> bool:
    return still_waits(facts) and facts.waiting == facts.size


@dataclass(frozen=True, slots=True)
class Transition:
    event: AttemptEvent
    before: tuple[str, ...]
    after: State
    people: Callable[[Facts], RowState]
    """Computes where its people, and so its batch, are afterwards."""
    only_if: Callable[[Facts], bool] = always
    stamps: str = ""
    """The column that gets the time."""
    durable: bool = True
    """Whether its commit has to outlive a power cut."""
    history: Kind | None = None
    """What is written to the campaign's history; nothing for what happens with every batch."""


PREPARED, LIVE = (State.PREPARED,), (State.SENDING, *Attempt.SEARCHED)
"""An answer is a proof even if its attempt was given up before it came."""
WITH_CARRIER = in_state(RowState.WITH_CARRIER)
E = AttemptEvent
TRANSITIONS = (
    Transition(E.MARKED, PREPARED, State.SENDING, in_state(RowState.SUBMITTING), is_own, "sending_at"),
    Transition(E.NOT_SENT, PREPARED, State.NOT_SENT, stays, stamps="ended_at"),
    Transition(E.NOT_SENT, LIVE, State.NOT_SENT, returns, stamps="ended_at"),
    Transition(E.REFUSED, PREPARED, State.NOT_SENT, stays, stamps="ended_at"),
    Transition(E.REFUSED, LIVE, State.REJECTED, returns, stamps="ended_at"),
    Transition(E.ACCEPTED, LIVE, State.ACCEPTED, WITH_CARRIER, stamps="ended_at"),
    Transition(E.ACCEPTED, (State.ABSENT,), State.ACCEPTED, WITH_CARRIER, all_still_wait, "ended_at"),
    Transition(
        E.ANSWER_IN_JOURNAL, LIVE, State.ACCEPTED, WITH_CARRIER,
        stamps="ended_at", history=Kind.ADOPTED_FROM_JOURNAL,
    ),
    Transition(
        E.ANSWER_LOST, (State.SENDING,), State.AMBIGUOUS, in_state(RowState.IN_DOUBT),
        stamps="ended_at", history=Kind.ANSWER_LOST,
    ),
    Transition(E.OWNER_DIED, PREPARED, State.NOT_SENT, stays, stamps="ended_at"),
    Transition(
        E.OWNER_DIED, (State.SENDING,), State.AMBIGUOUS, in_state(RowState.IN_DOUBT),
        stamps="ended_at", history=Kind.ANSWER_LOST,
    ),
    Transition(E.LOOKUP_BEGUN, (State.AMBIGUOUS,), State.RECONCILING, stays),
    Transition(E.FOUND, Attempt.SEARCHED, State.ACCEPTED, WITH_CARRIER, history=Kind.ADOPTED),
    Transition(E.FOUND, (State.ABSENT,), State.ACCEPTED, WITH_CARRIER, still_waits, history=Kind.ADOPTED),
    Transition(E.ABSENT, Attempt.IN_DOUBT, State.ABSENT, returns, history=Kind.ABSENT),
    Transition(
        E.UNPROVED, Attempt.IN_DOUBT, State.REVIEW, in_state(RowState.NEEDS_REVIEW), history=Kind.NEEDS_REVIEW
    ),
    Transition(E.PERSON_SENDS, (State.REVIEW,), State.ABSENT, returns, history=Kind.REVIEW_SEND),
    Transition(
        E.PERSON_MARKS_SENT, (State.REVIEW,), State.MARKED_SENT, in_state(RowState.MARKED_SENT),
        history=Kind.REVIEW_MARKED_SENT,
    ),
)  # fmt: skip
BEGINNINGS = (
    Transition(E.PREPARED, (), State.PREPARED, stays, stamps="prepared_at", durable=False),
    Transition(E.RESTORED_FOUND, (), State.REVIEW, in_state(RowState.NEEDS_REVIEW), stamps="ended_at"),
    Transition(
        E.RESTORED_LOST, (), State.AMBIGUOUS, in_state(RowState.IN_DOUBT),
        stamps="ended_at", history=Kind.ANSWER_LOST,
    ),
    Transition(
        E.RESTORED_UNCLEAR, (), State.REVIEW, in_state(RowState.NEEDS_REVIEW),
        stamps="ended_at", history=Kind.ANSWER_LOST,
    ),
)  # fmt: skip
"""Those of a new attempt."""


# --- Deciding -----------------------------------------------------------------------------------------------


def decide(event: AttemptEvent, facts: Facts) -> Transition | None:
    for transition in TRANSITIONS:
        if transition.event == event and facts.state in transition.before:
            return transition if transition.only_if(facts) else None
    return None


def next_lookup_at(after: str, people: str, now: datetime) -> datetime | None:
    """When to read the provider's records for an attempt. None: there is nothing to find."""
    if after == State.AMBIGUOUS:
        return now + FIRST_LOOKUP_DELAY
    searched = after == State.REVIEW or (after == State.ABSENT and people in WAITING_STATES)
    return now + REVIEW_LOOKUP_INTERVAL if searched else None


def moved_columns(transition: Transition, people: str, now: datetime) -> dict[str, object]:
    columns: dict[str, object] = {"state": transition.after}
    if transition.stamps:
        columns[transition.stamps] = now
    if transition.after != State.RECONCILING:
        columns["next_lookup_at"] = next_lookup_at(transition.after, people, now)
    return columns


# --- Doing --------------------------------------------------------------------------------------------------


def begin(event: AttemptEvent, batch: Batch, campaign: Campaign, *, size: int, **fields: object) -> Attempt:
    """A new attempt. Call it as `apply`. Raises IntegrityError if the batch has a live attempt."""
    (transition,) = (one for one in BEGINNINGS if one.event == event)
    require(transition, campaign)
    facts = Facts("", batch.state, campaign.state, is_own=True, size=size, waiting=size, superseded=False)
    people, now = transition.people(facts), timezone.now()
    columns = moved_columns(transition, people, now) | fields
    attempt = Attempt.objects.create(batch=batch, sender=batch.sender, size=size, **columns)
    move_people(batch, RowState(batch.state), people, size, {})
    if transition.history:
        record(transition.history, attempt)
    return attempt


def apply(
    event: AttemptEvent,
    attempt_id: int,
    campaign: Campaign,
    fields: Mapping[str, object] | None = None,
    *,
    batch_fields: Mapping[str, object] | None = None,
    expected: str | None = None,
    actor: User | None = None,
) -> Transition | None:
    """Move an attempt, its batch and the counters. Returns what it did; None if it changed nothing.

    Call it inside a transaction that has locked the campaign; it does not commit, and writes nothing to the
    journal. `fields`, `batch_fields`: further columns. `expected`: the state that the caller has acted on.
    """
    attempt = Attempt.objects.select_related("batch").get(pk=attempt_id)
    facts = read_facts(attempt, campaign)
    transition = decide(event, facts)
    if transition is None or (expected is not None and facts.state != expected):
        return None
    require(transition, campaign)
    people, now = transition.people(facts), timezone.now()
    changes = moved_columns(transition, people, now) | dict(fields or {})
    if not bulk_sql.claim(Attempt.objects.filter(pk=attempt_id, state=facts.state), **changes):
        return None
    move_people(attempt.batch, stays(facts), people, facts.waiting, batch_fields or {})
    if transition.history:
        record(transition.history, attempt, actor=actor)
    return transition


def require(transition: Transition, campaign: Campaign) -> None:
    campaign.require_lock()
    if transition.durable and bulk_sql.is_relaxed():
        message = f"{transition.event} has to outlive a power cut"
        raise transaction.TransactionManagementError(message)


def read_facts(attempt: Attempt, campaign: Campaign) -> Facts:
    absent = attempt.state == State.ABSENT
    return Facts(
        state=attempt.state,
        batch_state=attempt.batch.state,
        campaign_state=campaign.state,
        is_own=attempt.owner == process_identity.current(),
        size=attempt.size,
        # Nobody leaves a batch while an attempt of it is live.
        waiting=Message.objects.waiting_in(attempt.batch).count() if absent else attempt.size,
        superseded=absent and is_superseded(attempt),
    )


def is_superseded(attempt: Attempt) -> bool:
    return Attempt.objects.filter(batch_id=attempt.batch_id).exclude(state__in=Attempt.DEAD).exists()


def is_requeued(attempt: Attempt) -> bool:
    """Whether the attempt was declared absent and its batch waits, with no newer attempt."""
    return (
        attempt.state == State.ABSENT and attempt.batch.state in WAITING_STATES and not is_superseded(attempt)
    )


def move_people(
    batch: Batch, source: RowState, target: RowState, count: int, batch_fields: Mapping[str, object]
) -> None:
    if source != target or batch_fields:
        changes = {"state": target.value, "hold_reason": ""} | dict(batch_fields)
        Batch.objects.filter(pk=batch.pk).update(**changes)
        batch.state = target.value
    counters.move(batch.campaign_id, source, target, count)


def record(kind: Kind, attempt: Attempt, *, actor: User | None = None, **data: object) -> None:
    """Write to the history of the attempt's campaign."""
    History.objects.record(
        kind,
        actor=actor,
        campaign=attempt.batch.campaign_id,
        batch=attempt.batch_id,
        attempt=attempt,
        number=attempt.batch.number,
        **data,
    )
