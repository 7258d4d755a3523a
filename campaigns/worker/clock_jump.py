"""When somebody sets the clock, what waits goes on waiting for as long as it should.

Times in the tables are those of the wall clock. After a correction by two hours, a look that was to come in
eight seconds would come in two hours, or a settle time of ten minutes would be over at once. So the tick
compares the clock with one that nobody sets, and moves those times along. When a campaign is to start, and
whatever is history, stays: a person wrote that, or it has happened.
"""

from __future__ import annotations

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
    RateWindow,
    Webhook,
    WebhookEvent,
)
from campaigns.providers.http import Clocks, clocks

log = logging.getLogger(__name__)

MIN_JUMP_SECONDS = 20.0
"""Seconds; clocks are kept right by small steps all the time, and those do not matter."""
DETECTION_DELAY = timedelta(seconds=10)
"""Longer than it takes the tick to notice: what was written meanwhile is by the new clock already."""

WAITS: tuple[tuple[type[Model], str], ...] = (
    (AccountState, "numbers_at"),
    (Attempt, "next_look_at"),
    (Batch, "next_poll_at"),
    (Campaign, "next_try_at"),
    (Campaign, "woken_at"),
    (Import, "woken_at"),
    (Lease, "until"),
    (Webhook, "checked_at"),
    (WebhookEvent, "next_try_at"),
)
"""Nothing is lost if one of these comes too early."""
SINCE = ("prepared_at", "sending_at", "ended_at", "first_negative_at", "looked_at")
"""Of attempts that are not decided: what is reckoned from these must be neither shorter nor longer."""


class JumpDetector:
    """Of one process, from now on."""

    def __init__(self, now: Clocks = clocks) -> None:
        self._now = now
        self._offset = self._read()

    def _read(self) -> float:
        steady, wall = self._now()
        return wall - steady

    def jumped(self) -> float:
        """Seconds by which the clock was set since the last call, forward or (negative) back; else 0."""
        offset = self._read()
        jump, self._offset = offset - self._offset, offset
        return jump if abs(jump) > MIN_JUMP_SECONDS else 0.0


@transaction.atomic
def shift_deadlines(seconds: float) -> None:
    """The clock was set by so many seconds, a moment ago: move what was written before."""
    log.warning("the clock was set, what waits goes along", extra={"seconds": round(seconds)})
    now, by = timezone.now(), timedelta(seconds=seconds)
    if seconds < 0:
        for model, name in WAITS:
            model._default_manager.filter(**{f"{name}__gt": now}).update(**{name: F(name) + by})
    undecided = Attempt.objects.filter(state__in=(*Attempt.OPEN, *Attempt.SEARCHED))
    for name in SINCE:
        before = Q(**{f"{name}__gt": now}) | Q(**{f"{name}__lte": now - DETECTION_DELAY})
        undecided.filter(before).update(**{name: F(name) + by})
    for window in RateWindow.objects.select_for_update():
        _move(window, now, by)


def _move(window: RateWindow, now: datetime, by: timedelta) -> None:
    """What is known of the provider's limit; its silence too, which no call may break."""

    def moved(moment: float) -> float:
        fresh = (now - DETECTION_DELAY).timestamp() < moment <= now.timestamp()
        return moment if fresh else moment + by.total_seconds()

    window.under_way = [moved(start) for start in window.under_way]
    window.ended = [moved(end) for end in window.ended]
    if window.silent_until and (window.silent_until > now) == (by < timedelta()):
        window.silent_until += by
    window.turn += 1
    window.save()
