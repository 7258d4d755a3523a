"""Every event meets a campaign in every state: a listed one does this, any other changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.models import Campaign, History
from campaigns.sending import lifecycle
from tests.sending.situations import PEOPLE, everything, situation, somebody
from tests.support import factories, scenario

pytestmark = pytest.mark.django_db

EVENTS: dict[str, Callable[[Campaign], Any]] = {
    "begin": lambda campaign: lifecycle.begin(campaign.pk),
    "hold": lambda campaign: lifecycle.hold(campaign.pk, Campaign.HoldReason.PROVIDER_ERROR),
    "pause": lambda campaign: lifecycle.pause(campaign, user=somebody()),
    "resume": lambda campaign: lifecycle.resume(campaign, user=somebody()),
    "cancel": lambda campaign: lifecycle.cancel(campaign, user=somebody()),
    "undo": lambda campaign: lifecycle.undo(campaign, user=somebody()),
    "all submitted": lifecycle.mark_all_submitted,
    "final": lambda campaign: lifecycle.finish_if_final(campaign.pk),
}
WHERE = {"held": "held", "delivering": "with_carrier", "finished": "with_carrier"}
"""By state: where the campaign's people are; else they wait."""
STATES = (
    "draft", "preparing", "preparing, paused", "preparing, cancelled", "sending", "held", "delivering",
    "finished",
)  # fmt: skip
GONE = ("finished", "cancelled")
"""Cancelled, and nothing else is expected."""
LISTED: dict[str, dict[str, tuple[str, str]]] = {
    "begin": {
        "preparing": ("sending", "queued"),
        "preparing, paused": ("held", "held"),
        "preparing, cancelled": GONE,
    },
    "hold": {"sending": ("held", "held")},
    "pause": {"preparing": ("preparing", "queued"), "sending": ("held", "held")},
    "resume": {"preparing, paused": ("preparing", "queued"), "held": ("sending", "queued")},
    "cancel": {"sending": GONE, "held": GONE}
    | dict.fromkeys(("preparing", "preparing, paused"), ("preparing", "queued")),
    "undo": {"sending": GONE, "held": GONE}
    | dict.fromkeys(("preparing", "preparing, paused"), ("preparing", "queued")),
    "all submitted": {"sending": ("delivering", "queued")},
    "final": {"delivering": ("finished", "with_carrier")},
}
"""By event and state before: the campaign's state after it, and where its people are then."""


def campaign_in(name: str) -> Campaign:
    state, _, wish = name.partition(", ")
    campaign = situation("not_sent", WHERE.get(state, "queued")).batch.campaign
    soon = timezone.now() + timedelta(minutes=1)
    Campaign.objects.filter(pk=campaign.pk).update(undo_until=soon, **factories.in_state(state))
    if wish == "paused":
        assert lifecycle.pause(campaign, user=somebody())
    if wish == "cancelled":
        assert lifecycle.cancel(campaign, user=somebody()) is not None
    somebody()
    campaign.refresh_from_db()
    return campaign


def pairs(*, listed: bool) -> list[tuple[str, str]]:
    every = [(event, state) for event in EVENTS for state in STATES]
    return [(event, state) for event, state in every if (state in LISTED[event]) == listed]


@pytest.mark.parametrize(("event", "state"), pairs(listed=True))
def test_a_listed_event_does_this(event: str, state: str) -> None:
    campaign = campaign_in(state)
    after, where = LISTED[event][state]
    written = History.objects.count()
    EVENTS[event](campaign)
    campaign.refresh_from_db()
    assert campaign.state == after
    assert scenario.counts(campaign) == {where: PEOPLE}
    assert set(campaign.batches.values_list("state", flat=True)) == {where}
    assert History.objects.count() - written in (1, 2)


@pytest.mark.parametrize(("event", "state"), pairs(listed=False))
def test_any_other_changes_nothing_at_all(event: str, state: str) -> None:
    campaign = campaign_in(state)
    before = everything()
    EVENTS[event](campaign)
    assert everything() == before


@pytest.mark.parametrize("state", ["sending", "held"])
def test_a_campaign_of_which_nothing_can_change_any_more(state: str) -> None:
    """A held one of which the last batch has arrived meanwhile comes to its end, a sending one goes on."""
    campaign = situation("accepted").batch.campaign
    Campaign.objects.update(**factories.in_state(state))
    assert lifecycle.finish_if_final(campaign.pk) == (state == "held")
    campaign.refresh_from_db()
    assert campaign.state == ("finished" if state == "held" else "sending")
