"""Pause, resume and cancel while things are in flight: one press wins, and every row stays counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.labels.holds import why_it_waits
from campaigns.models import Attempt, Batch, Campaign, History, Message
from campaigns.providers.base import Outcome, ProviderError
from campaigns.receipts import polling
from campaigns.reconciling import decisions, orphans, search
from campaigns.sending import attempts, dispatch, failures, lifecycle
from campaigns.sending.prepared import Prepared
from campaigns.sending.steps import StepResult
from tests.simulator.running import RunningSimulator
from tests.support import scenario

pytestmark = pytest.mark.django_db

POST = {"method": "POST", "path": "/a2p-sms/batches"}


def prepared(campaign: Campaign) -> Prepared:
    chosen = dispatch.choose_next(campaign.pk, registry.default())
    assert isinstance(chosen, Prepared)
    return chosen


def send_while(batch: Prepared, meanwhile: Callable[[], object]) -> None:
    """Something happens after the mark, while the request is on its way."""

    def hook() -> None:
        attempts.mark_sending(batch)
        meanwhile()

    answer = registry.default().provider.submit(batch.sender, batch.texts, before_first_byte=hook)
    attempts.accept(batch, answer, registry.default().fetch_id())
    failures.end_waits(batch.campaign_id, registry.default())


def states(campaign: Campaign) -> list[str]:
    return list(Batch.objects.filter(campaign=campaign).order_by("number").values_list("state", flat=True))


def test_one_press_pauses_and_one_lets_it_go_on(carrier: RunningSimulator, sender: User) -> None:
    campaign = scenario.launched(scenario.people(5), size=2)
    dispatch.step(campaign.pk)
    assert lifecycle.pause(campaign, user=sender)
    assert not lifecycle.pause(campaign, user=sender)
    assert scenario.counts(campaign) == {"with_carrier": 2, "held": 3}
    assert [scenario.submit_all(campaign).result for _ in range(3)] == [StepResult.BLOCKED] * 3
    assert len(carrier.ledger()) == 2
    scenario.poll()
    assert scenario.counts(campaign) == {"delivered": 2, "held": 3}, "receipts keep coming"
    assert why_it_waits(campaign).startswith("Paused by sofia at ")

    assert lifecycle.resume(campaign, user=sender)
    assert not lifecycle.resume(campaign, user=sender)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert len(carrier.ledger()) == 5
    assert why_it_waits(campaign) == ""
    verbs = History.objects.filter(actor_id=sender.pk).order_by("id").values_list("kind", flat=True)
    assert list(verbs) == ["paused", "resumed"]
    scenario.assert_adds_up(campaign)


def test_what_is_in_flight_does_not_hide_the_pause(carrier: RunningSimulator, sender: User) -> None:
    campaign = scenario.launched(scenario.people(4), size=2)
    send_while(prepared(campaign), lambda: lifecycle.pause(campaign, user=sender))
    campaign.refresh_from_db()
    assert campaign.hold_reason == "paused"
    assert scenario.counts(campaign) == {"with_carrier": 2, "held": 2}


@pytest.mark.parametrize("kind", ["rate", "server", "unreachable", "request", "credentials"])
def test_no_failure_in_flight_hides_the_pause(carrier: RunningSimulator, sender: User, kind: str) -> None:
    campaign = scenario.launched(scenario.people(4), size=2)
    batch = prepared(campaign)
    attempts.mark_sending(batch)
    lifecycle.pause(campaign, user=sender)
    failures.handle(batch, ProviderError("No.", kind=kind, outcome=Outcome.REFUSED), registry.default())
    campaign.refresh_from_db()
    assert (campaign.state, campaign.hold_reason) == ("held", "paused")
    assert scenario.counts(campaign) == {"held": 4}
    scenario.assert_adds_up(campaign)


def test_no_doubt_hides_the_pause(carrier: RunningSimulator, sender: User) -> None:
    campaign = scenario.launched(scenario.people(4), size=2)
    batch = prepared(campaign)
    attempts.mark_sending(batch)
    lifecycle.pause(campaign, user=sender)
    attempts.mark_ambiguous(batch, ProviderError("Lost.", kind="server"))
    attempts.clear_doubt_notice(campaign.pk)
    campaign.refresh_from_db()
    assert campaign.hold_reason == "paused"
    assert scenario.counts(campaign) == {"in_doubt": 2, "held": 2}


def test_what_is_cancelled_never_leaves_and_the_rest_runs_to_its_end(
    carrier: RunningSimulator, sender: User
) -> None:
    campaign = scenario.launched(scenario.people(5), size=2)
    dispatch.step(campaign.pk)
    assert lifecycle.cancel(campaign, user=sender) == 3
    assert lifecycle.cancel(campaign, user=sender) is None
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.DELIVERING
    assert scenario.counts(campaign) == {"with_carrier": 2, "cancelled": 3}
    assert states(campaign) == ["with_carrier", "cancelled", "cancelled"]
    assert not lifecycle.pause(campaign, user=sender)
    assert not lifecycle.resume(campaign, user=sender)
    assert dispatch.step(campaign.pk).result == StepResult.DONE
    scenario.poll()
    scenario.poll()
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.FINISHED
    assert scenario.counts(campaign) == {"delivered": 2, "cancelled": 3}
    assert len(carrier.ledger()) == 2
    scenario.assert_adds_up(campaign)
    assert History.objects.get(kind="cancelled").actor_id == sender.pk


def test_cancelled_before_anything_left(carrier: RunningSimulator, sender: User) -> None:
    campaign = scenario.launched(scenario.people(3))
    lifecycle.pause(campaign, user=sender)
    assert lifecycle.cancel(campaign, user=sender) == 3
    campaign.refresh_from_db()
    assert (campaign.state, why_it_waits(campaign)) == (Campaign.State.FINISHED, "")
    assert scenario.counts(campaign) == {"cancelled": 3}
    assert set(Message.objects.values_list("state", flat=True)) == {"waiting"}


def test_cancelled_between_preparing_and_the_first_byte(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(4), size=2)
    batch = prepared(campaign)
    assert lifecycle.cancel(campaign, user=None) == 4
    dispatch.send(batch, registry.default())
    assert carrier.ledger() == []
    assert scenario.counts(campaign) == {"cancelled": 4}
    assert Attempt.objects.get().state == Attempt.State.NOT_SENT
    assert states(campaign) == ["cancelled", "cancelled"]
    scenario.assert_adds_up(campaign)


def test_a_worker_that_died_before_the_first_byte_of_a_cancelled_campaign(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(2))
    prepared(campaign)
    lifecycle.cancel(campaign, user=None)
    Attempt.objects.update(prepared_at=timezone.now() - attempts.LEASE - timedelta(seconds=1))
    assert orphans.settle_orphans() == 1
    assert dispatch.step(campaign.pk).result == StepResult.DONE
    assert scenario.counts(campaign) == {"cancelled": 2}
    assert carrier.ledger() == []


def test_what_is_in_flight_when_it_is_cancelled_may_still_leave(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(4), size=2)
    send_while(prepared(campaign), lambda: lifecycle.cancel(campaign, user=None))
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.DELIVERING
    assert scenario.counts(campaign) == {"with_carrier": 2, "cancelled": 2}
    scenario.assert_adds_up(campaign)


@pytest.mark.parametrize("kind", ["rate", "server", "request", "credentials", "too_large"])
def test_what_comes_back_to_a_cancelled_campaign_is_cancelled(carrier: RunningSimulator, kind: str) -> None:
    campaign = scenario.launched(scenario.people(4), size=2)
    batch = prepared(campaign)
    attempts.mark_sending(batch)
    lifecycle.cancel(campaign, user=None)
    failures.handle(batch, ProviderError("No.", kind=kind, outcome=Outcome.REFUSED), registry.default())
    assert scenario.counts(campaign) == {"cancelled": 4}
    assert states(campaign) == ["cancelled", "cancelled"]
    assert dispatch.step(campaign.pk).result == StepResult.DONE
    assert lifecycle.finish_if_final(campaign.pk)
    campaign.refresh_from_db()
    assert why_it_waits(campaign) == ""
    scenario.assert_adds_up(campaign)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("drop_after", {"with_carrier": 2, "cancelled": 2}),
        ("drop_before", {"cancelled": 4}),
    ],
)
def test_what_is_in_doubt_when_it_is_cancelled_is_cleared_up_and_not_sent_again(
    carrier: RunningSimulator, settings: LazySettings, fault: str, expected: dict[str, int]
) -> None:
    settings.SETTLE_SECONDS = settings.LOOK_GAP_SECONDS = 0
    campaign = scenario.launched(scenario.people(4), size=2)
    carrier.faults({**POST, "nth": 1, "fault": fault})
    scenario.submit_all(campaign)
    carrier.faults()
    assert lifecycle.cancel(campaign, user=None) == 2
    assert scenario.counts(campaign) == {"in_doubt": 2, "cancelled": 2}
    assert not lifecycle.finish_if_final(campaign.pk)
    for _ in range(3):
        search.lookup(Attempt.objects.get().pk)
    assert scenario.counts(campaign) == expected
    assert dispatch.step(campaign.pk).result == StepResult.DONE
    assert len(carrier.ledger()) == expected.get("with_carrier", 0)
    scenario.assert_adds_up(campaign)


def test_absent_in_a_paused_campaign_waits_with_the_others(
    carrier: RunningSimulator, settings: LazySettings, sender: User
) -> None:
    settings.SETTLE_SECONDS = settings.LOOK_GAP_SECONDS = 0
    campaign = scenario.launched(scenario.people(4), size=2)
    carrier.faults({**POST, "nth": 1, "fault": "drop_before"})
    scenario.submit_all(campaign)
    carrier.faults()
    lifecycle.pause(campaign, user=sender)
    for _ in range(2):
        search.lookup(Attempt.objects.get().pk)
    assert scenario.counts(campaign) == {"held": 4}
    lifecycle.resume(campaign, user=sender)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert len(carrier.ledger()) == 4
    scenario.assert_adds_up(campaign)


def test_pausing_when_everything_has_left_holds_nothing(carrier: RunningSimulator, sender: User) -> None:
    campaign = scenario.launched(scenario.people(2))
    dispatch.step(campaign.pk)
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.SENDING
    assert not lifecycle.pause(campaign, user=sender)
    assert scenario.submit_all(campaign).result == StepResult.DONE


def test_held_while_the_last_of_it_was_under_way_it_still_comes_to_its_end(
    carrier: RunningSimulator, sender: User
) -> None:
    campaign = scenario.launched(scenario.people(2))
    send_while(prepared(campaign), lambda: lifecycle.pause(campaign, user=sender))
    campaign.refresh_from_db()
    assert (campaign.state, scenario.counts(campaign)) == ("held", {"with_carrier": 2})
    scenario.poll()
    campaign.refresh_from_db()
    assert (campaign.state, why_it_waits(campaign)) == (Campaign.State.FINISHED, "")


def test_held_with_nothing_left_and_no_batch_to_ask_about(carrier: RunningSimulator, sender: User) -> None:
    """A person marks the last batch as sent: no poll would ever look at the campaign again."""
    campaign = scenario.launched(scenario.people(2))
    batch = prepared(campaign)
    attempts.mark_sending(batch)
    lifecycle.pause(campaign, user=sender)
    attempts.mark_ambiguous(batch, ProviderError("Lost.", kind="server"))
    attempt = Attempt.objects.select_related("batch__campaign").get()
    search.send_to_review(attempt, Attempt.Note.UNCLEAR)
    assert not lifecycle.finish_if_final(campaign.pk)
    assert decisions.decide(attempt, decisions.Decision.MARK, user=sender) == decisions.DecisionResult.DONE
    assert polling.campaigns_to_finish() == [campaign.pk]
    assert lifecycle.finish_if_final(campaign.pk)
    assert scenario.counts(campaign) == {"marked_sent": 2}
