"""The carrier's totals against our messages: differences are recorded, and settled when both agree."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from campaigns.labels.discrepancies import describe_discrepancy
from campaigns.models import Batch, Campaign, Discrepancy, Message, RowState
from campaigns.receipts import discrepancies, totals_check
from campaigns.sending import counters
from tests.simulator.running import RunningSimulator
from tests.support import scenario

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(carrier: RunningSimulator) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(timezone.now()) as traveller:
        yield traveller


@pytest.fixture
def campaign(clock: time_machine.Traveller) -> Campaign:
    """Two delivered texts and one without a receipt, so the batch is polled on."""
    made = scenario.launched([*scenario.people(2), (scenario.ending("9701"), "no receipt")])
    scenario.submit_all(made)
    scenario.poll()
    assert scenario.counts(made) == {"delivered": 2, "sent": 1}
    return made


def lose_a_receipt(campaign: Campaign) -> Message:
    """Marks a text as failed that the carrier counts as delivered, which no list can correct."""
    message = Message.objects.filter(campaign=campaign, state="delivered").earliest("pk")
    Message.objects.filter(pk=message.pk).update(state="not_delivered")
    counters.move(campaign.pk, RowState.DELIVERED, RowState.NOT_DELIVERED, 1)
    return message


def unsettled() -> list[Discrepancy]:
    return list(discrepancies.unsettled())


def test_what_agrees_is_not_mentioned(campaign: Campaign, clock: time_machine.Traveller) -> None:
    for _ in range(3):
        clock.shift(timedelta(minutes=10))
        scenario.poll()
    assert not Discrepancy.objects.exists()


def test_differs_is_kept_once_and_settled_by_itself(
    campaign: Campaign, clock: time_machine.Traveller
) -> None:
    message = lose_a_receipt(campaign)
    scenario.poll()
    assert unsettled() == [], "its lists may be behind its counts for some minutes"
    for _ in range(3):
        clock.shift(timedelta(minutes=10))
        scenario.poll()
    [discrepancy] = unsettled()
    assert (discrepancy.kind, discrepancy.campaign, discrepancy.sender) == ("sums", campaign, scenario.LOCAL)
    assert describe_discrepancy(discrepancy) == (
        "Batch 1: RingCentral counts 2 delivered, our messages say 1; "
        "RingCentral counts 0 not delivered, our messages say 1."
    )
    Message.objects.filter(pk=message.pk).update(state="delivered")
    counters.move(campaign.pk, RowState.NOT_DELIVERED, RowState.DELIVERED, 1)
    clock.shift(timedelta(minutes=10))
    scenario.poll()
    assert unsettled() == []
    assert Discrepancy.objects.get().settled_by is None


def test_a_batch_whose_counts_differ_is_asked_about_on(clock: time_machine.Traveller) -> None:
    campaign = scenario.launched(scenario.people(3))
    scenario.submit_all(campaign)
    message = Message.objects.earliest("pk")
    Message.objects.filter(pk=message.pk).update(state="not_delivered")
    counters.move(campaign.pk, RowState.WITH_CARRIER, RowState.NOT_DELIVERED, 1)
    scenario.poll()
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.DELIVERING
    assert Batch.objects.get().next_poll_at is not None
    clock.shift(timedelta(minutes=10))
    scenario.poll()
    assert len(unsettled()) == 1


def test_totals_that_still_move_prove_nothing(campaign: Campaign, clock: time_machine.Traveller) -> None:
    lose_a_receipt(campaign)
    clock.shift(timedelta(minutes=10))
    Batch.objects.update(totals={})
    scenario.poll()
    assert unsettled() == []
    assert not totals_check.compare(Batch.objects.get(), stable=False)
    assert unsettled() == []
    assert not totals_check.compare(Batch.objects.get(), stable=True)
    assert len(unsettled()) == 1
