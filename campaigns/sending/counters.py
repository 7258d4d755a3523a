"""Moves people between the counters of a campaign, in the transaction that moves the rows."""

from collections.abc import Mapping

from django.db.models import F

from campaigns.models import Counters, RowState


def move(campaign_id: int, source: RowState, target: RowState, count: int) -> None:
    """Move `count` people. The database refuses counters that are negative or do not add up."""
    if count and source != target:
        shift(campaign_id, {source.value: -count, target.value: count})


def shift(campaign_id: int, changes: Mapping[str, int]) -> None:
    """Add to several columns. The changes of the states must sum to the change of `rows`."""
    updates = {name: F(name) + change for name, change in changes.items() if change}
    if updates:
        Counters.objects.filter(campaign_id=campaign_id).update(**updates)
