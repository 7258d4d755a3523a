"""Pacing: bounds the texts that the provider has accepted and not sent, because they cannot be recalled."""

from __future__ import annotations

from django.conf import settings
from django.db.models import F, Sum

from campaigns.accounts.account import Account
from campaigns.models import Batch

REFILL_SHARE = 0.9
"""Wait for this share of the excess only, so that the number is never idle."""


def unprocessed(account: Account, sender: str) -> int:
    """Texts that the provider has accepted from this number and not sent, as of the last poll."""
    sums = Batch.objects.filter(
        account=account.known_id(), sender=sender, state=Batch.State.ACCEPTED, completed_at__isnull=True
    ).aggregate(left=Sum(F("provider_size") - F("processed_count")))
    return max(0, int(sums["left"] or 0))


def seconds_until_capacity(account: Account, sender: str, size: int, *, in_flight: int = 0) -> float:
    """0 if a batch of this size may leave now, else an estimate. `in_flight`: texts of an open request."""
    if settings.HANDOVER_MINUTES <= 0:
        return 0.0
    rate = account.rate_for(sender)
    bound = max(size, settings.HANDOVER_MINUTES * rate)
    excess = unprocessed(account, sender) + in_flight + size - bound
    if excess <= 0:
        return 0.0
    return max(1.0, min(60.0, float(excess / rate * 60 * REFILL_SHARE)))
