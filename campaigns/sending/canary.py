"""The canary: a campaign's first texts leave alone; the rest waits until a person has seen the receipts."""

from __future__ import annotations

from campaigns.accounts import registry
from campaigns.models import Batch, Campaign
from campaigns.sending import lifecycle

SIZE = 50
"""Texts: enough to meet every large carrier, few enough to regret."""
UNSETTLED = (
    Batch.State.QUEUED, Batch.State.HELD, Batch.State.SUBMITTING, Batch.State.IN_DOUBT,
    Batch.State.NEEDS_REVIEW,
)  # fmt: skip
"""States of the first batch in which it is too early to ask a person."""


def guards(campaign: Campaign, number: int) -> bool:
    """Whether the batch of this number has to wait until a person lets the campaign go on."""
    return bool(campaign.canary) and campaign.canary_confirmed_at is None and number > 1


def hold_when_taken(campaign: Campaign) -> None:
    """Hold the campaign once the first batch is settled. Call with the campaign locked."""
    first = Batch.objects.get(campaign=campaign, number=1)
    if first.state not in UNSETTLED:
        lifecycle.hold(campaign.pk, hold_sentence(first), code=lifecycle.CANARY)


def hold_sentence(first: Batch) -> str:
    texts = "The first text was" if first.size == 1 else f"The first {first.size:,} texts were"
    if first.state == Batch.State.ACCEPTED:
        who = f"{texts} handed to {registry.default().name}"
        return f"{who}, and nothing else was. Look at their receipts, then go on or stop."
    if first.state == Batch.State.MARKED_SENT:
        return f"{texts} marked as sent, and nothing else was handed over."
    return "Nobody of those who were to be texted first was left to text, so nothing was sent yet."
