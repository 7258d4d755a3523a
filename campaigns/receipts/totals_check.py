"""Compares the provider's totals of a batch with our messages of it: the counts must be equal."""

from collections import Counter
from datetime import timedelta

from django.db.models import Count
from django.utils import timezone

from campaigns.models import Batch, Message
from campaigns.providers.types import JSON
from campaigns.receipts import discrepancies
from campaigns.receipts.discrepancies import Kind

LAG = timedelta(minutes=5)
"""After a batch was completed the provider's lists may lag behind its totals for this long."""

PARTS = {
    "queued": Message.State.WAITING,
    "sent": Message.State.SENT,
    "delivered": Message.State.DELIVERED,
    "sending_failed": Message.State.NOT_DELIVERED,
    "delivery_failed": Message.State.NOT_DELIVERED,
}
"""The five totals, and our state for each."""


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
        discrepancies.record(
            Kind.SUMS,
            batch.account,
            about,
            {"batch": batch.number, "counts": unequal},
            campaign_id=batch.campaign_id,
            sender=batch.sender,
        )
    return False


def differences(batch: Batch) -> list[JSON]:
    """Where they differ: our state, the provider's count of it and ours."""
    theirs: Counter[str] = Counter()
    for part, state in PARTS.items():
        theirs[state.value] += batch.totals.get(part, {}).get("count", 0)
    counted = Message.objects.filter(batch=batch).order_by().values_list("state").annotate(Count("id"))
    here = dict(counted)
    return [
        {"state": state, "theirs": count, "counted": here.get(state, 0)}
        for state, count in theirs.items()
        if count != here.get(state, 0)
    ]
