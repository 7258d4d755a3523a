"""The next batch is prepared while the answer to the last is awaited, and given back if it must not leave."""

from collections.abc import Iterator

import pytest
from django.conf import LazySettings

from campaigns.models import Attempt, Batch, Campaign, OptOut
from campaigns.sending import dispatch, lifecycle
from campaigns.sending.steps import StepResult
from tests.simulator.running import RunningSimulator
from tests.support import scenario

pytestmark = pytest.mark.django_db

POST = {"method": "POST", "path": "/a2p-sms/batches"}


@pytest.fixture
def campaign(carrier: RunningSimulator) -> Campaign:
    return scenario.launched(scenario.people(6), size=2)


@pytest.fixture
def pipeline(campaign: Campaign) -> Iterator[dispatch.Pipeline]:
    made = dispatch.Pipeline(campaign.pk)
    yield made
    made.stop()


def attempts(campaign: Campaign) -> list[str]:
    found = Attempt.objects.filter(batch__campaign=campaign).order_by("pk")
    return list(found.values_list("state", flat=True))


def test_everybody_once_and_in_order(
    campaign: Campaign, pipeline: dispatch.Pipeline, carrier: RunningSimulator
) -> None:
    results = [pipeline.step().result for _ in range(4)]
    assert results == [StepResult.SUBMITTED] * 3 + [StepResult.DONE]
    assert [line["to"] for line in carrier.ledger()] == [phone for phone, _ in scenario.people(6)]
    assert attempts(campaign) == ["accepted"] * 3
    scenario.assert_adds_up(campaign)


def test_the_next_one_is_ready_when_the_answer_comes(campaign: Campaign, pipeline: dispatch.Pipeline) -> None:
    pipeline.step()
    assert attempts(campaign) == ["accepted", "prepared"]
    assert scenario.counts(campaign) == {"with_carrier": 2, "queued": 4}


def test_what_was_prepared_and_not_needed_waits_again(
    campaign: Campaign, pipeline: dispatch.Pipeline
) -> None:
    pipeline.step()
    pipeline.stop()
    assert attempts(campaign) == ["accepted", "not_sent"]
    assert scenario.submit_all(campaign).result == StepResult.DONE
    scenario.assert_adds_up(campaign)


def test_a_lost_answer_gives_the_next_one_back(
    campaign: Campaign, pipeline: dispatch.Pipeline, carrier: RunningSimulator
) -> None:
    carrier.faults({**POST, "fault": "drop_after", "times": 1})
    assert pipeline.step().result == StepResult.BLOCKED
    assert attempts(campaign) == ["ambiguous", "not_sent"]
    assert pipeline.step().result == StepResult.BLOCKED
    assert len(carrier.ledger()) == 2
    assert scenario.counts(campaign) == {"in_doubt": 2, "queued": 4}


def test_an_opt_out_after_it_was_prepared_is_honoured(
    campaign: Campaign, pipeline: dispatch.Pipeline, carrier: RunningSimulator
) -> None:
    pipeline.step()
    OptOut.objects.create(phone=scenario.phone(2))
    while pipeline.step().result != StepResult.DONE:
        pass
    assert scenario.phone(2) not in {line["to"] for line in carrier.ledger()}
    assert scenario.counts(campaign) == {"with_carrier": 5, "excluded": 1}
    scenario.assert_adds_up(campaign)


def test_a_hold_after_it_was_prepared_is_honoured(
    campaign: Campaign, pipeline: dispatch.Pipeline, carrier: RunningSimulator
) -> None:
    pipeline.step()
    lifecycle.hold(campaign.pk, Campaign.HoldReason.PROVIDER_ERROR, said=[])
    assert pipeline.step().result != StepResult.SUBMITTED
    assert len(carrier.ledger()) == 2
    assert scenario.counts(campaign) == {"with_carrier": 2, "held": 4}
    assert set(Batch.objects.filter(campaign=campaign).values_list("state", flat=True)) == {
        "with_carrier",
        "held",
    }


def test_no_more_is_prepared_than_may_lie_at_the_provider(
    campaign: Campaign, pipeline: dispatch.Pipeline, settings: LazySettings
) -> None:
    settings.HANDOVER_MINUTES = 0.001
    pipeline.step()
    assert attempts(campaign) == ["accepted"]
