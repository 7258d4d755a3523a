"""The worker's loop for one campaign, in the process that asks for it: `manage.py send` needs no worker.

The same table says what is due, and the same tasks' functions do it, here instead of through the queue.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from campaigns.models import Campaign
from campaigns.receipts import tasks as receipts
from campaigns.reconciling import orphans
from campaigns.reconciling import tasks as reconciling
from campaigns.runtime import leases, shutdown
from campaigns.sending import dispatch
from campaigns.sending import tasks as sending
from campaigns.sending.steps import Step, StepResult
from campaigns.worker import clock_jump, schedule

TURN = 1.0
"""Seconds between two turns while nothing may leave."""
CLAIM = timedelta(minutes=5)
"""For so long the campaign is this process's to move: a worker takes over only if this one is gone."""
HERE: dict[str, Callable[[], object]] = {
    "orphans": orphans.settle_orphans,
    "finish": receipts.finish_campaigns,
    "searches": reconciling.search_here,
}
"""By name of the schedule's entries, what is done although no worker need be there."""
HERE_FOR_AN_ACCOUNT: dict[str, Callable[[str], object]] = {receipts.POLL: receipts.poll.func}
"""The same, of what is done for each account."""


class CampaignLoop:
    """Use as a context, which gives a prepared batch back at its end."""

    def __init__(self, campaign_id: int) -> None:
        self.campaign_id = campaign_id
        self._pipeline = dispatch.Pipeline(campaign_id)
        self._watch = clock_jump.JumpDetector()

    def __enter__(self) -> CampaignLoop:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pipeline.stop()

    def run(self, done: Callable[[Step], bool], end: float) -> None:
        """Until `done`, a stop, or the monotonic clock reads `end`."""
        while time.monotonic() < end and not shutdown.requested.is_set():
            follow_clock(self._watch)
            self._do_what_is_due()
            renew_claim(self.campaign_id)
            slice_end = min(end, time.monotonic() + CLAIM.total_seconds() / 2)
            step = sending.submit_batches(self._pipeline, slice_end, prepare_next=True)
            if done(step):
                return
            shutdown.wait(min(pause(step), end - time.monotonic()))

    def _do_what_is_due(self) -> None:
        done_here = HERE.keys() | HERE_FOR_AN_ACCOUNT.keys()
        entries = [entry for entry in schedule.every_entry() if entry.name in done_here]
        answer = schedule.ask(Campaign.objects.filter(pk=self.campaign_id), (), entries)
        for entry in answer[1] if answer else ():
            if not entry.take():
                continue
            if entry.account:
                HERE_FOR_AN_ACCOUNT[entry.name](entry.account)
            else:
                HERE[entry.name]()


def pause(step: Step) -> float:
    """Seconds until the next turn."""
    if step.result == StepResult.BLOCKED:
        return min(TURN, float(settings.LOOK_GAP_SECONDS))
    return TURN if step.result == StepResult.DONE else min(TURN, step.seconds)


def renew_claim(campaign_id: int) -> None:
    Campaign.objects.filter(pk=campaign_id).update(claimed_at=timezone.now() + CLAIM)


def follow_clock(watch: clock_jump.JumpDetector) -> None:
    """If somebody set the clock, waits keep their length. A worker beside us, which ticks, sees to it."""
    jump = watch.jumped()
    if jump and leases.acquire(schedule.TICK, seconds=1):
        clock_jump.shift_deadlines(jump)
