"""Attempts whose process is gone: what the journal or the lease says of them."""

from __future__ import annotations

import logging

from django.db import DataError, IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from campaigns.models import Attempt, Campaign, Event
from campaigns.runtime import process_identity
from campaigns.runtime.bulk_sql import claim
from campaigns.sending import attempts, journal, quarantine, restore_guard
from campaigns.sending.prepared import fingerprint

log = logging.getLogger(__name__)


def settle_orphans() -> int:
    """Attempts whose process is gone: PREPARED was never sent, SENDING is in doubt. Returns how many.

    One whose answer is in the journal is recorded as answered, even if its process lives.
    """
    unended = Q(state__in=(Attempt.State.PREPARED, Attempt.State.SENDING))
    # Given up by another machine, which has another journal.
    elsewhere = Q(state__in=Attempt.IN_DOUBT, problem_code__in=quarantine.OWNER_GONE_CODES)
    found = Attempt.objects.filter(unended | elsewhere).select_related("batch").order_by("id")
    return sum(_settle(attempt) for attempt in found)


def _settle(attempt: Attempt) -> bool:
    told = None if attempt.state == Attempt.State.PREPARED else _told(attempt)
    if told is not None and _record(attempt, told):
        return True
    started = attempt.sending_at or attempt.prepared_at
    alive = timezone.now() - started < attempts.LEASE and not process_identity.is_dead(attempt.owner)
    if alive or attempt.state in Attempt.IN_DOUBT:
        return False
    with transaction.atomic():
        Campaign.objects.locked(attempt.batch.campaign_id)
        code = "odd_answer" if told else quarantine.owner_gone_code(attempt)
        gone: dict[str, object] = {"ended_at": timezone.now(), "problem_code": code}
        same = Attempt.objects.filter(pk=attempt.pk, state=attempt.state)
        if attempt.state == Attempt.State.PREPARED:
            return claim(same, state=Attempt.State.NOT_SENT, **gone)
        look = timezone.now() + attempts.FIRST_LOOKUP_DELAY
        if not claim(same, state=Attempt.State.AMBIGUOUS, next_look_at=look, **gone):
            return False
        attempts.mark_batch_in_doubt(attempt.batch.campaign_id, attempt.batch_id, attempt.size)
        return True


def _told(attempt: Attempt) -> journal.Answered | None:
    """What the provider answered to it, if this machine's journal knows."""
    try:
        told = journal.current().answer(restore_guard.installation_name(), attempt.pk)
    except OSError:
        log.exception("the journal cannot be read")
        return None
    return told if told and told.payload == attempt.payload_sha256 else None


def _record(attempt: Attempt, told: journal.Answered) -> bool:
    """As its process would have done. False if it was recorded meanwhile, or cannot be."""
    prepared = attempts.as_prepared(
        attempt, attempt.batch.campaign_id, attempts.waiting_texts(attempt.batch_id)
    )
    if fingerprint(prepared.texts) != told.payload:
        return False
    try:
        with transaction.atomic():
            attempts.accept(prepared, told.answer, told.account)
            if not Attempt.objects.filter(pk=attempt.pk, state=Attempt.State.ACCEPTED).exists():
                return False
            detail = f"batch {attempt.batch.number}"
            Event.objects.create(campaign_id=prepared.campaign_id, verb="adopted_from_journal", detail=detail)
            attempts.clear_doubt_notice(prepared.campaign_id)
    except (IntegrityError, DataError):
        log.exception("an answer of the journal cannot be recorded", extra={"attempt": attempt.pk})
        return False
    log.info("answer recorded from the journal", extra={"batch": prepared.batch_id})
    return True
