"""What the tasks of all packages share.

A task is only a wake-up, at least once: rows say what is due. A lost task delays work until the tick enqueues
it again, a repeated one has nothing to do. Nothing depends on the record of a task.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db.models import Exists, Q, QuerySet
from django.utils import timezone

from campaigns.runtime import leases

TIME_SLICE_SECONDS = 10.0
"""After this a task ends, so that others can run; the tick enqueues it again."""
URGENT = 10
"""Priority of tasks that a person waits for."""
NIGHT_HOUR = 3
"""Hour of the day, in the site's time zone, at which nightly tasks are due."""
NIGHTLY_RETRY_AFTER = 3600.0
"""Seconds until a nightly task that failed is due again."""
NIGHTLY_LOST_AFTER = 900.0
"""Seconds after which a nightly task that was lost is enqueued again."""
WAKE_AGAIN_AFTER = 30.0
"""Seconds after which a repeating task that never ran is enqueued again."""
WAKE_LOST_AFTER = timedelta(seconds=60)
"""A task for one row that has not begun after this is lost; the next tick enqueues it again."""


def lease_name(task: str, account: str = "") -> str:
    """The lease that debounces a task: each account has its own."""
    return f"wake {task} {account}".rstrip()


@contextmanager
def debounced(task: str, seconds: float, account: str = "") -> Iterator[None]:
    """Debounce a repeating task: at most one is queued or running, so a slow provider fills no queue."""
    try:
        yield
    finally:
        leases.reschedule(lease_name(task, account), seconds=seconds)


def seconds_to_next_night() -> float:
    now = timezone.localtime()
    night = now.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    if night <= now:
        night += timedelta(days=1)
    return (night - now).total_seconds()


def exists(rows: QuerySet[Any]) -> Q:
    """The condition that there are such rows, for the one statement with which a tick asks what is due."""
    return Q(Exists(rows))
