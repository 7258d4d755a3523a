"""What one poll of one batch reads from the provider, and the writes that follow from it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from campaigns.models import Batch
from campaigns.providers.base import Provider
from campaigns.providers.types import BatchState, RemoteMessage, StatusTotals
from campaigns.receipts import statuses, store, totals_check

Write = Callable[[], object]

UNKNOWN_DELAY = 60.0
"""Seconds until the next poll of a batch that the provider does not know."""
MIN_READ_INTERVAL = timedelta(seconds=5)
"""Between two readings of the messages of a batch that is being sent, for each 1,000 of them."""
DATE_MARGIN = timedelta(hours=1)
"""Lists are asked for from this long before a batch was made. Without dates RingCentral goes back one day."""


def writes(carrier: Provider, batch: Batch, remote: BatchState | None) -> Iterator[Write]:
    """Read what is new about one batch. Yields the writes, the last of which schedules the next poll.

    Calls the provider between the writes and writes nothing itself, so it may run ahead of them.
    """
    if remote is None:
        yield partial(postpone, [batch], UNKNOWN_DELAY)
        return
    now = timezone.now()
    moved = remote.processed_count > batch.processed_count or remote.completed
    yield partial(statuses.apply_batch, batch, remote, now)
    if not moved:
        yield partial(schedule_next, batch, final=False)
        return
    since = (batch.provider_created_at or now) - DATE_MARGIN
    before = batch.totals
    totals = carrier.statuses(date_from=since, batch_id=batch.provider_id)
    yield partial(statuses.apply_totals, batch, totals)
    mark = statuses.progress_mark(totals)
    read = mark != batch.settled_count and may_read_messages(batch, remote, now)
    if read:
        for page in carrier.messages(date_from=since, batch_id=batch.provider_id):
            yield partial(record_page, batch, page)
    yield partial(conclude, batch, remote, totals, before, read=read)


def may_read_messages(batch: Batch, remote: BatchState, now: datetime) -> bool:
    if batch.read_at is None or batch.completed_at is not None or remote.completed:
        return True
    # All its messages are read each time, so a large batch is read less often while it is being sent.
    return now - batch.read_at >= MIN_READ_INTERVAL * max(1, remote.batch_size // 1000)


@transaction.atomic
def record_page(batch: Batch, page: Sequence[RemoteMessage]) -> None:
    statuses.apply_messages(batch, page)
    owner = store.owner_of(batch.account)
    store.record_messages(owner, page, campaign_batches={batch.provider_id})


def conclude(
    batch: Batch, remote: BatchState, totals: StatusTotals, before: dict[str, Any], *, read: bool
) -> None:
    """Decide whether the batch is final. `before`: its totals at the previous poll."""
    mark = statuses.progress_mark(totals)
    if read:
        batch.settled_count, batch.read_at = mark, timezone.now()
        batch.save(update_fields=["settled_count", "read_at"])
    final = remote.completed and batch.settled_count == mark
    final = final and statuses.all_final(totals, batch.provider_size)
    stable = remote.completed and batch.totals == before
    if (final or stable) and not totals_check.compare(batch, stable=stable):
        # The provider counts receipts that its list does not show yet: read the list again next time.
        final, batch.settled_count = False, 0
        batch.save(update_fields=["settled_count"])
    schedule_next(batch, final=final)


def schedule_next(batch: Batch, *, final: bool) -> None:
    when = statuses.next_poll(batch, final=final, now=timezone.now())
    Batch.objects.filter(pk=batch.pk).update(next_poll_at=when, polls=batch.polls + 1)


def postpone(batches: Sequence[Batch], seconds: float) -> None:
    when = timezone.now() + timedelta(seconds=seconds)
    Batch.objects.filter(pk__in=[batch.pk for batch in batches]).update(next_poll_at=when)
