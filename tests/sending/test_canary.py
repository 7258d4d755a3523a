"""The first few leave alone; a person sees their receipts before the others get anything."""

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User

from campaigns.labels.holds import why_it_waits
from campaigns.models import Attempt, Batch, Campaign, History
from campaigns.reconciling import search
from campaigns.sending import launch, lifecycle
from campaigns.sending.dispatch import Pipeline
from campaigns.sending.steps import StepResult
from tests.simulator.running import RunningSimulator
from tests.support import factories, scenario
from tests.support.doubt import POST

pytestmark = pytest.mark.django_db


def launched(people: int = 8, *, canary: int = 2, size: int = 3) -> Campaign:
    campaign = scenario.drafted(scenario.people(people), size=size)
    campaign.canary = canary
    assert launch.launch(campaign, user=None)
    assert launch.freeze(campaign.pk)
    campaign.refresh_from_db()
    return campaign


def sizes() -> list[int]:
    return list(Batch.objects.order_by("number").values_list("size", flat=True))


@pytest.mark.parametrize(
    ("people", "chunk", "cut"),
    [(8, 100, [2, 3, 3]), (8, 1, [2, 3, 3]), (8, 4, [2, 3, 3]), (2, 100, [2]), (1, 100, [1])],
)
def test_the_first_batch_has_its_size_however_the_rows_come(
    carrier: RunningSimulator, monkeypatch: pytest.MonkeyPatch, people: int, chunk: int, cut: list[int]
) -> None:
    monkeypatch.setattr(launch, "CHUNK", chunk)
    campaign = launched(people)
    assert sizes() == cut
    scenario.assert_adds_up(campaign)


def test_never_more_than_a_batch(carrier: RunningSimulator) -> None:
    assert launched(canary=50).canary == 3
    assert sizes() == [3, 3, 2]


def test_it_holds_itself_and_goes_on_when_a_person_says_so(carrier: RunningSimulator, sender: User) -> None:
    campaign = launched()
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    assert (campaign.state, campaign.hold_reason) == ("held", "canary")
    assert "The first 2 texts were handed to RingCentral, and nothing else was." in why_it_waits(campaign)
    assert len(carrier.ledger()) == 2
    scenario.poll()
    assert scenario.counts(campaign) == {"delivered": 2, "held": 6}
    scenario.assert_adds_up(campaign)
    assert lifecycle.resume(campaign, user=sender)
    assert not lifecycle.resume(campaign, user=sender)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert len(carrier.ledger()) == 8
    assert campaign.canary_confirmed_at is not None
    assert History.objects.get(kind="canary_passed").actor_id == sender.pk


def test_stopped_the_others_get_nothing(carrier: RunningSimulator, sender: User) -> None:
    campaign = launched()
    scenario.submit_all(campaign)
    assert lifecycle.cancel(campaign, user=sender) == 6
    assert len(carrier.ledger()) == 2
    assert scenario.counts(campaign) == {"with_carrier": 2, "cancelled": 6}


def test_a_pause_in_between_does_not_let_it_pass(carrier: RunningSimulator, sender: User) -> None:
    campaign = launched()
    lifecycle.pause(campaign, user=sender)
    lifecycle.resume(campaign, user=sender)
    scenario.submit_all(campaign)
    control_code = Campaign.objects.values_list("hold_reason", flat=True).get()
    assert (control_code, len(carrier.ledger())) == ("canary", 2)


def test_the_next_batch_is_not_prepared_beside_it(carrier: RunningSimulator) -> None:
    campaign = launched()
    pipeline = Pipeline(campaign.pk)
    assert pipeline.step().result == StepResult.SUBMITTED
    assert pipeline._ready is None
    assert pipeline.step().result == StepResult.BLOCKED
    pipeline.stop()
    assert len(carrier.ledger()) == 2


@pytest.mark.parametrize(("fault", "arrived"), [("drop_after", 2), ("drop_before", 0)])
def test_in_doubt_it_waits_for_the_truth_first(
    carrier: RunningSimulator, settings: LazySettings, fault: str, arrived: int
) -> None:
    settings.SETTLE_SECONDS = settings.LOOK_GAP_SECONDS = 0
    campaign = launched()
    carrier.faults({**POST, "nth": 1, "fault": fault})
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    carrier.faults()
    assert (campaign.state, campaign.wait_reason) == ("sending", "answer_lost")
    assert len(carrier.ledger()) == arrived
    for _ in range(2):
        search.lookup(Attempt.objects.get().pk)
    Campaign.objects.update(next_retry_at=None)
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    assert (campaign.state, campaign.hold_reason) == ("held", "canary")
    assert len(carrier.ledger()) == 2


def test_in_review_it_waits_for_the_decision_first(carrier: RunningSimulator, settings: LazySettings) -> None:
    settings.SETTLE_SECONDS = settings.LOOK_GAP_SECONDS = 0
    campaign = launched()
    Campaign.objects.update(on_not_found="review")
    carrier.faults({**POST, "nth": 1, "fault": "drop_before"})
    scenario.submit_all(campaign)
    carrier.faults()
    for _ in range(2):
        search.lookup(Attempt.objects.get().pk)
    Campaign.objects.update(next_retry_at=None)
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    assert campaign.state == "sending"
    assert scenario.counts(campaign) == {"needs_review": 2, "queued": 6}


def test_nobody_left_of_the_first(carrier: RunningSimulator) -> None:
    campaign = launched()
    for number, _ in scenario.people(2):
        factories.opt_out(number)
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    assert "nothing was sent yet" in why_it_waits(campaign)
    assert carrier.ledger() == []


def test_somebody_of_the_first_who_opted_out_is_not_counted(carrier: RunningSimulator) -> None:
    campaign = launched()
    factories.opt_out(scenario.people(1)[0][0])
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    assert why_it_waits(campaign).startswith(
        "The first text was handed to RingCentral, and nothing else was."
    )
    assert Batch.objects.get(number=1).size == 1
    scenario.assert_adds_up(campaign)


def test_a_campaign_that_is_all_canary_needs_nobody(carrier: RunningSimulator) -> None:
    assert scenario.submit_all(launched(2)).result == StepResult.DONE
    assert len(carrier.ledger()) == 2
