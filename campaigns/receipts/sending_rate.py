"""Measures how many texts a minute a number really sends."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min, Sum
from django.utils import timezone

from campaigns.models import Batch, SenderNumber

MIN_SPAN = timedelta(seconds=2)
"""A shorter time gives no reliable rate."""
OLD_WEIGHT, NEW_WEIGHT = 0.6, 0.4


@transaction.atomic
def measure(account: str, sender: str) -> None:
    """Update the smoothed rate of a number. Only time in which it had work counts.

    A batch that completed between two polls gives a lower bound: its size divided by the time since it was
    accepted.
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
        current = current_rate(number, total, work["done"], work["since"], now)
        if current <= 0:
            return
        smoothed = current if number.rate is None else OLD_WEIGHT * number.rate + NEW_WEIGHT * current
        # The rate of a number that was idle may be a lower bound, and its first texts take a moment.
        number.rate = smoothed if number.processed_at else max(smoothed, current)
    last = batches.filter(completed_at__isnull=False).order_by("-completed_at").first()
    if last is not None and last.completed_at == last.polled_at:
        number.rate = max(number.rate or 0.0, lower_bound(last))
    number.processed_total, number.processed_at = total, None if idle else now
    number.save(update_fields=["rate", "processed_total", "processed_at"])


def current_rate(number: SenderNumber, total: int, done: int, since: datetime, now: datetime) -> float:
    """Texts a minute since the last measurement; 0 if it is too early to say.

    `done`: texts processed in the unfinished batches, the first of which was accepted at `since`. A number
    that may have been idle since the last measurement has two spans, both too long: the better one counts.
    """
    spans = [(number.processed_at, total - number.processed_total)] if number.processed_at else []
    if number.processed_at is None or since > number.processed_at:
        spans.append((since, done))
    return max(
        texts / (now - start).total_seconds() * 60 if now - start >= MIN_SPAN else 0.0
        for start, texts in spans
    )


def lower_bound(batch: Batch) -> float:
    if batch.completed_at is None or batch.accepted_at is None:
        return 0.0
    seconds = max(1.0, (batch.completed_at - batch.accepted_at).total_seconds())
    return batch.provider_size / seconds * 60
