"""What became of a request whose answer was lost: read from the provider's own records, never guessed.

Found: the batch is adopted as if its answer had come. Absent, after two clean looks and the settle time: its
people wait again, or go to review if the campaign says so. Neither: a person decides. As long as people wait
again, a carrier may still work off what it had: the search goes on until they are handed over anew.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Attempt, Batch, Campaign, Event, Message, RowState
from campaigns.providers.base import Provider, ProviderError
from campaigns.providers.types import BatchState
from campaigns.reconciling.matching import Candidate, MatchResult, Verdict, match
from campaigns.runtime import leases
from campaigns.runtime.bulk_sql import claim
from campaigns.sending import attempts, counters, lifecycle, quarantine

log = logging.getLogger(__name__)

WINDOW = timedelta(hours=24)
"""Looked at before and after the request: wide, because the provider's clock may differ from ours."""
REQUEST_LIMIT = timedelta(seconds=120)
"""How long a request may have gone on after its process died."""
SEARCH_LIMIT = timedelta(hours=24)
"""A search that cannot be made for so long is handed to a person."""
REVIEW_SEARCH_LIMIT = timedelta(hours=72)


def due_attempts() -> list[int]:
    """Attempts whose next look is due."""
    looked_for = (*Attempt.SEARCHED, Attempt.State.ABSENT)
    waiting = Attempt.objects.filter(state__in=looked_for, next_look_at__lte=timezone.now())
    return list(waiting.order_by("next_look_at").values_list("id", flat=True)[:50])


def lease_name(attempt_id: int) -> str:
    """Held while the provider's records are read for an attempt, and while a person decides about it."""
    return f"reconcile {attempt_id}"


def lookup(attempt_id: int) -> MatchResult | None:
    """One look at the provider's records. None: nothing to look for, another is at it, or no answer."""
    with leases.hold(lease_name(attempt_id), seconds=600) as mine:
        if not mine:
            return None
        attempt = Attempt.objects.select_related("batch__campaign").get(pk=attempt_id)
        if attempt.state not in Attempt.SEARCHED and not attempts.is_requeued(attempt):
            later = (
                attempts.next_lookup_at(attempt.batch.state)
                if attempt.state == Attempt.State.ABSENT
                else None
            )
            Attempt.objects.filter(pk=attempt_id).update(next_look_at=later)
            return None
        claim(
            Attempt.objects.filter(pk=attempt_id, state=Attempt.State.AMBIGUOUS),
            state=Attempt.State.RECONCILING,
        )
        try:
            if registry.account() != attempt.account:
                _review_or_again(attempt, OTHER_ACCOUNT, code="other_account")
                return None
            verdict = _search(registry.provider(), attempt)
        except ProviderError as error:
            _unavailable(attempt, error)
            return None
        registry.note_success()
        _decide(attempt, verdict)
        return verdict.result


OTHER_ACCOUNT = (
    "The credentials open another account than the one that took it, whose records cannot be read."
)


def _payload(attempt: Attempt) -> dict[str, str]:
    """What the attempt held: the batch's messages that were not left out before it was prepared."""
    waiting = Message.objects.waiting_in(attempt.batch_id)
    return dict(waiting.values_list("to", "text"))


def _search(carrier: Provider, attempt: Attempt) -> Verdict:
    start = attempt.sending_at or attempt.prepared_at
    linked = set(
        Attempt.objects.filter(account=attempt.account)
        .exclude(provider_id="")
        .values_list("provider_id", flat=True)
    )
    texts = _payload(attempt)
    found = carrier.batches(
        date_from=start - WINDOW, date_to=timezone.now() + WINDOW, sender=attempt.sender, whole=True
    )
    seen, candidates = set(), []
    for batch in found:
        seen.add(batch.provider_id)
        if batch.provider_id not in linked:
            candidates.append(Candidate(batch, _contents(carrier, batch, start)))
    verdict = match(texts, candidates)
    if verdict.result is MatchResult.NO_MATCH and not records_are_current(attempt, start, seen):
        return Verdict(MatchResult.LAGGING)
    return verdict


def records_are_current(attempt: Attempt, start: datetime, seen: set[str]) -> bool:
    """Whether the records prove themselves: the batch that was confirmed last before this one is in them.

    True for a number that had none in the window; then a readable list has to do.
    """
    before = Attempt.objects.filter(
        account=attempt.account,
        sender=attempt.sender,
        state=Attempt.State.ACCEPTED,
        sending_at__lt=start,
        sending_at__gt=start - WINDOW,
    )
    last = before.order_by("-sending_at").values_list("provider_id", flat=True).first()
    return last is None or last in seen


