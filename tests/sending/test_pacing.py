"""No more lies at the carrier, beyond recall, than its number sends soon."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.accounts.account import LOCAL_RATE, TOLL_FREE_RATE
from campaigns.models import AccessToken, Batch, Campaign, SenderNumber
from campaigns.receipts import sending_rate
from campaigns.sending import dispatch
from campaigns.sending.pacing import seconds_until_capacity, unprocessed
from campaigns.sending.steps import StepResult
from tests.simulator.running import RunningSimulator
from tests.support import scenario

pytestmark = pytest.mark.django_db


@pytest.fixture
def slow(carrier: RunningSimulator, settings: LazySettings) -> RunningSimulator:
    """Sends one text a second, as a real local number does; the bound is a minute's worth."""
    settings.HANDOVER_MINUTES = 1
    carrier.options(speed=1)
    return carrier


@pytest.mark.parametrize(
    ("minutes", "rate", "lies_there", "size", "waits"),
    [
        (15, 60, 0, 1000, False),  # one batch may always leave, however slow the number
        (15, 60, 1, 1000, True),
        (15, 60, 0, 100, False),
        (15, 60, 800, 100, False),  # 15 minutes at 60 are 900
        (15, 60, 801, 100, True),
        (15, 180, 1700, 1000, False),
        (15, 180, 1701, 1000, True),
        (0.5, 60, 0, 31, False),
        (0, 60, 10**6, 1000, False),  # 0: no bound
    ],
)
def test_the_bound(
    carrier: RunningSimulator,
    settings: LazySettings,
    minutes: float,
    rate: float,
    lies_there: int,
    size: int,
    waits: bool,
) -> None:
    settings.HANDOVER_MINUTES = minutes
    campaign = scenario.launched(scenario.people(1))
    SenderNumber.objects.filter(phone=scenario.LOCAL).update(rate=rate)
    Batch.objects.update(
        state="with_carrier", provider_size=lies_there, account=registry.default().fetch_id()
    )
    assert bool(seconds_until_capacity(registry.default(), campaign.sender, size)) is waits
    assert 0 <= seconds_until_capacity(registry.default(), campaign.sender, size) <= 60


def test_what_the_carrier_has_not_sent_never_exceeds_the_bound(slow: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(120), size=20)
    now = timezone.now()
    most = 0
    for seconds in range(0, 150, 15):
        with time_machine.travel(now + timedelta(seconds=seconds), tick=True):
            Campaign.objects.update(next_retry_at=None)
            last = scenario.submit_all(campaign)
            if last.result != StepResult.DONE:
                assert last.result == StepResult.WAIT
                assert last.seconds >= 1
            most = max(most, unprocessed(registry.default(), scenario.LOCAL))
            assert unprocessed(registry.default(), scenario.LOCAL) <= max(
                20, registry.default().rate_for(scenario.LOCAL)
            )
            slow.advance(15)
            scenario.poll()
    assert most >= 40, "it is kept busy"
    assert len(slow.ledger()) == 120
    assert scenario.counts(campaign).get("queued") is None


def test_the_rest_can_still_be_held(slow: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(200), size=25)
    scenario.submit_all(campaign)
    assert len(slow.ledger()) == 50
    assert scenario.counts(campaign) == {"with_carrier": 50, "queued": 150}
    assert dispatch.step(campaign.pk).result == StepResult.WAIT


def test_a_number_s_speed_is_measured_while_it_has_work(slow: RunningSimulator) -> None:
    slow.options(speed=5)
    campaign = scenario.launched(scenario.people(500))
    start = timezone.now()
    scenario.submit_all(campaign)
    scenario.poll()
    assert registry.default().rate_for(scenario.LOCAL) == LOCAL_RATE
    for seconds in (20, 40, 60, 80):
        slow.advance(20)
        with time_machine.travel(start + timedelta(seconds=seconds), tick=True):
            scenario.poll()
    assert registry.default().rate_for(scenario.LOCAL) == pytest.approx(300, rel=0.1)
    assert registry.default().rate_for(scenario.TOLL_FREE) == TOLL_FREE_RATE


def test_idle_time_does_not_count_against_a_number(slow: RunningSimulator) -> None:
    """Two batches a day apart: the night between says nothing of the speed."""
    contacts = scenario.imported(scenario.file_of(scenario.people(60)))
    start = timezone.now()
    for day in (0, 1):
        moment = start + timedelta(days=day)
        with time_machine.travel(moment, tick=True):
            AccessToken.objects.all().delete()
            campaign = scenario.launched(contacts)
            scenario.submit_all(campaign)
            scenario.poll()
        for seconds in (30, 70, 80):
            slow.advance(30)
            with time_machine.travel(moment + timedelta(seconds=seconds), tick=True):
                scenario.poll()
    assert registry.default().rate_for(scenario.LOCAL) > 20


def test_a_batch_finished_between_two_looks_gives_a_lower_bound(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(500))
    scenario.submit_all(campaign)
    Batch.objects.update(accepted_at=timezone.now() - timedelta(seconds=10))
    scenario.poll()
    assert registry.default().rate_for(scenario.LOCAL) == pytest.approx(3000, rel=0.2)


def test_a_number_that_is_not_listed_is_not_measured(carrier: RunningSimulator) -> None:
    sending_rate.measure("no such account", scenario.LOCAL)
    assert registry.default().rate_for("+12125550100") == LOCAL_RATE
