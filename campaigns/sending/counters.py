"""Moving people between states, always inside the transaction that moves the rows."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import F

from campaigns.models import RowState, Tally


def move(campaign_id: int, source: RowState, target: RowState, count: int) -> None:
    """`count` people leave one state for another. The database refuses a negative or unbalanced tally."""
    if count and source != target:
        shift(campaign_id, {source.value: -count, target.value: count})


def shift(campaign_id: int, changes: Mapping[str, int]) -> None:
    """Add to several columns at once; the changes, `rows` aside, must sum to what `rows` gains."""
    wanted = {name: F(name) + change for name, change in changes.items() if change}
    if wanted:
        Tally.objects.filter(campaign_id=campaign_id).update(**wanted)