def _contents(carrier: Provider, batch: BatchState, start: datetime) -> list[tuple[str, str]]:
    pages = carrier.messages(
        date_from=start - WINDOW,
        date_to=timezone.now() + WINDOW,
        batch_id=batch.provider_id,
        with_text=True,
        whole=True,
    )
    return [(item.to, item.text) for page in pages for item in page]


def _decide(attempt: Attempt, verdict: Verdict) -> None:
    if verdict.result is MatchResult.MATCHED and verdict.batch is not None:
        adopt(attempt, verdict.batch, verdict.missing)
    elif verdict.result is MatchResult.MULTIPLE:
        _alarm(attempt, verdict)
    elif verdict.result is MatchResult.UNCLEAR:
        sentence = "The provider has a batch for some of the same people, but it is not the same."
        _review_or_again(attempt, sentence, code="unclear", at_once=True)
    elif verdict.result is MatchResult.INCOMPLETE:
        sentence = "The provider is still working on a batch that may be this one."
        _review_or_again(attempt, sentence, code="unfinished")
    elif verdict.result is MatchResult.LAGGING:
        sentence = "The provider's records do not show a batch that it had confirmed before: they lag behind."
        _review_or_again(attempt, sentence, code="lagging")
    else:
        _not_found(attempt)


def _review_or_again(attempt: Attempt, sentence: str, *, code: str, at_once: bool = False) -> None:
    """Neither found nor absent. After a day, or at once if looking again cannot help, a person decides."""
    lost_at = attempt.ended_at or attempt.prepared_at
    tired = at_once or timezone.now() - lost_at > SEARCH_LIMIT
    if tired and attempt.state in Attempt.IN_DOUBT:
        send_to_review(attempt, sentence, code=code)
    else:
        _again(attempt, sentence, negatives=0, first_negative_at=None)


def _again(attempt: Attempt, note: str, **changes: object) -> None:
    gap = timedelta(seconds=settings.LOOK_GAP_SECONDS)
    when: datetime | None = timezone.now() + gap
    if attempt.state not in Attempt.IN_DOUBT:
        age = timezone.now() - (attempt.ended_at or attempt.prepared_at)
        when = None if age > REVIEW_SEARCH_LIMIT else timezone.now() + attempts.REVIEW_LOOKUP_INTERVAL
    same = Attempt.objects.filter(pk=attempt.pk)
    if attempt.state == Attempt.State.ABSENT:
        same.filter(state=attempt.state).update(next_look_at=when)  # the proof that was acted on stays told
        return
    same.filter(state__in=Attempt.SEARCHED).update(
        looks=attempt.looks + 1, looked_at=timezone.now(), next_look_at=when, note=note, **changes
    )


def _unavailable(attempt: Attempt, error: ProviderError) -> None:
    registry.note_failure(error)
    log.warning("records not readable", extra={"attempt": attempt.pk, "kind": error.kind, "code": error.code})
    _review_or_again(
        attempt, f"The provider's records could not be read. {error.sentence}", code="unreadable"
    )


def _not_found(attempt: Attempt) -> None:
    """A clean negative. Two of them, apart, after the settle time, are taken for absence."""
    now = timezone.now()
    first = attempt.first_negative_at or now
    apart = now - first >= timedelta(seconds=settings.LOOK_GAP_SECONDS)
    settled = now >= _may_have_ended(attempt) + timedelta(seconds=settings.SETTLE_SECONDS)
    if attempt.state in Attempt.IN_DOUBT and attempt.negatives >= 1 and apart and settled:
        absent(attempt)
        return
    note = "The provider's records show no such batch."
    _again(attempt, note, negatives=attempt.negatives + 1, first_negative_at=first)


def _may_have_ended(attempt: Attempt) -> datetime:
    ended = attempt.ended_at or attempt.prepared_at
    if attempt.problem_code in quarantine.OWNER_GONE_CODES and attempt.sending_at:
        return max(ended, attempt.sending_at + REQUEST_LIMIT)
    return ended


def _place(state: str, batch_id: int) -> RowState:
    """Where its people are counted."""
    if state == Attempt.State.ABSENT:
        return RowState(Batch.objects.values_list("state", flat=True).get(pk=batch_id))
    return RowState.NEEDS_REVIEW if state == Attempt.State.REVIEW else RowState.IN_DOUBT


