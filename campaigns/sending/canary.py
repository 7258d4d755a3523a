"""The canary: a campaign's first texts leave alone; the rest waits until a person has seen the receipts."""

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
        lifecycle.hold(campaign.pk, Campaign.HoldReason.CANARY, texts=first.size, state=first.state)
