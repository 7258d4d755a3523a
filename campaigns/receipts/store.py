"""The provider store: our copy of the provider's batches and messages. Forward only and idempotent."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Sum
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import AccountState, Batch, ProviderBatch, ProviderMessage, RowState
from campaigns.providers import types
from campaigns.providers.types import BatchState, Direction, MessageStatus, RemoteMessage
from campaigns.receipts import statuses
from campaigns.runtime.bulk_sql import upsert

STATES = {status: RowState(statuses.ROW_STATE[state]) for status, state in statuses.MEANING.items()}
OTHER = "other"
"""The state of a text whose status has no place among the states of rows."""

MILL = Decimal("0.00001")
"""US dollars; the smallest unit that is billed."""

KEY = ("account", "provider_id")
BATCH_COLUMNS = (
    *KEY, "sender", "status", "size", "processed", "cost", "created_at", "modified_at",
    "last_listed_at", "totals",
)  # fmt: skip
MESSAGE_COLUMNS = (
    *KEY, "batch", "inbound", "own_number", "other_number", "undelivered", "provider_status",
    "error_code", "segments", "cost", "created_at", "modified_at", "text",
)  # fmt: skip
MUTABLE_COLUMNS = ("undelivered", "provider_status", "error_code", "modified_at", "text")
COST_COLUMNS = ("segments", "cost")


def rank_of(row: str) -> str:
    """SQL: the rank of a row's status. A failure ranks above Delivered, so neither replaces the other."""
    ranks = {
        status: rank + (STATES.get(status) is RowState.NOT_DELIVERED) for status, rank in types.RANK.items()
    }
    cases = " ".join(f"WHEN '{status}' THEN {rank}" for status, rank in ranks.items())
    return f"CASE COALESCE({row}.undelivered, '{MessageStatus.DELIVERED}') {cases} END"


# A status gives way to a higher one, and a final one to none, as for campaign messages. Within one status
# only a later time counts, so that a page read again changes no row.
IS_NEWER = f"""
    {rank_of("old")} < {types.FINAL} AND {rank_of("excluded")} > {rank_of("old")}
    OR {rank_of("excluded")} = {rank_of("old")}
        AND (excluded.modified_at > old.modified_at OR (old.cost IS NULL AND excluded.cost IS NOT NULL))
"""
MAX_NUMBER = 32


def owner_of(account_id: str) -> AccountState:
    defaults = {"provider": registry.provider_of(account_id).key}
    return AccountState.objects.get_or_create(account=account_id, defaults=defaults)[0]


def owners() -> list[AccountState]:
    """The rows of the open accounts; those that were never reached have none."""
    return [owner_of(account_id) for account_id in registry.ids()]


def record_batches(owner: AccountState, states: Iterable[BatchState]) -> None:
    """Store the current state of batches. The processed count never goes back."""
    now = timezone.now()
    rows: dict[str, tuple[Any, ...]] = {
        item.provider_id: (
            owner.pk,
            item.provider_id,
            item.sender[:MAX_NUMBER],
            item.status_text[:20],
            item.batch_size,
            item.processed_count,
            item.cost,
            item.created_at or now,
            item.modified_at,
            now,
            {},
        )
        for item in states
        if item.provider_id
    }
    upsert(
        ProviderBatch,
        BATCH_COLUMNS,
        [*rows.values()],
        key=KEY,
        changing=("sender", "status", "size", "processed", "modified_at", "last_listed_at"),
        keeping=("cost",),
        when="excluded.processed >= old.processed",
    )


def record_messages(
    owner: AccountState, page: Sequence[RemoteMessage], *, campaign_batches: Collection[str] = ()
) -> set[int]:
    """Store one page of messages. Returns the ids of the stored batches that it names.

    `campaign_batches`: provider ids of batches of campaigns, which store the texts themselves.
    """
    batches = ensure_batches(owner, page)
    now = timezone.now()
    rows = {
        item.provider_id: message_row(
            owner, item, batches.get(item.batch_id), now, with_text=item.batch_id not in campaign_batches
        )
        for item in page
        if item.provider_id
    }
    upsert(
        ProviderMessage,
        MESSAGE_COLUMNS,
        [*rows.values()],
        key=KEY,
        changing=MUTABLE_COLUMNS,
        keeping=COST_COLUMNS,
        when=IS_NEWER,
    )
    return set(batches.values())


