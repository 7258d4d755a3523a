"""Applies the provider's statuses to messages and batches: forward only, idempotent, a page a transaction."""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import transaction

from campaigns.models import Batch, Campaign, Message, RowState
from campaigns.opt_outs import carrier
from campaigns.providers import catalogue, types
from campaigns.providers.types import BatchState, Direction, MessageStatus, RemoteMessage, StatusTotals
from campaigns.runtime.bulk_sql import update
from campaigns.sending import counters

log = logging.getLogger(__name__)

MEANING: dict[MessageStatus, str] = {
    MessageStatus.QUEUED: Message.State.WAITING.value,
    MessageStatus.SENT: Message.State.SENT.value,
    MessageStatus.DELIVERED: Message.State.DELIVERED.value,
    MessageStatus.SENDING_FAILED: Message.State.NOT_DELIVERED.value,
    MessageStatus.DELIVERY_FAILED: Message.State.NOT_DELIVERED.value,
}
"""A status that is not here changes nothing. Plain texts: a million rows are compared."""

DELIVERED = Message.State.DELIVERED.value

RANK: dict[str, int] = {state: types.RANK[status] for status, state in MEANING.items()} | {
    Message.State.REJECTED.value: types.FINAL + 1,
    Message.State.EXCLUDED.value: types.FINAL + 1,
}
"""A state only ever gives way to one of higher rank."""

ROW_STATE: dict[str, str] = {
    Message.State.WAITING.value: RowState.WITH_CARRIER.value,
    Message.State.SENT.value: RowState.SENT.value,
    Message.State.DELIVERED.value: RowState.DELIVERED.value,
    Message.State.NOT_DELIVERED.value: RowState.NOT_DELIVERED.value,
}
COLUMNS = ("state", "provider_id", "error_code", "billed_segments", "cost", "changed_at")


def lock_campaigns(campaign_ids: Iterable[int]) -> None:
    """Lock campaigns until the transaction ends. Always the first lock and in order, against deadlocks."""
    # With no_key, rows that refer to the campaign can be written meanwhile.
    campaigns = Campaign.objects.select_for_update(no_key=True).filter(pk__in=campaign_ids).order_by("pk")
    list(campaigns.values_list("pk"))


@transaction.atomic
def apply_messages(batch: Batch, page: Sequence[RemoteMessage]) -> int:
    """Apply one page of a batch's messages. Returns how many messages changed.

    Safe to repeat and in any order: a late or repeated page changes nothing.
    """
    remote = {item.to: item for item in page if item.direction is not Direction.INBOUND}
    if not remote:
        return 0
    lock_campaigns([batch.campaign_id])
    rows: list[tuple[Any, ...]] = []
    moves: Counter[tuple[str, str]] = Counter()
    for pk, to, *known in locked_messages(batch, list(remote)):
        item = remote.get(to)
        new = merged(Known(*known), item, pk) if item else None
        if new is None:
            continue
        rows.append((pk, *new))
        if new.state != known[0]:
            moves[known[0], new.state] += 1
    update(Message, COLUMNS, rows)
    move_counters(batch.campaign_id, moves)
    apply_opt_outs(batch.account, remote.values())
    return len(rows)


def apply_opt_outs(account: str, messages: Iterable[RemoteMessage]) -> None:
    """Record opt-outs that receipts report by their error code."""
    receipts = [
        carrier.from_receipt(item.sender, item.to, item.modified_at or item.created_at)
        for item in messages
        if item.error_code and MEANING.get(item.status) != DELIVERED and catalogue.is_opt_out(item.error_code)
    ]
    if receipts:
        carrier.record_refusals(account, receipts)


class Known(NamedTuple):
    """The stored values of one message, in the order of COLUMNS."""

    state: str
    provider_id: str
    error_code: str
    billed_segments: int | None
    cost: Decimal | None
    changed_at: datetime | None


