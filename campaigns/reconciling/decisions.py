"""A person's decisions about attempts of which nobody can prove what became of them.

Lookups go on while an attempt waits for a decision, and a proof always wins: each decision is a
compare-and-set on REVIEW, made while no lookup of the attempt runs.
"""

from enum import StrEnum

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from campaigns.models import Attempt, Campaign, History
from campaigns.reconciling import search
from campaigns.runtime import leases
from campaigns.sending import transitions
from campaigns.sending.transitions import AttemptEvent


class Decision(StrEnum):
    SEND = "send"
    """The texts never arrived: send them (or, if the campaign was cancelled, count them as not sent)."""
    MARK = "mark"
    """The texts were sent, though the provider never confirmed it."""
    LEAVE = "leave"
    """Postpone the decision."""


class DecisionResult(StrEnum):
    DONE = "done"
    ADOPTED = "adopted"
    """A lookup had adopted the batch first."""
    DECIDED = "decided"
    """Somebody had decided first."""
    BUSY = "busy"
    """A lookup of the attempt is running."""
    SEARCHING = "searching"
    """The attempt is still in doubt: there is nothing to decide yet."""


DECIDED = (History.Kind.REVIEW_SEND, History.Kind.REVIEW_MARKED_SENT)


def awaiting_decision() -> QuerySet[Attempt]:
    return with_campaigns().filter(state=Attempt.State.REVIEW)


def searching() -> QuerySet[Attempt]:
    """Attempts in doubt that need no decision yet."""
    return with_campaigns().filter(state__in=Attempt.IN_DOUBT)


def with_campaigns() -> QuerySet[Attempt]:
    return Attempt.objects.select_related("batch__campaign").order_by("id")


def last_postponed(attempt: Attempt) -> History | None:
    return postponements(attempt).first()


def decision(attempt: Attempt) -> History | None:
    """The record of the decision; None if a proof settled the attempt, or it is open."""
    return History.objects.filter(attempt_id=attempt.pk, kind__in=DECIDED).first()


def postponements(attempt: Attempt) -> QuerySet[History]:
    return History.objects.filter(
        attempt_id=attempt.pk,
        kind=History.Kind.REVIEW_POSTPONED,
        at__gte=attempt.ended_at or attempt.prepared_at,
    )


def decide(attempt: Attempt, decision: Decision, *, user: User) -> DecisionResult:
    """Apply a decision once. A second press, another person or a lookup may have been first."""
    if decision is Decision.LEAVE:
        return postpone(attempt, user)
    with leases.hold(search.lease_name(attempt.pk), seconds=60) as acquired:
        if not acquired:
            return DecisionResult.BUSY
        done = requeue(attempt, user) if decision is Decision.SEND else mark_sent(attempt, user)
    return DecisionResult.DONE if done else why_not(attempt)


def why_not(attempt: Attempt) -> DecisionResult:
    state = Attempt.objects.values_list("state", flat=True).get(pk=attempt.pk)
    if state == Attempt.State.ACCEPTED:
        return DecisionResult.ADOPTED
    if state in Attempt.OPEN:
        return DecisionResult.SEARCHING
    return DecisionResult.DECIDED


@transaction.atomic
def postpone(attempt: Attempt, user: User) -> DecisionResult:
    Campaign.objects.locked(attempt.batch.campaign_id)
    if not Attempt.objects.filter(pk=attempt.pk, state=Attempt.State.REVIEW).exists():
        return why_not(attempt)
    if postponements(attempt).filter(actor_id=user.pk).exists():
        return DecisionResult.DECIDED
    transitions.record(History.Kind.REVIEW_POSTPONED, attempt, actor=user)
    return DecisionResult.DONE


@transaction.atomic
def requeue(attempt: Attempt, user: User) -> bool:
    return settle(AttemptEvent.PERSON_SENDS, attempt, user, Attempt.Note.NEVER_ARRIVED)


@transaction.atomic
def mark_sent(attempt: Attempt, user: User) -> bool:
    return settle(AttemptEvent.PERSON_MARKS_SENT, attempt, user, Attempt.Note.MARKED_SENT)


def settle(event: AttemptEvent, attempt: Attempt, user: User, note: Attempt.Note) -> bool:
    campaign = Campaign.objects.locked(attempt.batch.campaign_id)
    fields = {"note": note, "note_data": {"actor": str(user), "at": timezone.now().isoformat()}}
    return transitions.apply(event, attempt.pk, campaign, fields, actor=user) is not None
