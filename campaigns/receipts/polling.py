"""The one poller of an account: asks the provider about the batches that are due, and measures its speed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Exists, Min, OuterRef, Q, Sum
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Batch, Campaign, SenderNumber
from campaigns.providers.base import Provider, ProviderError
from campaigns.providers.types import BatchState, RemoteMessage, StatusTotals
from campaigns.receipts import circuit_breaker, statuses, store, totals_check
from campaigns.receipts.prefetch import prefetch
from campaigns.runtime import leases
from campaigns.runtime.bulk_sql import relaxed_durability
from campaigns.sending import lifecycle

log = logging.getLogger(__name__)

Write = Callable[[], object]

ROUND = 20
"""Batches asked about in one round."""
POSTPONED = 15.0
"""Seconds until the next look after one that failed."""
GONE_FOR = 60.0
"""Seconds until the next look at a batch that the provider does not know."""
READ_AGAIN = timedelta(seconds=5)
"""Between two readings of one batch's messages while it is being sent, for each 1,000 of them."""
RATE_WINDOW = timedelta(seconds=2)
BEFORE = timedelta(hours=1)
"""Asked for from so long before a batch was made: without dates the provider looks back only a day."""


def poll() -> int:
    """One round. Returns how many batches were asked about; 0 also if another process is at it."""
    account = registry.known_account()
    if not account:
        return 0
    with leases.hold(f"poll {account}", seconds=300) as mine:
        if not mine:
            return 0
        return _round(registry.provider(), account)


def _round(carrier: Provider, account: str) -> int:
    now = timezone.now()
    due = list(Batch.objects.filter(account=account, next_poll_at__lte=now).order_by("next_poll_at")[:ROUND])
    if not due:
        return 0
    left = list(due)
    senders = {batch.sender for batch in due}
    try:
        remote = _ask(carrier, due)
        with relaxed_durability():  # all of it can be asked for again
            _mirror_batches(remote)
            senders |= _take_seen(account, due, remote)
            for write in prefetch(_writes(carrier, left, remote)):
                write()
        registry.note_success()
    except ProviderError as error:
        registry.note_failure(error)
        log.warning("poll failed", extra={"kind": error.kind, "code": error.code})
        _postpone(left, error.retry_after or POSTPONED)
    for sender in senders:
        measure_rate(account, sender)
    for campaign_id in {batch.campaign_id for batch in due if circuit_breaker.harmful_counts([batch.totals])}:
        circuit_breaker.check(campaign_id)
    for campaign_id in {batch.campaign_id for batch in due}:
        lifecycle.finish_if_final(campaign_id)
    return len(due)


def _ask(carrier: Provider, due: list[Batch]) -> dict[str, BatchState]:
    """The due batches as the provider sees them: one by its id, several through the list.

    One that the provider does not know any more is missing. The list has a thousand on a page, so those that
    are not due and still being sent are there as well.
    """
    found: dict[str, BatchState] = {}
    wanted = {batch.provider_id for batch in due}
    if len(due) > 1:
        since = min(batch.remote_created_at or timezone.now() for batch in due) - BEFORE
        unfinished = Batch.objects.filter(
            account=due[0].account, completed_at=None, remote_created_at__gte=since
        )
        watched = wanted | set(unfinished.values_list("provider_id", flat=True))
        for item in carrier.batches(date_from=since):
            found[item.provider_id] = item
            if watched <= found.keys():
                break
    for missing in wanted - found.keys():
        try:
            found[missing] = carrier.batch(missing)
        except ProviderError as error:
            _raise_if_of_account(error)
    return found


def _raise_if_of_account(error: ProviderError) -> None:
    """Trouble with the account ends the round; trouble with one batch must not stop the others."""
    if error.kind in ("unreachable", "credentials", "permission", "rate", "server"):
        raise error
    log.warning("trouble with one batch", extra={"kind": error.kind, "code": error.code})


def _writes(carrier: Provider, left: list[Batch], remote: dict[str, BatchState]) -> Iterator[Write]:
    """What is to be written of these batches, in order, and that they are no longer left. Writes nothing
    itself: it may run ahead of what it yields."""
    for batch in list(left):
        try:
            yield from _look(carrier, batch, remote.get(batch.provider_id))
        except ProviderError as error:
            _raise_if_of_account(error)
            yield partial(_postpone, [batch], POSTPONED)
        yield partial(left.remove, batch)


@transaction.atomic
def _mirror_batches(remote: dict[str, BatchState]) -> None:
    if whose := store.account_state():
        store.record_batches(whose, remote.values())


@transaction.atomic
def _take_seen(account: str, due: Sequence[Batch], remote: Mapping[str, BatchState]) -> set[str]:
    """What the list says of batches whose turn has not come: of many, the last to be asked about would be
    shown as untouched for minutes. Returns the numbers that they were sent from."""
    others = remote.keys() - {batch.provider_id for batch in due}
    now, senders = timezone.now(), set()
    for batch in Batch.objects.filter(account=account, provider_id__in=others, completed_at=None):
        item = remote[batch.provider_id]
        if item.completed or item.processed_count > batch.processed_count:
            statuses.apply_batch(batch, item, now)
            senders.add(batch.sender)
    return senders


