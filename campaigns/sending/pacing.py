"""How much may lie at the provider, beyond recall."""

from __future__ import annotations

from django.conf import settings
from django.db.models import F, Sum

from campaigns.accounts import registry
from campaigns.models import Batch

SHARE = 0.9
"""Part of the bound that must be free again before the next batch leaves in time: none sits idle."""


def unprocessed(sender: str) -> int:
    """Texts that the provider took from this number and has not sent yet, as last read."""
    found = Batch.objects.filter(
        sender=sender, state=Batch.State.ACCEPTED, completed_at__isnull=True
    ).aggregate(left=Sum(F("remote_size") - F("processed_count")))
    return max(0, int(found["left"] or 0))


def seconds_until_capacity(sender: str, size: int, *, in_flight: int = 0) -> float:
    """0 if a batch of this size may leave now, else about how long the number needs to make room.

    `in_flight`: texts of a request whose answer is awaited.
    """
    if settings.HANDOVER_MINUTES <= 0:
        return 0.0
    rate = registry.rate_for(sender)
    bound = max(size, settings.HANDOVER_MINUTES * rate)
    over = unprocessed(sender) + in_flight + size - bound
    if over <= 0:
        return 0.0
    return max(1.0, min(60.0, float(over / rate * 60 * SHARE)))