def merged(known: Known, item: RemoteMessage, pk: int) -> Known | None:
    """The values after a receipt; None if it changes nothing."""
    old, new = known.state, MEANING.get(item.status)
    if known.provider_id and known.provider_id != item.provider_id:
        log.warning("two messages of the provider for one of ours", extra={"row": pk})
        return None
    if new is None or RANK[new] < RANK[old]:
        return None
    if RANK[new] == types.FINAL == RANK[old] and new != old:
        log.warning("the provider tells another end of a text than before", extra={"row": pk, "now": new})
        return None
    if new == old and known.changed_at and item.modified_at and item.modified_at < known.changed_at:
        return None
    # A page may be older than the previous one or lack costs, so no value is ever removed.
    updated = Known(
        new,
        item.provider_id,
        item.error_code[:20] or known.error_code,
        known.billed_segments if item.segments is None else item.segments,
        known.cost if item.cost is None else item.cost,
        item.modified_at or known.changed_at,
    )
    return None if updated == known else updated


def locked_messages(batch: Batch, phones: Sequence[str]) -> list[tuple[Any, ...]]:
    """The messages of the batch to these numbers, and perhaps others; locked if the database can."""
    # Neither sorted nor narrowed to the campaign without numbers: SQLite would read the whole campaign.
    messages = Message.objects.select_for_update().filter(batch=batch).order_by()
    fields = ("id", "to", *COLUMNS)
    if len(phones) * 2 > batch.size:  # a thousand numbers in a query cost more than reading all rows
        return list(messages.values_list(*fields))
    rows: list[tuple[Any, ...]] = []
    by_number = messages.filter(campaign_id=batch.campaign_id)
    for start in range(0, len(phones), 900):
        rows += by_number.filter(to__in=phones[start : start + 900]).values_list(*fields)
    return rows


def move_counters(campaign_id: int, moves: Counter[tuple[str, str]]) -> None:
    changes: Counter[str] = Counter()
    for (source, target), count in moves.items():
        changes[ROW_STATE[source]] -= count
        changes[ROW_STATE[target]] += count
    counters.shift(campaign_id, changes)


@transaction.atomic
def apply_batch(batch: Batch, remote: BatchState, now: datetime) -> None:
    """Store the provider's state of a batch. Its counter and its end never go back.

    Newer values of another process stay, because a poll may bring an older state than an event.
    """
    names = ["provider_status", "processed_count", "provider_size", "cost", "polled_at", "completed_at"]
    batch.refresh_from_db(fields=names, from_queryset=Batch.objects.select_for_update())
    if batch.completed_at is None or remote.completed:
        batch.provider_status = remote.status_text[:20]
    batch.processed_count = max(batch.processed_count, remote.processed_count)
    batch.provider_size = remote.batch_size or batch.provider_size
    batch.cost = remote.cost if remote.cost is not None else batch.cost
    batch.polled_at = now
    if remote.completed and batch.completed_at is None:
        batch.completed_at = now
    batch.save(update_fields=names)


def apply_totals(batch: Batch, totals: StatusTotals) -> None:
    batch.totals = {name: {**part, "cost": str(part["cost"])} for name, part in asdict(totals).items()}
    batch.save(update_fields=["totals"])


def progress_mark(totals: StatusTotals) -> int:
    """Grows with every step of every message. The same mark as before: nothing is new."""
    final = totals.delivered.count + totals.sending_failed.count + totals.delivery_failed.count
    return totals.sent.count + 2 * final


def all_final(totals: StatusTotals, size: int) -> bool:
    final = totals.delivered.count + totals.sending_failed.count + totals.delivery_failed.count
    return 0 < totals.count == final >= size


RECEIPTS_FOR = timedelta(hours=72)
"""After this no receipt is expected any more; some carriers never send one."""
WATCHED_FOR = timedelta(seconds=30)
"""For this long after it was accepted, somebody is likely to watch a batch."""


def next_poll(batch: Batch, *, final: bool, now: datetime) -> datetime | None:
    """When to poll a batch again; None: never, because it is final.

    A round costs up to four of the 50 requests a minute that RingCentral allows, for all due batches
    together. So every 4 s at first, every 8 s later, and at growing intervals once the batch was sent,
    because receipts come within seconds or after hours.
    """
    if final:
        return None
    since_accepted = now - (batch.accepted_at or now)
    if batch.completed_at is None:
        return now + timedelta(seconds=4 if since_accepted < WATCHED_FOR else 8)
    if since_accepted > RECEIPTS_FOR:
        return None
    return now + min(max(timedelta(seconds=4), (now - batch.completed_at) / 4), timedelta(minutes=30))
