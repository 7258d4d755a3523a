"""Quarantine for poison batches: those with which one process after another died.

A quarantined batch counts as held, and the others go on. It is tried again when its campaign is resumed or a
person releases it.
"""

import logging

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet

from campaigns.models import Attempt, Batch, Campaign, History, Message, RowState
from campaigns.sending import counters

log = logging.getLogger(__name__)

MAX_DEATHS = 3
OWNER_GONE, OWNER_GONE_BESIDE = "owner_gone", "owner_gone_beside"
"""Problem codes of an attempt whose process died; the second one if another batch was in flight, which is the
more likely cause."""
OWNER_GONE_CODES = (OWNER_GONE, OWNER_GONE_BESIDE)


def withhold_if_poison(batch: Batch) -> bool:
    """True if a queued batch is a poison batch; it is quarantined then. Call with its campaign locked."""
    if deaths(batch) < MAX_DEATHS:
        return False
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.HELD, hold_reason=Batch.HoldReason.QUARANTINE)
    counters.move(
        batch.campaign_id, RowState.QUEUED, RowState.HELD, Message.objects.waiting_in(batch).count()
    )
    History.objects.record(
        History.Kind.BATCH_QUARANTINED,
        campaign=batch.campaign_id,
        batch=batch,
        number=batch.number,
        deaths=MAX_DEATHS,
    )
    log.error("batch quarantined", extra={"batch": batch.pk, "deaths": MAX_DEATHS})
    return True


def deaths(batch: Batch) -> int:
    """Processes that died while they had it, since it was last released."""
    orphaned = Attempt.objects.filter(batch=batch, problem_code=OWNER_GONE)
    count = orphaned.count()
    if count < MAX_DEATHS:
        return count
    released = History.objects.filter(batch_id=batch.pk, kind=History.Kind.BATCH_RELEASED).first()
    return orphaned.filter(prepared_at__gt=released.at).count() if released else count


def record_release(batch: Batch, user: User | None) -> None:
    History.objects.record(
        History.Kind.BATCH_RELEASED,
        actor=user,
        campaign=batch.campaign_id,
        batch=batch,
        number=batch.number,
    )


def owner_gone_code(attempt: Attempt) -> str:
    sent_before = Attempt.objects.filter(owner=attempt.owner, pk__lt=attempt.pk, sending_at__isnull=False)
    other_in_flight = sent_before.filter(Q(ended_at=None) | Q(ended_at__gt=attempt.prepared_at)).exists()
    return OWNER_GONE_BESIDE if other_in_flight else OWNER_GONE


def quarantined(campaign_id: int) -> QuerySet[Batch]:
    held = Batch.objects.filter(campaign_id=campaign_id, hold_reason=Batch.HoldReason.QUARANTINE)
    return held.order_by("number")


def hold_if_only_quarantined_left(campaign_id: int) -> bool:
    reason = Campaign.HoldReason.QUARANTINE
    held = quarantined(campaign_id).exists() and Campaign.objects.sending(campaign_id).update(
        state=Campaign.State.HELD, hold_reason=reason, wait_reason="", wait_data={}
    )
    if held:
        History.objects.record(History.Kind.HELD, campaign=campaign_id, reason=reason.value)
    return bool(held)


@transaction.atomic
def release(campaign_id: int, *, user: User) -> int:
    """Requeue the quarantined batches of a sending campaign. Returns how many there were.

    Those of a held campaign are requeued by `lifecycle.resume`.
    """
    campaign = Campaign.objects.locked(campaign_id)
    if campaign.state != Campaign.State.SENDING:
        return 0
    batches = list(quarantined(campaign_id))
    for batch in batches:
        Batch.objects.filter(pk=batch.pk).update(state=Batch.State.QUEUED, hold_reason="")
        record_release(batch, user)
        waiting = Message.objects.waiting_in(batch).count()
        counters.move(campaign_id, RowState.HELD, RowState.QUEUED, waiting)
    return len(batches)
