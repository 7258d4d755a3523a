"""The carrier cannot be reached: nothing is marked as sent, people are told, and it goes on by itself."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.accounts.account import LOCAL_RATE
from campaigns.labels.holds import why_it_waits
from campaigns.models import AccountState, Attempt, Batch, Campaign
from campaigns.providers.base import ProviderError
from campaigns.receipts import polling
from campaigns.reports import progress
from campaigns.sending import dispatch
from campaigns.sending.steps import StepResult
from campaigns.worker import schedule
from tests.simulator.running import RunningSimulator
from tests.support import scenario
from tests.support.carrier import without_pauses

pytestmark = pytest.mark.django_db

CLOSED = "http://127.0.0.1:9"
"""Nothing listens there."""


def lose(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same account, at an address where nobody answers."""
    for holder in (registry.default().provider, registry.default().provider._sign_in):  # type: ignore[attr-defined]
        monkeypatch.setattr(holder, "_url", CLOSED)


def find(carrier: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for holder in (registry.default().provider, registry.default().provider._sign_in):  # type: ignore[attr-defined]
        monkeypatch.setattr(holder, "_url", carrier.url)


def test_it_waits_longer_and_longer_and_goes_on_by_itself(
    carrier: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = scenario.launched(scenario.people(4), size=2)
    dispatch.step(campaign.pk)
    lose(monkeypatch)
    pauses = []
    for _ in range(8):
        step = scenario.submit_all(campaign)
        assert step.result == StepResult.WAIT
        pauses.append(step.seconds)
        assert 0 < dispatch.step(campaign.pk).seconds <= step.seconds, "no try before its time"
        Campaign.objects.update(next_retry_at=None)
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]
    assert "cannot be reached" in why_it_waits(campaign)
    assert "cannot be reached" in scenario.account_error()
    assert AccountState.objects.get().error_since is not None
    assert set(Attempt.objects.filter(batch__number=2).values_list("state", flat=True)) == {"not_sent"}
    assert scenario.counts(campaign) == {"with_carrier": 2, "queued": 2}
    assert len(carrier.ledger()) == 2

    find(carrier, monkeypatch)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert len(carrier.ledger()) == 4
    assert (why_it_waits(campaign), campaign.failures, campaign.next_retry_at) == ("", 0, None)
    assert scenario.account_error() == ""
    scenario.assert_adds_up(campaign)


def test_a_site_that_never_reached_its_carrier_says_so(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RINGCENTRAL_SERVER_URL = CLOSED
    without_pauses(monkeypatch)
    with pytest.raises(ProviderError):
        registry.default().refresh_numbers()
    assert "cannot be reached" in scenario.account_error()
    assert registry.default().numbers() == []
    assert not registry.default().numbers_are_fresh()
    assert registry.default().number(scenario.LOCAL) is None
    assert registry.default().rate_for(scenario.LOCAL) == LOCAL_RATE
    assert polling.poll() == 0
    schedule.tick()


def test_after_a_restart_pages_and_campaigns_bear_an_outage(
    carrier: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new process has only the database to know the account from."""
    campaign = scenario.launched(scenario.people(4), size=2)
    dispatch.step(campaign.pk)
    lose(monkeypatch)
    registry.default()._id = ""
    monkeypatch.setattr(registry.default().provider, "_account", "")
    assert [number.phone for number in registry.default().usable_numbers()] == [
        scenario.LOCAL,
        scenario.TOLL_FREE,
    ]
    shown = progress.progress(campaign.pk)
    assert shown.handed_over == 2
    assert scenario.submit_all(campaign).result == StepResult.WAIT
    scenario.poll()
    assert "cannot be reached" in scenario.account_error()


def test_a_campaign_whose_account_was_never_known_waits(
    carrier: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = scenario.launched(scenario.people(2))
    lose(monkeypatch)
    registry.default()._id = ""
    AccountState.objects.all().delete()
    monkeypatch.setattr(registry.default().provider, "_account", "")
    step = scenario.submit_all(campaign)
    assert (step.result, step.seconds) == (StepResult.WAIT, 2)
    assert "cannot be reached" in why_it_waits(campaign)
    find(carrier, monkeypatch)
    Campaign.objects.update(next_retry_at=None)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert [(state.error, state.account) for state in AccountState.objects.all()] == [
        ({}, registry.default().fetch_id())
    ]


def test_an_outage_while_receipts_are_read_is_told_and_ends(
    carrier: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = scenario.launched(scenario.people(3))
    scenario.submit_all(campaign)
    lose(monkeypatch)
    assert scenario.poll() == 1
    assert "cannot be reached" in scenario.account_error()
    assert polling.poll() == 0, "not again at once"
    find(carrier, monkeypatch)
    with time_machine.travel(timezone.now() + timedelta(seconds=16), tick=True):
        assert polling.poll() == 1
    assert scenario.account_error() == ""


@pytest.mark.parametrize("status", [500, 503])
def test_trouble_at_the_carrier_is_told_too(carrier: RunningSimulator, status: int) -> None:
    campaign = scenario.launched(scenario.people(3))
    scenario.submit_all(campaign)
    carrier.faults({"method": "GET", "fault": "status", "status": status})
    assert scenario.poll() == 1
    assert "RingCentral has trouble" in scenario.account_error()
    carrier.faults()
    scenario.poll()
    assert scenario.account_error() == ""
    assert Batch.objects.get().completed_at is not None
