"""Taking a launch back, and stopping one while its texts are written: nothing leaves, all is counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from campaigns.accounts import registry
from campaigns.models import Attempt, Batch, Campaign, History, Message
from campaigns.sending import attempts, dispatch, launch, lifecycle, tasks
from campaigns.sending.prepared import Prepared
from campaigns.sending.steps import StepResult
from tests.simulator.running import RunningSimulator
from tests.support import scenario
from tests.support.doubt import POST

pytestmark = pytest.mark.django_db

MINUTE = 60.0
State = Campaign.State


def waiting(people: int = 3, *, size: int = 2, frozen: bool = True) -> Campaign:
    """Launched as from the page: a minute to take it back."""
    campaign = scenario.drafted(scenario.people(people), size=size)
    assert launch.launch(campaign, user=None, undo_seconds=MINUTE)
    if frozen:
        assert launch.freeze(campaign.pk)
    campaign.refresh_from_db()
    return campaign


def woken() -> int:
    """How many tasks the tick enqueues for campaigns."""
    DBTaskResult.objects.all().delete()
    tasks.enqueue_campaigns()
    return DBTaskResult.objects.count()


def test_nothing_leaves_before_the_minute_is_over(carrier: RunningSimulator) -> None:
    campaign = waiting()
    step = dispatch.step(campaign.pk)
    assert step.result == StepResult.WAIT
    assert MINUTE - 5 < step.seconds <= MINUTE
    Campaign.objects.update(claimed_at=None)
    assert woken() == 0
    with time_machine.travel(timezone.now() + timedelta(seconds=MINUTE + 1), tick=True):
        assert woken() == 1
        assert scenario.submit_all(campaign).result == StepResult.DONE
    assert len(carrier.ledger()) == 3


def test_not_even_what_was_prepared_leaves_before_it(carrier: RunningSimulator) -> None:
    campaign = waiting()
    batch = attempts.prepare(Campaign.objects.locked(campaign.pk), Batch.objects.get(number=1))
    assert batch is not None
    step = dispatch.send(batch, registry.default())
    assert step.result == StepResult.WAIT
    assert (Attempt.objects.get().state, carrier.ledger()) == (Attempt.State.NOT_SENT, [])
    assert scenario.counts(campaign) == {"queued": 3}


def test_taken_back_it_is_a_draft_again(carrier: RunningSimulator, sender: User) -> None:
    campaign = waiting()
    Campaign.objects.filter(pk=campaign.pk).update(canary=1, on_not_found="review")
    draft = lifecycle.undo(campaign, user=sender)
    assert draft is not None
    assert lifecycle.undo(campaign, user=sender) is None
    assert lifecycle.draft_after(campaign) == draft
    campaign.refresh_from_db()
    assert (campaign.state, campaign.shown_state) == (State.FINISHED, "cancelled")
    assert scenario.counts(campaign) == {"cancelled": 3}
    scenario.assert_adds_up(campaign)
    assert History.objects.get(kind="undone").actor_id == sender.pk
    for name in ("name", "contact_list", "sender", "text", "batch_size", "canary", "on_not_found"):
        assert getattr(draft, name) == getattr(campaign, name)
    assert (draft.state, draft.created_by, draft.launched_at) == (State.DRAFT, sender, None)
    with time_machine.travel(timezone.now() + timedelta(seconds=MINUTE + 1), tick=True):
        assert woken() == 0
        assert dispatch.step(campaign.pk).result == StepResult.DONE
    assert carrier.ledger() == []
    assert launch.launch(draft, user=sender), "the same people can get it after all"


def test_as_long_as_nothing_left_it_can_be_taken_back(carrier: RunningSimulator, sender: User) -> None:
    """The minute is over, but the worker did not come to it yet, or died before the first byte."""
    campaign = waiting()
    Campaign.objects.update(undo_until=timezone.now() - timedelta(seconds=1))
    chosen = dispatch.choose_next(campaign.pk, registry.default())
    assert isinstance(chosen, Prepared)
    assert lifecycle.undo(campaign, user=sender) is not None
    dispatch.send(chosen, registry.default())
    assert carrier.ledger() == []
    assert scenario.counts(campaign) == {"cancelled": 3}


@pytest.mark.parametrize("fault", ["", "drop_before", "drop_after"])
def test_what_may_have_left_is_not_taken_back(carrier: RunningSimulator, sender: User, fault: str) -> None:
    campaign = waiting()
    Campaign.objects.update(undo_until=timezone.now() - timedelta(seconds=1))
    if fault:
        carrier.faults({**POST, "nth": 1, "fault": fault})
    dispatch.step(campaign.pk)
    before = scenario.counts(campaign)
    assert lifecycle.undo(campaign, user=sender) is None
    assert scenario.counts(campaign) == before
    assert Campaign.objects.count() == 1, "no draft either"


def test_a_launch_without_such_a_minute_is_not_taken_back(carrier: RunningSimulator, sender: User) -> None:
    assert lifecycle.undo(scenario.launched(scenario.people(2)), user=sender) is None


def test_taken_back_while_its_texts_are_written(
    carrier: RunningSimulator, sender: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_while_written(monkeypatch, lambda campaign: lifecycle.undo(campaign, user=sender))
    campaign = Campaign.objects.get(launched_at__isnull=False)
    assert scenario.counts(campaign) == {"cancelled": 5}
    assert Message.objects.filter(campaign=campaign).count() == 5
    assert campaign.state == State.FINISHED
    assert Campaign.objects.get(state=State.DRAFT).text == campaign.text


def test_cancelled_while_its_texts_are_written(
    carrier: RunningSimulator, sender: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press(campaign: Campaign) -> None:
        assert lifecycle.cancel(campaign, user=sender) is not None
        assert lifecycle.cancel(campaign, user=sender) is None
        assert not lifecycle.pause(campaign, user=sender)
        assert not lifecycle.resume(campaign, user=sender)

    stop_while_written(monkeypatch, press)
    campaign = Campaign.objects.get()
    assert scenario.counts(campaign) == {"cancelled": 5}
    assert (campaign.state, campaign.asked) == (State.FINISHED, "")
    assert set(Batch.objects.values_list("state", flat=True)) == {"cancelled"}


def test_paused_while_its_texts_are_written(
    carrier: RunningSimulator, sender: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press(campaign: Campaign) -> None:
        assert lifecycle.pause(campaign, user=sender)
        assert not lifecycle.pause(campaign, user=sender)

    stop_while_written(monkeypatch, press)
    campaign = Campaign.objects.get()
    assert (campaign.state, campaign.hold_reason) == (State.HELD, "paused")
    assert scenario.counts(campaign) == {"held": 5}
    assert dispatch.step(campaign.pk).result == StepResult.BLOCKED
    assert lifecycle.resume(campaign, user=sender)
    Campaign.objects.update(undo_until=timezone.now())
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert len(carrier.ledger()) == 5


def test_paused_and_let_go_on_while_its_texts_are_written(
    carrier: RunningSimulator, sender: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press(campaign: Campaign) -> None:
        assert lifecycle.pause(campaign, user=sender)
        assert lifecycle.resume(campaign, user=sender)

    stop_while_written(monkeypatch, press)
    assert Campaign.objects.get().state == State.SENDING
    assert scenario.counts(Campaign.objects.get()) == {"queued": 5}


def stop_while_written(monkeypatch: pytest.MonkeyPatch, press: Callable[[Campaign], object]) -> None:
    """Five people, two at a time; the press comes after the first two."""
    monkeypatch.setattr(launch, "CHUNK", 2)
    campaign = waiting(5, frozen=False)
    assert not launch.freeze(campaign.pk, stop_after=1)
    assert dispatch.step(campaign.pk).result == StepResult.DONE, "nothing leaves while it is prepared"
    press(campaign)
    scenario.assert_adds_up(campaign)
    assert launch.freeze(campaign.pk)
    assert launch.freeze(campaign.pk), "to repeat it changes nothing"
    scenario.assert_adds_up(campaign)
    assert not Attempt.objects.exists()
