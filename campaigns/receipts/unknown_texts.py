"""Compares texts one by one: which of ours the provider lacks, and which of the provider's are not ours."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils import timezone

from campaigns.models import Batch, Message, ProviderMessage
from campaigns.providers.base import Provider
from campaigns.providers.types import Direction, RemoteMessage
from campaigns.receipts import discrepancies, store
from campaigns.receipts.discrepancies import Kind
from campaigns.receipts.unknown_batches import CHUNK, CLOCK_SKEW

MAX_NAMED = 20
"""Rows that a discrepancy names; also how many unknown texts of one batch are recorded."""


def check_outside_batches(account: str, start: datetime) -> None:
    owner = store.owner_of(account)
    at, end = start, timezone.now() + CLOCK_SKEW
    # Carillon sends only batches, so a text in no batch is of another program. An hour at a time.
    while at < end:
        rows = ProviderMessage.objects.filter(
            account=owner,
            created_at__gte=at,
            created_at__lt=at + CLOCK_SKEW,
            inbound=False,
            batch__isnull=True,
        )
        for provider_id, sender in rows.values_list("provider_id", "own_number")[:CHUNK]:
            record_text(account, provider_id, sender)
        at += CLOCK_SKEW


def check_batch(carrier: Provider, account: str, batch: Batch) -> int:
    """Compare one batch, text by text. Returns how many texts the provider shows."""
    pages = carrier.messages(
        date_from=(batch.provider_created_at or batch.accepted_at or timezone.now()) - CLOCK_SKEW,
        date_to=timezone.now() + CLOCK_SKEW,
        batch_id=batch.provider_id,
        whole=True,
    )
    listed = [item for page in pages for item in page if item.direction is not Direction.INBOUND]
    sent = Message.objects.filter(batch=batch).exclude(
        state__in=(Message.State.EXCLUDED, Message.State.REJECTED)
    )
    rows = dict(sent.values_list("to", "import_row__number"))
    check_missing(account, batch, rows, listed)
    check_unknown(account, batch, rows, listed)
    return len(listed)


def check_missing(
    account: str, batch: Batch, rows: Mapping[str, int], listed: Sequence[RemoteMessage]
) -> None:
    """`rows`: recipient → row of the file, for each text that we sent."""
    about = discrepancies.about_batch(batch)
    missing = sorted(rows[to] for to in rows.keys() - {item.to for item in listed})
    if not missing:
        discrepancies.settle(Kind.MISSING_TEXT, account, about)
        return
    data = {
        "batch": batch.number,
        "texts": len(rows),
        "missing": len(missing),
        "rows": missing[:MAX_NAMED],
    }
    discrepancies.record(
        Kind.MISSING_TEXT, account, about, data, campaign_id=batch.campaign_id, sender=batch.sender
    )


def check_unknown(
    account: str, batch: Batch, rows: Mapping[str, int], listed: Sequence[RemoteMessage]
) -> None:
    ids: dict[str, set[str]] = {}
    for item in listed:
        ids.setdefault(item.to, set()).add(item.provider_id)
    # A recipient who is not in our batch has no text there, one who is has exactly one.
    extra = [key for to, keys in ids.items() for key in sorted(keys)[1 if to in rows else 0 :]]
    for provider_id in extra[:MAX_NAMED]:
        record_text(account, provider_id, batch.sender, batch)


def record_text(account: str, provider_id: str, sender: str, batch: Batch | None = None) -> None:
    """`batch`: ours, in which the provider shows the text."""
    discrepancies.record(
        Kind.UNKNOWN_TEXT,
        account,
        provider_id,
        {"batch": batch.number} if batch else {},
        campaign_id=batch.campaign_id if batch else None,
        sender=sender,
    )
