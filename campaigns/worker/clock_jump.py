"""Shifts deadlines when the wall clock jumps.

Tables hold times of the wall clock. After a correction by two hours, a poll due in eight seconds would come
in two hours, or a grace period of ten minutes would be over at once. So the tick compares the wall clock with
a monotonic one and shifts deadlines by the difference. The start time of a campaign and all history stay: a
person chose them, or they have happened.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Model, Q
from django.utils import timezone

from campaigns.models import (
    AccountState,
    Attempt,
    Batch,
    Campaign,
    Import,
    Lease,
    RateLimitState,
    Webhook,
    WebhookEvent,
)
from campaigns.providers.http import Clocks, clocks

log = logging.getLogger(__name__)

MIN_JUMP_SECONDS = 20.0
"""Clocks are corrected by small steps all the time, which do not matter."""
DETECTION_DELAY = timedelta(seconds=10)
"""Longer than the tick needs to notice. Times written meanwhile are of the new clock already."""

DEADLINES: tuple[tuple[type[Model], str], ...] = (
    (AccountState, "numbers_fetched_at"),
    (Attempt, "next_lookup_at"),
    (Batch, "next_poll_at"),
    (Campaign, "next_retry_at"),
    (Campaign, "claimed_at"),
    (Import, "claimed_at"),
    (Lease, "until"),
    (Webhook, "last_checked_at"),
    (WebhookEvent, "next_retry_at"),
)
"""Nothing is lost if one of these is too early."""
START_TIMES = ("prepared_at", "sending_at", "ended_at", "first_miss_at", "last_lookup_at")
"""Fields of undecided attempts. Periods that begin at them must become neither shorter nor longer."""


class JumpDetector:
    """Notices jumps of the wall clock from its creation on."""

    def __init__(self, now: Clocks = clocks) -> None:
        self._now = now
        self._offset = self.offset()

    def offset(self) -> float:
        monotonic, wall = self._now()
        return wall - monotonic

    def jumped(self) -> float:
        """Seconds by which the clock jumped since the last call, negative if backwards; 0 if it did not."""
        offset = self.offset()
        jump, self._offset = offset - self._offset, offset
        return jump if abs(jump) > MIN_JUMP_SECONDS else 0.0


@transaction.atomic
def shift_deadlines(seconds: float) -> None:
    """The clock jumped by so many seconds within DETECTION_DELAY: shift what was written before."""
    log.warning("the clock was set, what waits goes along", extra={"seconds": round(seconds)})
    now, by = timezone.now(), timedelta(seconds=seconds)
    if seconds < 0:
        for model, name in DEADLINES:
            model._default_manager.filter(**{f"{name}__gt": now}).update(**{name: F(name) + by})
    undecided = Attempt.objects.filter(state__in=(*Attempt.OPEN, *Attempt.SEARCHED))
    for name in START_TIMES:
        before = Q(**{f"{name}__gt": now}) | Q(**{f"{name}__lte": now - DETECTION_DELAY})
        undecided.filter(before).update(**{name: F(name) + by})
    for window in RateLimitState.objects.select_for_update():
        shift_window(window, now, by)


def shift_window(window: RateLimitState, now: datetime, by: timedelta) -> None:
    def shifted(moment: float) -> float:
        is_new = (now - DETECTION_DELAY).timestamp() < moment <= now.timestamp()
        return moment if is_new else moment + by.total_seconds()

    window.in_flight = [shifted(start) for start in window.in_flight]
    window.ended = [shifted(end) for end in window.ended]
    if window.blocked_until and (window.blocked_until > now) == (by < timedelta()):
        window.blocked_until += by
    window.turn += 1
    window.save()
