"""Batches at the provider that no attempt of ours made."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Exists, OuterRef
from django.utils import timezone

from campaigns.models import Attempt, Batch, Discrepancy, Message, ProviderBatch, ProviderMessage
from campaigns.providers.types import BatchState
from campaigns.receipts import discrepancies, store
from campaigns.receipts.discrepancies import Kind

MAX_AGE = timedelta(hours=48)
"""Older batches are not compared."""
CLOCK_SKEW = timedelta(hours=1)
"""The provider's clock may differ from ours by this much."""
CHUNK = 500
SAMPLE_TEXTS = 50


class ListedBatch(NamedTuple):
    """A batch from the provider's list or from the provider store."""

    provider_id: str
    sender: str
    size: int
    created_at: datetime | None


def check_store(account: str) -> int:
    """Search the provider store for unknown batches. Returns how many are newly recorded."""
    owner = store.owner_of(account)
    recent = ProviderBatch.objects.filter(account=owner, created_at__gte=timezone.now() - MAX_AGE)
    linked = Attempt.objects.filter(account=owner.account, provider_id=OuterRef("provider_id"))
    recorded = Discrepancy.objects.filter(
        account=owner.account, kind=Kind.UNKNOWN_BATCH, about=OuterRef("provider_id")
    )
    rows = recent.filter(~Exists(linked), ~Exists(recorded)).order_by("created_at")
    batches = [
        ListedBatch(*row) for row in rows.values_list("provider_id", "sender", "size", "created_at")[:CHUNK]
    ]
    news = record_unknown(owner.account, batches)
    settle_known(owner.account)
    return news


def check_listed(account: str, batches: Sequence[BatchState]) -> int:
    return record_unknown(
        account,
        [
            ListedBatch(item.provider_id, item.sender, item.batch_size, item.created_at)
            for item in batches
            if item.provider_id
        ],
    )


def record_unknown(account: str, batches: Sequence[ListedBatch]) -> int:
    """Record those of the batches that no attempt made. Returns how many are newly recorded.

    Open attempts are read before links. A batch that the provider has was marked as sending before, so its
    attempt is either still open in the first query or linked in the second.
    """
    unresolved = Attempt.objects.filter(account=account, state__in=Attempt.UNRESOLVED)
    searched = {sender: since for sender, since in unresolved.values_list("sender", "sending_at") if since}
    ids = [batch.provider_id for batch in batches]
    linked = set(
        Attempt.objects.filter(account=account, provider_id__in=ids).values_list("provider_id", flat=True)
    )
    unknown = [
        batch for batch in batches if batch.provider_id not in linked and not may_be_in_doubt(batch, searched)
    ]
    return sum(record_batch(account, batch) for batch in unknown)


def may_be_in_doubt(batch: ListedBatch, searched: dict[str, datetime]) -> bool:
    # Whether an unresolved attempt made the batch is for reconciling to decide, and first.
    since = searched.get(batch.sender)
    return since is not None and (batch.created_at is None or batch.created_at >= since - CLOCK_SKEW)


def record_batch(account: str, batch: ListedBatch) -> bool:
    same = with_same_texts(account, batch.provider_id)
    origin = {"batch": same.number, "state": same.state} if same else {}
    return discrepancies.record(
        Kind.UNKNOWN_BATCH,
        account,
        batch.provider_id,
        {"texts": batch.size, **origin},
        campaign_id=same.campaign_id if same else None,
        sender=batch.sender,
    )


def with_same_texts(account: str, provider_id: str) -> Batch | None:
    """Our batch with the texts of an unknown one, compared by a sample."""
    sample = ProviderMessage.objects.filter(
        batch__account__account=account, batch__provider_id=provider_id, inbound=False
    ).exclude(text="")
    texts = dict(sample.order_by("-created_at", "-id").values_list("other_number", "text")[:SAMPLE_TEXTS])
    messages = Message.objects.filter(to__in=texts, campaign__launched_at__gte=timezone.now() - 2 * MAX_AGE)
    matches = Counter(
        batch for to, text, batch in messages.values_list("to", "text", "batch") if texts[to] == text
    )
    if not matches:
        return None
    return Batch.objects.select_related("campaign").get(pk=matches.most_common(1)[0][0])


def settle_known(account: str) -> None:
    """Settle batches that were adopted since, and compare recent ones again with texts read since."""
    unsettled = discrepancies.unsettled().filter(kind=Kind.UNKNOWN_BATCH, account=account)
    adopted = Attempt.objects.filter(account=account, provider_id=OuterRef("about"))
    linked = unsettled.filter(Exists(adopted)).values_list("about", flat=True)
    discrepancies.settle(Kind.UNKNOWN_BATCH, account, *linked)
    recent = unsettled.filter(campaign=None, found_at__gte=timezone.now() - discrepancies.COMPARE_FOR)
    for about, sender in list(recent.values_list("about", "sender")[:CHUNK]):
        sizes = ProviderBatch.objects.filter(account__account=account, provider_id=about).values_list("size")
        record_batch(account, ListedBatch(about, sender, max(sizes, default=(0,))[0], None))
