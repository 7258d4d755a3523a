"""A batch has one live attempt: the database sees to it, even if every look of the send path were wrong."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from campaigns.models import Attempt, Batch
from campaigns.sending import accounts, dispatch, ledger
from campaigns.sending.dispatch import Did
from tests.sending import world
from tests.simulator.running import RunningSimulator

pytestmark = pytest.mark.django_db

LIVE = [state for state in Attempt.State if state not in Attempt.DEAD]
ELSEWHERE = "another host:1:1"


def tried(state: str) -> Batch:
    """A batch that waits, and one attempt of it that another host made; nothing else stands in its way."""
    campaign = world.launched(world.people(2))
    batch = Batch.objects.get(campaign=campaign)
    now = timezone.now()
    Attempt.objects.create(
        batch=batch, account="another account", sender=batch.sender, size=2, state=state, owner=ELSEWHERE,
        prepared_at=now, sending_at=now, provider_id="1" if state == Attempt.State.ACCEPTED else "",
    )  # fmt: skip
    return batch


@pytest.mark.parametrize("state", LIVE)
def test_a_second_live_attempt_is_impossible(carrier: RunningSimulator, state: str) -> None:
    batch = tried(state)
    with pytest.raises(IntegrityError), transaction.atomic():
        ledger.prepare(batch.campaign, batch, accounts.account())
    # Nothing but the index is in the way of this: the account is another one.
    assert dispatch.step(batch.campaign_id) == dispatch.Step(Did.WAIT, 1.0)
    assert carrier.ledger() == []
    assert Attempt.objects.get().owner == ELSEWHERE


@pytest.mark.parametrize("state", Attempt.DEAD)
def test_after_a_dead_one_it_is_tried_again(carrier: RunningSimulator, state: str) -> None:
    batch = tried(state)
    assert world.hand_over(batch.campaign).did == Did.DONE
    assert len(carrier.ledger()) == 2
