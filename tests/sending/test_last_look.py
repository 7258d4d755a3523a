"""What changes between preparing a batch and its first byte still counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.labels.holds import why_it_waits
from campaigns.models import Attempt, Batch, Campaign, CampaignRow, Message, OptOut
from campaigns.opt_outs import manual
from campaigns.providers.base import Outcome, ProviderError
from campaigns.reconciling import orphans
from campaigns.sending import attempts, dispatch, failures, lifecycle
from campaigns.sending.prepared import Prepared
from campaigns.sending.steps import Step, StepResult
from tests.simulator.running import RunningSimulator
from tests.support import scenario

pytestmark = pytest.mark.django_db


def prepared(campaign: Campaign) -> Prepared:
    chosen = dispatch.choose_next(campaign.pk, registry.default())
    assert isinstance(chosen, Prepared)
    return chosen


def send(batch: Prepared) -> Step:
    return dispatch.send(batch, registry.default())


def test_who_opted_out_after_launch_is_left_out(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(4), size=2)
    manual.add(f"{scenario.phone(0)}, {scenario.phone(3)}", note="", user=None)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert {line["to"] for line in carrier.ledger()} == {scenario.phone(1), scenario.phone(2)}
    assert scenario.counts(campaign) == {"with_carrier": 2, "excluded": 2}
    scenario.assert_adds_up(campaign)
    assert set(Message.objects.filter(state="excluded").values_list("to", flat=True)) == {
        scenario.phone(0),
        scenario.phone(3),
    }
    assert (
        list(CampaignRow.objects.filter(outcome="excluded").values_list("reason", flat=True))
        == ["opted_out"] * 2
    )


def test_a_batch_that_nobody_is_left_in_is_passed_over(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(3), size=2)
    manual.add(f"{scenario.phone(0)}\n{scenario.phone(1)}", note="", user=None)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert list(Batch.objects.order_by("number").values_list("state", flat=True)) == ["empty", "with_carrier"]
    assert len(carrier.ledger()) == 1
    scenario.assert_adds_up(campaign)


def test_everybody_opted_out_after_launch(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(2))
    manual.add("\n".join(phone for phone, _ in scenario.people(2)), note="", user=None)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert lifecycle.finish_if_final(campaign.pk)
    assert carrier.ledger() == []
    assert scenario.counts(campaign) == {"excluded": 2}


def test_an_opt_out_between_preparing_and_the_first_byte_is_honoured(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(3))
    batch = prepared(campaign)
    manual.add(scenario.phone(1), note="", user=None)
    assert send(batch) == scenario.AGAIN
    assert carrier.ledger() == []
    assert Attempt.objects.get().problem_code == "opt_out"
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert {line["to"] for line in carrier.ledger()} == {scenario.phone(0), scenario.phone(2)}
    scenario.assert_adds_up(campaign)


def test_an_opt_out_begun_before_preparing_and_finished_after_it_is_honoured(
    carrier: RunningSimulator,
) -> None:
    """Many numbers take a moment to enter, and the clocks of two machines differ."""
    campaign = scenario.launched(scenario.people(3))
    batch = prepared(campaign)
    manual.add(scenario.phone(1), note="", user=None)
    OptOut.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    send(batch)
    scenario.submit_all(campaign)
    assert {line["to"] for line in carrier.ledger()} == {scenario.phone(0), scenario.phone(2)}


def test_a_campaign_held_between_preparing_and_the_first_byte_sends_nothing(
    carrier: RunningSimulator,
) -> None:
    campaign = scenario.launched(scenario.people(3))
    batch = prepared(campaign)
    lifecycle.hold(campaign.pk, Campaign.HoldReason.PROVIDER_ERROR, said=[])
    send(batch)
    assert carrier.ledger() == []
    assert dispatch.step(campaign.pk).result == StepResult.BLOCKED
    assert scenario.counts(campaign) == {"held": 3}
    scenario.assert_adds_up(campaign)
    lifecycle.resume(campaign, user=None)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert len(carrier.ledger()) == 3


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.NOT_SENT])
def test_what_comes_back_to_a_held_campaign_is_held(carrier: RunningSimulator, outcome: Outcome) -> None:
    campaign = scenario.launched(scenario.people(5), size=3)
    batch = prepared(campaign)
    attempts.mark_sending(batch)
    lifecycle.hold(campaign.pk, Campaign.HoldReason.PROVIDER_ERROR, said=[])
    failures.handle(
        batch, ProviderError("Slow down.", kind="rate", outcome=outcome, retry_after=1.0), registry.default()
    )
    assert scenario.counts(campaign) == {"held": 5}
    scenario.assert_adds_up(campaign)
    lifecycle.resume(campaign, user=None)
    assert scenario.counts(campaign) == {"queued": 5}
    scenario.assert_adds_up(campaign)


def test_what_is_in_flight_while_it_is_held_is_counted_as_taken(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(5), size=3)
    batch = prepared(campaign)

    def hook() -> None:
        attempts.mark_sending(batch)
        lifecycle.hold(campaign.pk, Campaign.HoldReason.PROVIDER_ERROR, said=[])

    answer = registry.default().provider.submit(batch.sender, batch.texts, before_first_byte=hook)
    attempts.accept(batch, answer, registry.default().fetch_id())
    assert scenario.counts(campaign) == {"with_carrier": 3, "held": 2}
    scenario.assert_adds_up(campaign)


def test_a_batch_taken_over_by_another_process_does_not_leave_twice(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(2))
    late = prepared(campaign)
    long_ago = timezone.now() - attempts.LEASE - timedelta(seconds=1)
    Attempt.objects.update(prepared_at=long_ago)
    assert orphans.settle_orphans() == 1
    assert scenario.submit_all(campaign).result == StepResult.DONE
    send(late)
    assert len(carrier.ledger()) == 2
    assert scenario.counts(campaign) == {"with_carrier": 2}
    scenario.assert_adds_up(campaign)


def test_one_number_has_one_request_under_way(carrier: RunningSimulator) -> None:
    contacts = scenario.imported(scenario.file_of(scenario.people(2)))
    first, second = scenario.launched(contacts), scenario.launched(contacts)
    in_flight = prepared(first)
    attempts.mark_sending(in_flight)
    assert dispatch.step(second.pk) == Step(StepResult.WAIT, 1.0)
    assert carrier.ledger() == []
    attempts.mark_not_taken(in_flight, None)
    assert scenario.submit_all(second).result == StepResult.DONE
    assert scenario.submit_all(first).result == StepResult.DONE


def test_two_campaigns_that_prepared_at_once_leave_one_after_the_other(carrier: RunningSimulator) -> None:
    contacts = scenario.imported(scenario.file_of(scenario.people(2)))
    first, second = scenario.launched(contacts), scenario.launched(contacts)
    a = prepared(first)
    b = attempts.prepare(Campaign.objects.locked(second.pk), Batch.objects.get(campaign=second))
    assert b is not None
    attempts.mark_sending(a)
    assert send(b) == Step(StepResult.WAIT, 1.0)
    assert carrier.ledger() == []
    attempts.mark_not_taken(a, None)
    assert scenario.submit_all(second).result == StepResult.DONE


def test_another_number_is_not_held_up(carrier: RunningSimulator) -> None:
    contacts = scenario.imported(scenario.file_of(scenario.people(2)))
    first = scenario.launched(contacts)
    second = scenario.launched(contacts, sender=scenario.TOLL_FREE)
    attempts.mark_sending(prepared(first))
    assert scenario.submit_all(second).result == StepResult.DONE


def test_a_campaign_waits_for_the_doubt_of_another_one_and_says_so(carrier: RunningSimulator) -> None:
    contacts = scenario.imported(scenario.file_of(scenario.people(2)))
    first, second = scenario.launched(contacts), scenario.launched(contacts)
    carrier.faults({"method": "POST", "path": "/a2p-sms/batches", "nth": 1, "fault": "drop_before"})
    scenario.submit_all(first)
    assert scenario.submit_all(second).result == StepResult.BLOCKED
    assert "Spring sale" in why_it_waits(second)
    assert scenario.counts(second) == {"queued": 2}


def test_an_answer_after_the_lease_is_still_a_proof(carrier: RunningSimulator) -> None:
    campaign = scenario.launched([*scenario.people(2), (scenario.ending("9700"), "Bob")])
    batch = prepared(campaign)

    def hook() -> None:
        attempts.mark_sending(batch)
        Attempt.objects.update(sending_at=timezone.now() - attempts.LEASE - timedelta(seconds=1))
        assert orphans.settle_orphans() == 1
        assert scenario.counts(campaign) == {"in_doubt": 3}

    answer = registry.default().provider.submit(batch.sender, batch.texts, before_first_byte=hook)
    attempts.accept(batch, answer, registry.default().fetch_id())
    assert Attempt.objects.get().state == Attempt.State.ACCEPTED
    assert scenario.counts(campaign) == {"with_carrier": 2, "rejected": 1}
    scenario.assert_adds_up(campaign)


def test_a_refusal_after_the_lease_is_still_a_proof(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(2))
    batch = prepared(campaign)
    attempts.mark_sending(batch)
    Attempt.objects.update(sending_at=timezone.now() - attempts.LEASE - timedelta(seconds=1))
    orphans.settle_orphans()
    attempts.mark_not_taken(batch, ProviderError("No.", outcome=Outcome.REFUSED, kind="request"))
    assert scenario.counts(campaign) == {"queued": 2}
    assert scenario.submit_all(campaign).result == StepResult.DONE
    scenario.assert_adds_up(campaign)
