"""Reconciles an attempt whose answer was lost with the provider's own records.

A batch that matches is adopted as if its answer had come. After two clean misses and the settle time the
attempt is absent: its people wait again, or go to review if the campaign wants that. Otherwise a person
decides. While people wait again, lookups go on, because the carrier may still process the lost request.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Attempt, Campaign, History, Message, RowState
from campaigns.providers.base import Provider, ProviderError
from campaigns.providers.types import JSON, BatchState
from campaigns.reconciling.matching import Candidate, MatchResult, Verdict, match
from campaigns.runtime import leases
from campaigns.sending import attempts, counters, quarantine, transitions
from campaigns.sending.transitions import AttemptEvent

Note = Attempt.Note

log = logging.getLogger(__name__)

WINDOW = timedelta(hours=24)
"""Searched before and after the request. Wide, because the provider's clock may differ."""
REQUEST_LIMIT = timedelta(seconds=120)
"""A request may go on for this long after its process died."""
SEARCH_LIMIT = timedelta(hours=24)
"""An attempt still in doubt after this goes to a person."""
REVIEW_SEARCH_LIMIT = timedelta(hours=72)


def due(now: datetime) -> QuerySet[Attempt]:
    searched = (*Attempt.SEARCHED, Attempt.State.ABSENT)
    return Attempt.objects.filter(state__in=searched, next_lookup_at__lte=now)


def due_attempts() -> list[int]:
    """Ids, the longest overdue first."""
    return list(due(timezone.now()).order_by("next_lookup_at").values_list("id", flat=True)[:50])


def lease_name(attempt_id: int) -> str:
    """The lease of a lookup, and of a person's decision about the attempt."""
    return f"reconcile {attempt_id}"


def lookup(attempt_id: int) -> MatchResult | None:
    """Read the provider's records once and act on them.

    None: the attempt is settled, another process looks it up, or the records could not be read.
    """
    with leases.hold(lease_name(attempt_id), seconds=600) as acquired:
        if not acquired:
            return None
        attempt = Attempt.objects.select_related("batch__campaign").get(pk=attempt_id)
        if attempt.state not in Attempt.SEARCHED and not transitions.is_requeued(attempt):
            next_lookup = transitions.next_lookup_at(attempt.state, attempt.batch.state, timezone.now())
            Attempt.objects.filter(pk=attempt_id).update(next_lookup_at=next_lookup)
            return None
        begin_lookup(attempt)
        account = None
        try:
            account = registry.reach(attempt.account)
            if account is None:
                review_or_retry(attempt, Note.OTHER_ACCOUNT)
                return None
            verdict = search_records(account.provider, attempt)
        except ProviderError as error:
            if account is not None:
                account.record_failure(error)
            log.warning(
                "records not readable", extra={"attempt": attempt.pk, "kind": error.kind, "code": error.code}
            )
            review_or_retry(attempt, Note.UNREADABLE, error.as_json())
            return None
        account.record_success()
        act_on(attempt, verdict)
        return verdict.result


@transaction.atomic
def begin_lookup(attempt: Attempt) -> None:
    campaign = Campaign.objects.locked(attempt.batch.campaign_id)
    transitions.apply(AttemptEvent.LOOKUP_BEGUN, attempt.pk, campaign)


def search_records(carrier: Provider, attempt: Attempt) -> Verdict:
    start = attempt.sending_at or attempt.prepared_at
    linked = set(
        Attempt.objects.filter(account=attempt.account)
        .exclude(provider_id="")
        .values_list("provider_id", flat=True)
    )
    # Excluded messages have a state of their own, so these are the texts of the request.
    texts = dict(Message.objects.waiting_in(attempt.batch_id).values_list("to", "text"))
    listed = carrier.batches(
        date_from=start - WINDOW, date_to=timezone.now() + WINDOW, sender=attempt.sender, whole=True
    )
    seen, candidates = set(), []
    for batch in listed:
        seen.add(batch.provider_id)
        if batch.provider_id not in linked:
            candidates.append(Candidate(batch, read_contents(carrier, batch, start)))
    verdict = match(texts, candidates)
    if verdict.result is MatchResult.NO_MATCH and not records_are_current(attempt, start, seen):
        return Verdict(MatchResult.LAGGING)
    return verdict