def message_row(
    owner: AccountState, item: RemoteMessage, batch: int | None, now: datetime, *, with_text: bool
) -> tuple[Any, ...]:
    """The values of MESSAGE_COLUMNS."""
    inbound = item.direction is Direction.INBOUND
    our, their = (item.to, item.sender) if inbound else (item.sender, item.to)
    created = item.created_at or item.modified_at or now
    return (
        owner.pk,
        item.provider_id,
        batch,
        inbound,
        our[:MAX_NUMBER],
        their[:MAX_NUMBER],
        None if item.status is MessageStatus.DELIVERED else item.status.value,
        item.status_text[:20],
        item.error_code[:20],
        item.segments,
        item.cost,
        created,
        item.modified_at or created,
        item.text if with_text else "",
    )


def ensure_batches(owner: AccountState, page: Sequence[RemoteMessage]) -> dict[str, int]:
    """Provider id → id of the stored batches that a page names. Adds a bare row for an unlisted batch."""
    first = {item.batch_id: item for item in page if item.batch_id}
    known = stored_ids(owner, first)
    if missing := [item for key, item in first.items() if key not in known]:
        now = timezone.now()
        rows: list[tuple[Any, ...]] = [
            (
                *(owner.pk, item.batch_id, item.sender[:MAX_NUMBER], "", 0, 0, None),
                *(item.created_at or now, None, now, {}),
            )
            for item in missing
        ]
        upsert(ProviderBatch, BATCH_COLUMNS, rows, key=KEY, changing=("last_listed_at",), when="1 = 0")
        known |= stored_ids(owner, first)
    return known


def stored_ids(owner: AccountState, provider_ids: Iterable[str]) -> dict[str, int]:
    batches = ProviderBatch.objects.filter(account=owner, provider_id__in=[*provider_ids])
    return dict(batches.values_list("provider_id", "pk"))


@transaction.atomic
def record_page(owner: AccountState, page: Sequence[RemoteMessage]) -> set[int]:
    """Store one page of messages, and apply those of campaigns to the campaigns.

    Returns the ids of the stored batches on the page that are of other programs.
    """
    named = {item.batch_id for item in page if item.batch_id}
    own = {
        batch.provider_id: batch
        for batch in Batch.objects.filter(account=owner.account, provider_id__in=named)
    }
    statuses.lock_campaigns({batch.campaign_id for batch in own.values()})
    touched = record_messages(owner, page, campaign_batches=own.keys())
    for provider_id, batch in own.items():
        statuses.apply_messages(batch, [item for item in page if item.batch_id == provider_id])
    others = (item for item in page if item.batch_id not in own and item.direction is not Direction.INBOUND)
    statuses.apply_opt_outs(owner.account, others)
    return touched - set(stored_ids(owner, own).values())


def recount(batch_ids: Iterable[int]) -> None:
    """Count the messages of these batches by state. Slow: reads every message."""
    for batch_id in batch_ids:
        messages = ProviderMessage.objects.filter(batch=batch_id).order_by()
        counted = messages.values_list("undelivered", "error_code").annotate(Count("id"), Sum("cost"))
        totals: dict[str, dict[str, Any]] = {}
        for undelivered, code, count, cost in counted:
            state = state_of(status_of(undelivered))
            part = totals.setdefault(state, {"count": 0, "cost": "0", "error_codes": {}})
            part["count"] += count
            # SQLite adds money up as a float.
            part["cost"] = str(Decimal(part["cost"]) + Decimal(cost or 0).quantize(MILL))
            if code:
                part["error_codes"][code] = count
        ProviderBatch.objects.filter(pk=batch_id).update(totals=totals)


def status_of(undelivered: str | None) -> MessageStatus:
    """What the column of a ProviderMessage says."""
    return MessageStatus.DELIVERED if undelivered is None else MessageStatus(undelivered)


def state_of(status: MessageStatus) -> str:
    """The state that pages show."""
    return STATES.get(status, OTHER)


def statuses_in(state: str) -> list[MessageStatus]:
    """The statuses that pages show as this state."""
    return [status for status in MessageStatus if state_of(status) == state]