@transaction.atomic
def adopt(attempt: Attempt, found: BatchState, missing: frozenset[str]) -> bool:
    """Its batch is there: link it, as its answer would have done."""
    campaign = Campaign.objects.locked(attempt.batch.campaign_id)
    now = timezone.now()
    before = Attempt.objects.values_list("state", flat=True).get(pk=attempt.pk)
    if before not in Attempt.SEARCHED and not attempts.is_requeued(attempt):
        return False
    place = _place(before, attempt.batch_id)
    same = Attempt.objects.filter(pk=attempt.pk, state=before)
    note = f"Found in the provider's records at look {attempt.looks + 1}."
    if not claim(
        same,
        state=Attempt.State.ACCEPTED,
        provider_id=found.provider_id,
        looks=attempt.looks + 1,
        looked_at=now,
        next_look_at=None,
        note=note,
    ):
        return False
    waiting = Message.objects.waiting_in(attempt.batch_id)
    held = waiting.count()
    refused = 0
    for to in missing:
        refused += waiting.filter(to=to).update(
            state=Message.State.REJECTED, error_code="rejected", changed_at=now
        )
    _link(attempt, found, now)
    counters.move(campaign.pk, place, RowState.REJECTED, refused)
    counters.move(campaign.pk, place, RowState.WITH_CARRIER, held - refused)
    Event.objects.create(campaign=campaign, verb="adopted", detail=f"batch {attempt.batch.number}")
    attempts.clear_doubt_notice(campaign.pk)
    return True


@transaction.atomic
def absent(attempt: Attempt) -> bool:
    """It never arrived. Its people wait again, or go to review if the campaign is strict."""
    campaign = Campaign.objects.locked(attempt.batch.campaign_id)
    sentence = (
        f"The provider's records show no such batch, looked at {attempt.looks + 1} times "
        f"over {settings.SETTLE_SECONDS / 60:.0f} minutes and more."
    )
    if campaign.if_absent == Campaign.IfAbsent.REVIEW:
        return send_to_review(attempt, sentence, code="absent")
    return release(attempt, Attempt.IN_DOUBT, sentence)


@transaction.atomic
def release(attempt: Attempt, states: tuple[str, ...], sentence: str) -> bool:
    """Declare it absent: the batch waits again, or stays held if its campaign is."""
    campaign = Campaign.objects.locked(attempt.batch.campaign_id)
    before = Attempt.objects.filter(pk=attempt.pk, state__in=states).values_list("state", flat=True).first()
    same = Attempt.objects.filter(pk=attempt.pk, state=before or "")
    target = lifecycle.state_after_return(campaign)
    if not claim(
        same,
        state=Attempt.State.ABSENT,
        looks=attempt.looks + 1,
        looked_at=timezone.now(),
        next_look_at=attempts.next_lookup_at(target),
        note=sentence,
    ):
        return False
    place = _place(before or "", attempt.batch_id)
    Batch.objects.filter(pk=attempt.batch_id).update(state=target.value)
    waiting = Message.objects.waiting_in(attempt.batch_id).count()
    counters.move(campaign.pk, place, target, waiting)
    Event.objects.create(campaign=campaign, verb="absent", detail=f"batch {attempt.batch.number}")
    attempts.clear_doubt_notice(campaign.pk)
    return True


@transaction.atomic
def send_to_review(attempt: Attempt, sentence: str, *, code: str) -> bool:
    """Nobody can prove either: a person decides. The sender is free again; the search goes on."""
    campaign = Campaign.objects.locked(attempt.batch.campaign_id)
    same = Attempt.objects.filter(pk=attempt.pk, state__in=Attempt.IN_DOUBT)
    if not claim(
        same,
        state=Attempt.State.REVIEW,
        looks=attempt.looks + 1,
        looked_at=timezone.now(),
        next_look_at=timezone.now() + attempts.REVIEW_LOOKUP_INTERVAL,
        problem_code=code,
        note=sentence,
    ):
        return False
    Batch.objects.filter(pk=attempt.batch_id).update(state=Batch.State.NEEDS_REVIEW)
    waiting = Message.objects.waiting_in(attempt.batch_id).count()
    counters.move(campaign.pk, RowState.IN_DOUBT, RowState.NEEDS_REVIEW, waiting)
    Event.objects.create(campaign=campaign, verb="needs_review", detail=f"batch {attempt.batch.number}")
    attempts.clear_doubt_notice(campaign.pk)
    return True


def _link(attempt: Attempt, found: BatchState, now: datetime) -> None:
    Batch.objects.filter(pk=attempt.batch_id).update(
        state=Batch.State.ACCEPTED,
        account=attempt.account,
        provider_id=found.provider_id,
        remote_status=found.status,
        remote_size=found.batch_size,
        processed_count=found.processed_count,
        accepted_at=attempt.sending_at or now,
        remote_created_at=found.created_at or now,
        next_poll_at=now,
    )


def _alarm(attempt: Attempt, verdict: Verdict) -> None:
    """Our texts stand there more than once. The earliest is ours; the rest is said aloud."""
    if verdict.batch is not None and adopt(attempt, verdict.batch, verdict.missing):
        log.error("possible double at the provider", extra={"attempt": attempt.pk, "others": verdict.others})
        Event.objects.create(
            campaign_id=attempt.batch.campaign_id,
            verb="possible_double",
            detail=f"batch {attempt.batch.number}: the provider also has {', '.join(verdict.others)}",
        )