def records_are_current(attempt: Attempt, start: datetime, seen: set[str]) -> bool:
    """Whether the records contain the batch that was confirmed last before this attempt.

    True if the number had no confirmed batch in the window; then any readable list counts.
    """
    confirmed = Attempt.objects.filter(
        account=attempt.account,
        sender=attempt.sender,
        state=Attempt.State.ACCEPTED,
        sending_at__lt=start,
        sending_at__gt=start - WINDOW,
    )
    last = confirmed.order_by("-sending_at").values_list("provider_id", flat=True).first()
    return last is None or last in seen


def read_contents(carrier: Provider, batch: BatchState, start: datetime) -> list[tuple[str, str]]:
    pages = carrier.messages(
        date_from=start - WINDOW,
        date_to=timezone.now() + WINDOW,
        batch_id=batch.provider_id,
        with_text=True,
        whole=True,
    )
    return [(item.to, item.text) for page in pages for item in page]


def act_on(attempt: Attempt, verdict: Verdict) -> None:
    if verdict.result is MatchResult.MATCHED and verdict.batch is not None:
        adopt(attempt, verdict.batch, verdict.missing)
    elif verdict.result is MatchResult.MULTIPLE:
        adopt_first(attempt, verdict)
    elif verdict.result is MatchResult.UNCLEAR:
        review_or_retry(attempt, Note.UNCLEAR, at_once=True)
    elif verdict.result is MatchResult.INCOMPLETE:
        review_or_retry(attempt, Note.UNFINISHED)
    elif verdict.result is MatchResult.LAGGING:
        review_or_retry(attempt, Note.LAGGING)
    else:
        record_clean_miss(attempt)


def review_or_retry(attempt: Attempt, note: Note, data: JSON | None = None, *, at_once: bool = False) -> None:
    """Nothing is proved. Look up again; after SEARCH_LIMIT, or `at_once`, a person decides."""
    lost_at = attempt.ended_at or attempt.prepared_at
    gives_up = at_once or timezone.now() - lost_at > SEARCH_LIMIT
    if gives_up and attempt.state in Attempt.IN_DOUBT:
        send_to_review(attempt, note, data)
    else:
        schedule_lookup(attempt, looked(attempt, note, data), clean_misses=0, first_miss_at=None)


def schedule_lookup(attempt: Attempt, fields: JSON, **changes: object) -> None:
    interval = timedelta(seconds=settings.LOOK_GAP_SECONDS)
    next_lookup: datetime | None = timezone.now() + interval
    if attempt.state not in Attempt.IN_DOUBT:
        age = timezone.now() - (attempt.ended_at or attempt.prepared_at)
        next_lookup = (
            None if age > REVIEW_SEARCH_LIMIT else timezone.now() + transitions.REVIEW_LOOKUP_INTERVAL
        )
    row = Attempt.objects.filter(pk=attempt.pk)
    if attempt.state == Attempt.State.ABSENT:
        # Its note and lookups are the proof that was acted on, so they stay.
        row.filter(state=attempt.state).update(next_lookup_at=next_lookup)
        return
    row.filter(state__in=Attempt.SEARCHED).update(next_lookup_at=next_lookup, **fields, **changes)


def record_clean_miss(attempt: Attempt) -> None:
    """Two clean misses, apart, the second after the settle time, prove absence."""
    now = timezone.now()
    first = attempt.first_miss_at or now
    apart = now - first >= timedelta(seconds=settings.LOOK_GAP_SECONDS)
    settled = now >= latest_request_end(attempt) + timedelta(seconds=settings.SETTLE_SECONDS)
    if attempt.state in Attempt.IN_DOUBT and attempt.clean_misses >= 1 and apart and settled:
        declare_absent(attempt)
        return
    fields = looked(attempt, Note.MISSED)
    schedule_lookup(attempt, fields, clean_misses=attempt.clean_misses + 1, first_miss_at=first)


