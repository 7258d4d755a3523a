"""Settles attempts whose process died, from the journal or after the lease."""

import logging

from django.db import DataError, IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from campaigns.models import Attempt, Campaign
from campaigns.runtime import process_identity
from campaigns.sending import attempts, journal, quarantine, restore_guard, transitions
from campaigns.sending.prepared import fingerprint
from campaigns.sending.transitions import AttemptEvent

log = logging.getLogger(__name__)


def suspects() -> QuerySet[Attempt]:
    """Attempts whose process may be dead, or whose answer may be in the journal."""
    open_here = Q(state__in=(Attempt.State.PREPARED, Attempt.State.SENDING))
    # Another machine, which has its own journal, put these in doubt.
    in_doubt = Q(state__in=Attempt.IN_DOUBT, problem_code__in=quarantine.OWNER_GONE_CODES)
    return Attempt.objects.filter(open_here | in_doubt)


def settle_orphans() -> int:
    """Settle attempts of dead processes. Returns how many.

    PREPARED was never sent, SENDING is in doubt. An attempt whose answer is in the journal is recorded as
    answered, even if its process is alive.
    """
    return sum(settle(attempt) for attempt in suspects().select_related("batch").order_by("id"))


def settle(attempt: Attempt) -> bool:
    answered = None if attempt.state == Attempt.State.PREPARED else journal_answer(attempt)
    if answered is not None and record(attempt, answered):
        return True
    started = attempt.sending_at or attempt.prepared_at
    alive = timezone.now() - started < attempts.LEASE and not process_identity.is_dead(attempt.owner)
    if alive or attempt.state in Attempt.IN_DOUBT:
        return False
    with transaction.atomic():
        campaign = Campaign.objects.locked(attempt.batch.campaign_id)
        code = "odd_answer" if answered else quarantine.owner_gone_code(attempt)
        settled = transitions.apply(
            AttemptEvent.OWNER_DIED, attempt.pk, campaign, {"problem_code": code}, expected=attempt.state
        )
        if settled and settled.after == Attempt.State.AMBIGUOUS:
            attempts.show_doubt(campaign.pk, attempt.batch_id)
        return settled is not None


def journal_answer(attempt: Attempt) -> journal.Answered | None:
    try:
        answered = journal.current().answer(restore_guard.installation_name(), attempt.pk)
    except OSError:
        log.exception("the journal cannot be read")
        return None
    return answered if answered and answered.payload == attempt.payload_hash else None


def record(attempt: Attempt, answered: journal.Answered) -> bool:
    """Record the answer as the dead process would have. False if it was recorded meanwhile, or cannot be."""
    prepared = attempts.as_prepared(
        attempt, attempt.batch.campaign_id, attempts.waiting_texts(attempt.batch_id)
    )
    if fingerprint(prepared.texts) != answered.payload:
        return False
    try:
        with transaction.atomic():
            event = AttemptEvent.ANSWER_IN_JOURNAL
            if not attempts.accept(prepared, answered.answer, answered.account, event=event):
                return False
            attempts.clear_doubt_notice(prepared.campaign_id)
    except (IntegrityError, DataError):
        log.exception("an answer of the journal cannot be recorded", extra={"attempt": attempt.pk})
        return False
    log.info("answer recorded from the journal", extra={"batch": prepared.batch_id})
    return True
