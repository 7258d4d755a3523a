"""Compares the provider's totals of a batch with our messages of it: the counts must be equal."""

from collections import Counter
from datetime import timedelta

from django.db.models import Count
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Batch, Message
from campaigns.receipts import discrepancies
from campaigns.receipts.discrepancies import Kind

LAG = timedelta(minutes=5)
"""After a batch was completed the provider's lists may lag behind its totals for this long."""

PARTS = {
    "queued": ("with the carrier", Message.State.WAITING),
    "sent": ("sent without a receipt", Message.State.SENT),
    "delivered": ("delivered", Message.State.DELIVERED),
    "sending_failed": ("not delivered", Message.State.NOT_DELIVERED),
    "delivery_failed": ("not delivered", Message.State.NOT_DELIVERED),
}
"""The five totals: the name of each, and our state for it."""


def compare(batch: Batch, *, stable: bool) -> bool:
    """Whether both counts are equal, for a completed batch with totals and messages read.

    `stable`: the totals are unchanged since the previous poll, so no receipt is on its way. Then a difference
    is recorded as a discrepancy, which is settled as soon as the counts agree.
    """
    about = discrepancies.about_batch(batch)
    unequal = differences(batch)
    if not unequal:
        discrepancies.settle(Kind.SUMS, batch.account, about)
        return True
    lists_are_current = batch.completed_at is not None and timezone.now() - batch.completed_at >= LAG
    if stable and lists_are_current:
        name = registry.name_of(batch.account)
        counts = "; ".join(
            f"{name} counts {theirs:,} {word}, our messages say {local:,}" for word, theirs, local in unequal
        )
        discrepancies.record(
            Kind.SUMS,
            batch.account,
            about,
            f"Batch {batch.number:,}: {counts}.",
            campaign_id=batch.campaign_id,
            sender=batch.sender,
        )
    return False


def differences(batch: Batch) -> list[tuple[str, int, int]]:
    theirs: Counter[str] = Counter()
    for part, (word, _) in PARTS.items():
        theirs[word] += batch.totals.get(part, {}).get("count", 0)
    counted = Message.objects.filter(batch=batch).order_by().values_list("state").annotate(Count("id"))
    counts = dict(counted)
    words = dict(PARTS.values())
    return [
        (word, theirs[word], counts.get(state, 0))
        for word, state in words.items()
        if theirs[word] != counts.get(state, 0)
    ]
