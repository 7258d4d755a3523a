"""What the provider's store holds, into our mirror of it: forward only, idempotent, set by set."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Sum
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import AccountState, Batch, RowState, StoreBatch, StoreMessage
from campaigns.providers.types import BatchState, Direction, MessageStatus, RemoteMessage
from campaigns.receipts import statuses
from campaigns.runtime.bulk_sql import upsert

Standing = StoreMessage.Undelivered

STANDING: dict[MessageStatus, int | None] = {
    MessageStatus.QUEUED: Standing.QUEUED.value,
    MessageStatus.SENT: Standing.SENT.value,
    MessageStatus.DELIVERED: None,
    MessageStatus.SENDING_FAILED: Standing.FAILED.value,
    MessageStatus.DELIVERY_FAILED: Standing.FAILED.value,
}
"""A status that is not here is stored as `OTHER`."""

STATES: dict[int | None, str] = {
    None: RowState.DELIVERED.value,
    Standing.QUEUED.value: RowState.WITH_CARRIER.value,
    Standing.SENT.value: RowState.SENT.value,
    Standing.FAILED.value: RowState.NOT_DELIVERED.value,
}

MILL = Decimal("0.00001")
"""US dollars; nothing is billed more finely."""

_KEY = ("account", "provider_id")
_BATCH = (
    *_KEY, "sender", "status", "size", "processed", "cost", "created_at", "modified_at", "seen_at", "totals",
)  # fmt: skip
_MESSAGE = (
    *_KEY, "batch", "inbound", "our_number", "their_number", "status", "undelivered", "error_code",
    "segments", "cost", "created_at", "modified_at", "text",
)  # fmt: skip
_LEARNED = ("status", "undelivered", "error_code", "modified_at", "text")
_COSTS = ("segments", "cost")

# As for our own messages: a state gives way to a higher one, and the two final ones to nothing. Within one
# state only later news count, so that a page that was read before changes no row.
_FORWARD = f"""
    COALESCE(old.undelivered, {StoreMessage.DELIVERED}) < {StoreMessage.DELIVERED}
        AND COALESCE(excluded.undelivered, {StoreMessage.DELIVERED})
            > COALESCE(old.undelivered, {StoreMessage.DELIVERED})
    OR COALESCE(excluded.undelivered, {StoreMessage.DELIVERED})
            = COALESCE(old.undelivered, {StoreMessage.DELIVERED})
        AND (excluded.modified_at > old.modified_at OR (old.cost IS NULL AND excluded.cost IS NOT NULL))
