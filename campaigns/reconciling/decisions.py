"""What a person decides about texts of which nobody can prove whether the provider took them.

The search goes on while they wait, and a proof always wins: every decision is a compare-and-set on REVIEW,
made while nobody looks at the provider's records for it.
"""

from __future__ import annotations

from enum import StrEnum

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from campaigns.models import Attempt, Batch, Campaign, Event, Message, RowState
from campaigns.reconciling import search
from campaigns.runtime import leases
from campaigns.runtime.bulk_sql import claim
from campaigns.sending import attempts, counters, lifecycle


class Decision(StrEnum):
    SEND = "send"
    """They never arrived: hand them over (or, if the campaign was cancelled, settle them as not sent)."""
    MARK = "mark"
    """They went out, though the provider never confirmed it."""
    LEAVE = "leave"
    """Somebody looked and would rather wait."""


class DecisionResult(StrEnum):
    DONE = "done"
    ADOPTED = "adopted"
    """The search found the batch first."""
    DECIDED = "decided"
    """Somebody decided before."""
    BUSY = "busy"
    """The provider's records are being read for it at this very moment."""
    SEARCHING = "searching"
    """It is still searched for: there is nothing to decide yet."""


VERBS = {
    Decision.SEND: "review_send",
    Decision.MARK: "review_marked_sent",
    Decision.LEAVE: "review_left",
}


def awaiting_decision() -> QuerySet[Attempt]:
    """Attempts that need a decision, the oldest first."""
    return _with_campaign().filter(state=Attempt.State.REVIEW)


def searching() -> QuerySet[Attempt]:
    """Attempts that are searched for and need nobody yet."""
    return _with_campaign().filter(state__in=Attempt.IN_DOUBT)


def _with_campaign() -> QuerySet[Attempt]:
    return Attempt.objects.select_related("batch__campaign").order_by("id")


def last_postponed(attempt: Attempt) -> Event | None:
    """Who left it as it is, and when, last."""
    return _lefts(attempt).select_related("actor").first()


def decision(attempt: Attempt) -> Event | None:
    """Who decided what had become of it, and when; None if nobody did, as it was proved or is open."""
    decided = (VERBS[Decision.SEND], VERBS[Decision.MARK])
    of_campaign = Event.objects.filter(campaign=attempt.batch.campaign, verb__in=decided)
    return of_campaign.filter(detail=_detail(attempt)).select_related("actor").first()


def _lefts(attempt: Attempt) -> QuerySet[Event]:
    return Event.objects.filter(
        campaign=attempt.batch.campaign,
        verb=VERBS[Decision.LEAVE],
        detail=_detail(attempt),
        at__gte=attempt.ended_at or attempt.prepared_at,
    )


def _detail(attempt: Attempt) -> str:
    return f"batch {attempt.batch.number}, attempt {attempt.pk}"


def decide(attempt: Attempt, decision: Decision, *, user: User) -> DecisionResult:
    """Carry a decision out, once. A second press, another person or the search may have been first."""
    if decision is Decision.LEAVE:
        return _leave(attempt, user)
    with leases.hold(search.lease_name(attempt.pk), seconds=60) as mine:
        if not mine:
            return DecisionResult.BUSY
        done = _send(attempt, user) if decision is Decision.SEND else _mark(attempt, user)
    return DecisionResult.DONE if done else why_not(attempt)


def why_not(attempt: Attempt) -> DecisionResult:
    """Why nothing can be decided about it now."""
    state = Attempt.objects.values_list("state", flat=True).get(pk=attempt.pk)
    if state == Attempt.State.ACCEPTED:
        return DecisionResult.ADOPTED
    if state in Attempt.OPEN:
        return DecisionResult.SEARCHING
    return DecisionResult.DECIDED


@transaction.atomic
def _leave(attempt: Attempt, user: User) -> DecisionResult:
    Campaign.objects.locked(attempt.batch.campaign_id)
    if not Attempt.objects.filter(pk=attempt.pk, state=Attempt.State.REVIEW).exists():
        return why_not(attempt)
    if _lefts(attempt).filter(actor=user).exists():
        return DecisionResult.DECIDED
    _write_down(attempt, Decision.LEAVE, user)
    return DecisionResult.DONE


@transaction.atomic
def _send(attempt: Attempt, user: User) -> bool:
    campaign = Campaign.objects.locked(attempt.batch.campaign_id)
    note = f"{user} decided {_now()} that it never arrived."
    return _settle(
        attempt, Attempt.State.ABSENT, lifecycle.state_after_return(campaign), note
    ) and _write_down(attempt, Decision.SEND, user)


@transaction.atomic
def _mark(attempt: Attempt, user: User) -> bool:
    Campaign.objects.locked(attempt.batch.campaign_id)
    note = f"Marked as sent by {user} {_now()}."
    settled = _settle(attempt, Attempt.State.MARKED_SENT, RowState.MARKED_SENT, note)
    return settled and _write_down(attempt, Decision.MARK, user)


def _settle(attempt: Attempt, state: Attempt.State, place: RowState, note: str) -> bool:
    in_review = Attempt.objects.filter(pk=attempt.pk, state=Attempt.State.REVIEW)
    look = attempts.next_lookup_at(place) if state == Attempt.State.ABSENT else None
    if not claim(in_review, state=state, next_look_at=look, note=note):
        return False
    Batch.objects.filter(pk=attempt.batch_id).update(state=place.value)
    people = Message.objects.waiting_in(attempt.batch_id).count()
    counters.move(attempt.batch.campaign_id, RowState.NEEDS_REVIEW, place, people)
    return True


def _write_down(attempt: Attempt, decision: Decision, user: User) -> bool:
    Event.objects.create(
        campaign=attempt.batch.campaign, actor=user, verb=VERBS[decision], detail=_detail(attempt)
    )
    return True


def _now() -> str:
    now = timezone.localtime()
    return f"on {now:%b} {now.day} at {now:%H:%M %Z}"