def latest_request_end(attempt: Attempt) -> datetime:
    ended = attempt.ended_at or attempt.prepared_at
    if attempt.problem_code in quarantine.OWNER_GONE_CODES and attempt.sending_at:
        return max(ended, attempt.sending_at + REQUEST_LIMIT)
    return ended


@transaction.atomic
def adopt(attempt: Attempt, remote: BatchState, missing: frozenset[str]) -> bool:
    """Link the attempt to the provider's batch, as if its answer had come; `missing` were rejected."""
    campaign = Campaign.objects.locked(attempt.batch.campaign_id)
    now = timezone.now()
    lookups = {"lookups": attempt.lookup_count + 1}
    fields = {"provider_id": remote.provider_id, **looked(attempt, Note.FOUND, lookups)}
    batch_fields = link_fields(attempt, remote, now)
    if not transitions.apply(AttemptEvent.FOUND, attempt.pk, campaign, fields, batch_fields=batch_fields):
        return False
    waiting = Message.objects.waiting_in(attempt.batch_id)
    refused = 0
    for to in missing:
        refused += waiting.filter(to=to).update(
            state=Message.State.REJECTED, error_code="rejected", changed_at=now
        )
    counters.move(campaign.pk, RowState.WITH_CARRIER, RowState.REJECTED, refused)
    attempts.clear_doubt_notice(campaign.pk)
    return True


@transaction.atomic
def declare_absent(attempt: Attempt) -> bool:
    """Its people wait again, or go to review if the campaign is strict."""
    campaign = Campaign.objects.locked(attempt.batch.campaign_id)
    proof: JSON = {"lookups": attempt.lookup_count + 1, "minutes": round(settings.SETTLE_SECONDS / 60)}
    if campaign.on_not_found == Campaign.OnNotFound.REVIEW:
        return send_to_review(attempt, Note.ABSENT, proof)
    if not transitions.apply(AttemptEvent.ABSENT, attempt.pk, campaign, looked(attempt, Note.ABSENT, proof)):
        return False
    attempts.clear_doubt_notice(campaign.pk)
    return True


@transaction.atomic
def send_to_review(attempt: Attempt, note: Note, data: JSON | None = None) -> bool:
    """Nothing can be proved, so a person decides. The sender is free again; lookups go on."""
    campaign = Campaign.objects.locked(attempt.batch.campaign_id)
    fields = {"problem_code": note, **looked(attempt, note, data)}
    if not transitions.apply(AttemptEvent.UNPROVED, attempt.pk, campaign, fields):
        return False
    attempts.clear_doubt_notice(campaign.pk)
    return True


def looked(attempt: Attempt, note: Note, data: JSON | None = None) -> JSON:
    return {
        "lookup_count": attempt.lookup_count + 1,
        "last_lookup_at": timezone.now(),
        "note": note,
        "note_data": data or {},
    }


def link_fields(attempt: Attempt, remote: BatchState, now: datetime) -> dict[str, object]:
    return {
        "account": attempt.account,
        "provider_id": remote.provider_id,
        "provider_status": remote.status,
        "provider_size": remote.batch_size,
        "processed_count": remote.processed_count,
        "accepted_at": attempt.sending_at or now,
        "provider_created_at": remote.created_at or now,
        "next_poll_at": now,
    }


def adopt_first(attempt: Attempt, verdict: Verdict) -> None:
    """The provider has the texts more than once: adopt the earliest batch, raise the alarm for the others."""
    if verdict.batch is not None and adopt(attempt, verdict.batch, verdict.missing):
        log.error("possible double at the provider", extra={"attempt": attempt.pk, "others": verdict.others})
        others = list(verdict.others)
        transitions.record(History.Kind.POSSIBLE_DOUBLE, attempt, provider_ids=others)