"""
_NUMBER = 32


def account_state() -> AccountState | None:
    """The row of the account that the credentials open; None if it was never reached."""
    account = registry.known_account()
    if not account:
        return None
    return AccountState.objects.get_or_create(
        account=account, defaults={"provider": registry.provider().key}
    )[0]


def record_batches(whose: AccountState, found: Iterable[BatchState]) -> None:
    """Store batches as the provider describes them now. What was processed never goes back."""
    now = timezone.now()
    rows: dict[str, tuple[Any, ...]] = {
        item.provider_id: (
            whose.pk,
            item.provider_id,
            item.sender[:_NUMBER],
            item.status_text[:20],
            item.batch_size,
            item.processed_count,
            item.cost,
            item.created_at or now,
            item.modified_at,
            now,
            {},
        )
        for item in found
        if item.provider_id
    }
    upsert(
        StoreBatch,
        _BATCH,
        [*rows.values()],
        key=_KEY,
        changing=("sender", "status", "size", "processed", "modified_at", "seen_at"),
        keeping=("cost",),
        when="excluded.processed >= old.processed",
    )


def record_messages(
    whose: AccountState, page: Sequence[RemoteMessage], *, ours: Collection[str] = ()
) -> set[int]:
    """Store one page of messages, of any direction and batch; returns the ids of the batches that it named.

    `ours`: ids of the batches whose texts stand with a campaign and are not stored twice. Safe to repeat and
    in any order.
    """
    batches = _batches(whose, page)
    now = timezone.now()
    rows = {
        item.provider_id: _row(whose, item, batches.get(item.batch_id), now, own=item.batch_id in ours)
        for item in page
        if item.provider_id
    }
    upsert(
        StoreMessage,
        _MESSAGE,
        [*rows.values()],
        key=_KEY,
        changing=_LEARNED,
        keeping=_COSTS,
        when=_FORWARD,
    )
    return set(batches.values())


def _row(
    whose: AccountState, item: RemoteMessage, batch: int | None, now: datetime, *, own: bool
) -> tuple[Any, ...]:
    """The values of _MESSAGE."""
    inbound = item.direction is Direction.INBOUND
    our, their = (item.to, item.sender) if inbound else (item.sender, item.to)
    created = item.created_at or item.modified_at or now
    return (
        whose.pk,
        item.provider_id,
        batch,
        inbound,
        our[:_NUMBER],
        their[:_NUMBER],
        item.status_text[:20],
        STANDING.get(item.status, Standing.OTHER.value),
        item.error_code[:20],
        item.segments,
        item.cost,
        created,
        item.modified_at or created,
        "" if own else item.text,
    )


def _batches(whose: AccountState, page: Sequence[RemoteMessage]) -> dict[str, int]:
    """Provider id → our id of the batches that a page names. One that was never listed gets a bare row."""
    first = {item.batch_id: item for item in page if item.batch_id}
    known = _ids(whose, first)
    if missing := [item for key, item in first.items() if key not in known]:
        now = timezone.now()
        rows: list[tuple[Any, ...]] = [
            (
                *(whose.pk, item.batch_id, item.sender[:_NUMBER], "", 0, 0, None),
                *(item.created_at or now, None, now, {}),
            )
            for item in missing
        ]
        upsert(StoreBatch, _BATCH, rows, key=_KEY, changing=("seen_at",), when="1 = 0")
        known |= _ids(whose, first)
    return known


def _ids(whose: AccountState, provider_ids: Iterable[str]) -> dict[str, int]:
    found = StoreBatch.objects.filter(account=whose, provider_id__in=[*provider_ids])
    return dict(found.values_list("provider_id", "pk"))


@transaction.atomic
def record_page(whose: AccountState, page: Sequence[RemoteMessage]) -> set[int]:
    """One page of the whole store: into the mirror, and what is ours of it into our campaigns too.

    Returns the ids of the mirrored batches in it that are not ours.
    """
    named = {item.batch_id for item in page if item.batch_id}
    ours = {
        batch.provider_id: batch
        for batch in Batch.objects.filter(account=whose.account, provider_id__in=named)
    }
    statuses.lock_campaigns({batch.campaign_id for batch in ours.values()})
    touched = record_messages(whose, page, ours=ours.keys())
    for provider_id, batch in ours.items():
        statuses.apply_messages(batch, [item for item in page if item.batch_id == provider_id])
    others = (item for item in page if item.batch_id not in ours and item.direction is not Direction.INBOUND)
    statuses.apply_opt_outs(whose.account, others)
    return touched - set(_ids(whose, ours).values())


def recount(batch_ids: Iterable[int]) -> None:
    """Count the messages of these batches by state. For the background: it reads every one of them."""
    for batch_id in batch_ids:
        messages = StoreMessage.objects.filter(batch=batch_id).order_by()
        counted = messages.values_list("undelivered", "error_code").annotate(Count("id"), Sum("cost"))
        totals: dict[str, dict[str, Any]] = {}
        for undelivered, code, count, cost in counted:
            part = totals.setdefault(state_of(undelivered), {"count": 0, "cost": "0", "error_codes": {}})
            part["count"] += count
            # SQLite adds money up as a float.
            part["cost"] = str(Decimal(part["cost"]) + Decimal(cost or 0).quantize(MILL))
            if code:
                part["error_codes"][code] = count
        StoreBatch.objects.filter(pk=batch_id).update(totals=totals)


def state_of(undelivered: int | None) -> str:
    """The state of a row, as pages say it; `other` for a word that we do not know."""
    return STATES.get(undelivered, "other")
