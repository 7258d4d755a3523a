"""The provider's aggregation of a batch against our messages of it: they must count the same."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from django.db.models import Count
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Batch, Message
from campaigns.receipts import discrepancies
from campaigns.receipts.discrepancies import Kind

LAG = timedelta(minutes=5)
"""After a batch was completed its lists may still be behind its counts."""

PARTS = {
    "queued": ("with the carrier", Message.State.WAITING),
    "sent": ("sent without a receipt", Message.State.SENT),
    "delivered": ("delivered", Message.State.DELIVERED),
    "sending_failed": ("not delivered", Message.State.NOT_DELIVERED),
    "delivery_failed": ("not delivered", Message.State.NOT_DELIVERED),
}
"""The five parts of the aggregation: what each is called, and our state for it."""


def compare(batch: Batch, *, stable: bool) -> bool:
    """Whether both count the same, for a completed batch of which both were read.

    `stable`: the aggregation says what it said the last time, so nothing is on its way; a difference is
    kept then, for people. It is settled as soon as they agree.
    """
    about = discrepancies.about_batch(batch)
    found = _differences(batch)
    if not found:
        discrepancies.settle(Kind.SUMS, batch.account, about)
        return True
    settled_down = batch.completed_at is not None and timezone.now() - batch.completed_at >= LAG
    if stable and settled_down:
        name = registry.provider_name()
        said = "; ".join(
            f"{name} counts {theirs:,} {word}, our messages say {ours:,}" for word, theirs, ours in found
        )
        discrepancies.record(
            Kind.SUMS,
            batch.account,
            about,
            f"Batch {batch.number:,}: {said}.",
            campaign_id=batch.campaign_id,
            sender=batch.sender,
        )
    return False


def _differences(batch: Batch) -> list[tuple[str, int, int]]:
    """What it is called, the provider's count, and ours."""
    theirs: Counter[str] = Counter()
    for part, (word, _) in PARTS.items():
        theirs[word] += batch.totals.get(part, {}).get("count", 0)
    counted = Message.objects.filter(batch=batch).order_by().values_list("state").annotate(Count("id"))
    ours = dict(counted)
    words = dict(PARTS.values())
    return [
        (word, theirs[word], ours.get(state, 0))
        for word, state in words.items()
        if theirs[word] != ours.get(state, 0)
    ]
