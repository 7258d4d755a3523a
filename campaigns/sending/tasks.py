"""The task that advances a campaign: freezes its rows, then submits its batches."""

import time
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django_tasks import task

from campaigns.models import Campaign, Lease
from campaigns.runtime import leases, shutdown
from campaigns.runtime.bulk_sql import claim
from campaigns.runtime.wakeups import TIME_SLICE_SECONDS, URGENT, WAKE_LOST_AFTER, exists
from campaigns.sending import dispatch, launch
from campaigns.sending.steps import Step, StepResult

BLOCKED_FOR = 15.0  # seconds
ADVANCE = "advance "
"""Prefix of the lease under which a campaign advances; its id follows."""
ADVANCE_LEASE = 300.0
"""Seconds after which another worker takes over a campaign from one that hangs."""


@task(priority=URGENT)
def advance(campaign_id: int) -> None:
    with leases.hold(f"{ADVANCE}{campaign_id}", seconds=ADVANCE_LEASE) as acquired:
        if not acquired:
            return
        # Stays after an exception: the task counts as lost, so it is repeated after a while, not at once.
        claimed_at: datetime | None = timezone.now()
        try:
            end = time.monotonic() + TIME_SLICE_SECONDS
            submit_batches(dispatch.Pipeline(campaign_id), end, prepare_next=False)
            claimed_at = None
        finally:
            Campaign.objects.filter(pk=campaign_id).update(claimed_at=claimed_at)


def submit_batches(pipeline: dispatch.Pipeline, end: float, *, prepare_next: bool) -> Step:
    """Freeze the campaign, then submit its batches, until one has to wait or the monotonic clock reads `end`.

    Returns the last step.
    """
    step = Step(StepResult.WAIT)
    while time.monotonic() < end and not shutdown.requested.is_set():
        if not launch.freeze(pipeline.campaign_id, stop_after=1):
            continue
        step = pipeline.step(prepare_next=prepare_next)
        if not may_continue(pipeline.campaign_id, step):
            break
    return step


def may_continue(campaign_id: int, step: Step) -> bool:
    """Whether the next batch may be tried in the same time slice. If not now, schedules when."""
    if step.result == StepResult.DONE:
        return False
    seconds = BLOCKED_FOR if step.result == StepResult.BLOCKED else step.seconds
    if seconds > 0:
        # The delay is stored, not slept: others need this worker.
        when = timezone.now() + timedelta(seconds=seconds)
        earlier = Q(next_retry_at=None) | Q(next_retry_at__lt=when)
        sending = Campaign.objects.sending(campaign_id)
        sending.filter(earlier).update(next_retry_at=when)
    return seconds <= 0


def due_campaigns(now: datetime) -> QuerySet[Campaign]:
    due = Q(send_at=None) | Q(send_at__lte=now)
    due &= Q(undo_until=None) | Q(undo_until__lte=now)
    due &= Q(next_retry_at=None) | Q(next_retry_at__lte=now)
    sending = Q(state=Campaign.State.PREPARING) | Q(state=Campaign.State.SENDING) & due
    unclaimed = Q(claimed_at=None) | Q(claimed_at__lt=now - WAKE_LOST_AFTER)
    return Campaign.objects.filter(sending, unclaimed)


def campaigns_due(now: datetime) -> Q:
    """Also while one advances, because its worker may be dead."""
    advancing = Lease.objects.filter(name__startswith=ADVANCE).exclude(owner="")
    return exists(due_campaigns(now)) | exists(advancing)


def enqueue_campaigns() -> None:
    # A killed worker cannot release its claim.
    for name in leases.release_orphans(ADVANCE):
        Campaign.objects.filter(pk=int(name.removeprefix(ADVANCE))).update(claimed_at=None)
    now = timezone.now()
    for campaign in due_campaigns(now):
        unchanged = Campaign.objects.filter(pk=campaign.pk, claimed_at=campaign.claimed_at)
        # One transaction: a kill in between would leave the campaign claimed until WAKE_LOST_AFTER.
        with transaction.atomic():
            if claim(unchanged, claimed_at=now):
                advance.enqueue(campaign.pk)