def _look(carrier: Provider, batch: Batch, remote: BatchState | None) -> Iterator[Write]:
    """Everything there is to know about one batch now, and when to look next."""
    if remote is None:
        yield partial(_postpone, [batch], GONE_FOR)
        return
    now = timezone.now()
    moved = remote.processed_count > batch.processed_count or remote.completed
    yield partial(statuses.apply_batch, batch, remote, now)
    if not moved:
        yield partial(_plan, batch, final=False)
        return
    since = (batch.remote_created_at or now) - BEFORE
    before = batch.totals
    totals = carrier.statuses(date_from=since, batch_id=batch.provider_id)
    yield partial(statuses.apply_totals, batch, totals)
    settled = statuses.progress_mark(totals)
    read = settled != batch.settled_count and _may_read(batch, remote, now)
    if read:
        for page in carrier.messages(date_from=since, batch_id=batch.provider_id):
            yield partial(_take, batch, page)
    yield partial(_conclude, batch, remote, totals, before, read=read)


def _conclude(
    batch: Batch, remote: BatchState, totals: StatusTotals, before: dict[str, Any], *, read: bool
) -> None:
    """`before`: the totals as they were read the last time."""
    settled = statuses.progress_mark(totals)
    if read:
        batch.settled_count, batch.read_at = settled, timezone.now()
        batch.save(update_fields=["settled_count", "read_at"])
    final = remote.completed and batch.settled_count == settled
    final = final and statuses.all_final(totals, batch.remote_size)
    stable = remote.completed and batch.totals == before
    if (final or stable) and not totals_check.compare(batch, stable=stable):
        # The provider counts receipts that its list does not show yet: read the list again next time.
        final, batch.settled_count = False, 0
        batch.save(update_fields=["settled_count"])
    _plan(batch, final=final)


@transaction.atomic
def _take(batch: Batch, page: Sequence[RemoteMessage]) -> None:
    """One page of a batch's messages, for its campaign and for the mirror of the provider's store."""
    statuses.apply_messages(batch, page)
    if whose := store.account_state():
        store.record_messages(whose, page, ours={batch.provider_id})


def _may_read(batch: Batch, remote: BatchState, now: datetime) -> bool:
    """A batch's messages are read whole, so a large one is read less often while it is being sent."""
    if batch.read_at is None or batch.completed_at is not None or remote.completed:
        return True
    return now - batch.read_at >= READ_AGAIN * max(1, remote.batch_size // 1000)


def _plan(batch: Batch, *, final: bool) -> None:
    when = statuses.next_poll(batch, final=final, now=timezone.now())
    Batch.objects.filter(pk=batch.pk).update(next_poll_at=when, polls=batch.polls + 1)


def _postpone(batches: list[Batch], seconds: float) -> None:
    when = timezone.now() + timedelta(seconds=seconds)
    Batch.objects.filter(pk__in=[batch.pk for batch in batches]).update(next_poll_at=when)


@transaction.atomic
def measure_rate(account: str, sender: str) -> None:
    """Texts a minute that a number really sends, smoothed; only time in which it had work counts.

    A batch that was finished between two looks gives a lower bound: its texts in the time since it was taken.
    """
    number = SenderNumber.objects.select_for_update().filter(account=account, phone=sender).first()
    if number is None:
        return
    now = timezone.now()
    batches = Batch.objects.filter(account=account, sender=sender, state=Batch.State.ACCEPTED)
    total = batches.aggregate(total=Sum("processed_count"))["total"] or 0
    unfinished = batches.filter(completed_at__isnull=True)
    work = unfinished.aggregate(done=Sum("processed_count"), since=Min("accepted_at"))
    idle = work["since"] is None
    if not idle:
        current = _current(number, total, work["done"], work["since"], now)
        if current <= 0:
            return
        smoothed = current if number.rate is None else 0.6 * number.rate + 0.4 * current
        # What is known of a number that was idle may be a lower bound, and its first texts take a moment.
        number.rate = smoothed if number.processed_at else max(smoothed, current)
    last = batches.filter(completed_at__isnull=False).order_by("-completed_at").first()
    if last is not None and last.completed_at == last.polled_at:
        number.rate = max(number.rate or 0.0, _at_least(last))
    number.processed_total, number.processed_at = total, None if idle else now
    number.save(update_fields=["rate", "processed_total", "processed_at"])


def _current(number: SenderNumber, total: int, done: int, since: datetime, now: datetime) -> float:
    """Texts a minute since the last look; 0 if nothing can be said yet. `done` of the batches that the number
    works on were sent since it got the first of them, at `since`.

    Of a number that may have had nothing to do since the last look, as after a pause, both times are too
    long, so the better one counts.
    """
    spans = [(number.processed_at, total - number.processed_total)] if number.processed_at else []
    if number.processed_at is None or since > number.processed_at:
        spans.append((since, done))
    return max(
        gained / (now - start).total_seconds() * 60 if now - start >= RATE_WINDOW else 0.0
        for start, gained in spans
    )


def _at_least(batch: Batch) -> float:
    if batch.completed_at is None or batch.accepted_at is None:
        return 0.0
    seconds = max(1.0, (batch.completed_at - batch.accepted_at).total_seconds())
    return batch.remote_size / seconds * 60


def campaigns_to_finish() -> list[int]:
    """Campaigns that only wait to be called finished."""
    watched = Batch.objects.filter(campaign=OuterRef("pk"), next_poll_at__isnull=False)
    ended = Q(state=Campaign.State.DELIVERING) | Q(state=Campaign.State.HELD, tally__held=0)
    waiting = Campaign.objects.filter(~Exists(watched), ended)
    return list(waiting.values_list("id", flat=True)[:100])
