"""F12: a batch with which one process after another dies is quarantined, and everything else leaves."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from campaigns.labels.holds import describe_quarantine, why_it_waits
from campaigns.models import Attempt, Batch, Campaign, History
from campaigns.reconciling import orphans, search
from campaigns.runtime import process_identity
from campaigns.sending import attempts, dispatch, lifecycle, quarantine
from campaigns.sending.prepared import Prepared
from campaigns.sending.steps import StepResult
from tests.faults.fault_scenario import (
    BATCHES,
    PEOPLE,
    Worker,
    assert_delivered,
    assert_right,
    positions,
    posts,
    worker,
)
from tests.support import scenario

__all__ = ["worker"]
pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """As by `kill -9`: nothing of ours handles it."""


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Every process that has this batch in hand dies before its first byte; 0: none does any more."""
    mark, poisonous = dispatch.commit_sending, [0]

    def mark_sending(prepared: Prepared) -> None:
        if Batch.objects.filter(pk=prepared.batch_id, number=poisonous[0]).exists():
            raise Killed
        mark(prepared)

    monkeypatch.setattr(dispatch, "commit_sending", mark_sending)
    monkeypatch.setattr(process_identity, "is_dead", lambda _: True)

    def choose(number: int) -> None:
        poisonous[0] = number

    return choose


def live(campaign: Campaign, deaths: int) -> int:
    """Process after process, until one does not die of it. Returns how many died."""
    for died in range(deaths + 1):
        orphans.settle_orphans()
        try:
            scenario.submit_all(campaign)
        except Killed:
            continue
        return died
    pytest.fail(f"more than {deaths} died")


@positions
def test_f12_a_poison_batch_is_quarantined_and_the_others_leave(
    worker: Worker, poison: Callable[[int], None], before: int, sender: User
) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    poison(before + 1)
    assert live(campaign, 10) == quarantine.MAX_DEATHS
    assert [batch.number for batch in quarantine.quarantined(campaign.pk)] == [before + 1]
    assert scenario.counts(campaign) == {"with_carrier": 4, "held": 2}
    assert posts(worker.carrier) == BATCHES - 1
    campaign.refresh_from_db()
    assert (campaign.state, campaign.hold_reason) == ("held", "quarantine")
    assert why_it_waits(campaign).startswith(f"Batch {before + 1} is held back")
    worker.rest(campaign)
    assert_right(worker.carrier, campaign)
    (event,) = History.objects.filter(kind="batch_quarantined")
    assert event.data == {"number": before + 1, "deaths": quarantine.MAX_DEATHS}

    poison(0)
    assert lifecycle.resume(campaign, user=sender)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert History.objects.filter(kind="batch_released", data__number=before + 1).count() == 1
    worker.rest(campaign)
    assert_delivered(worker.carrier, campaign)


def test_f12_still_poisonous_after_it_was_let_go_on(
    worker: Worker, poison: Callable[[int], None], sender: User
) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    poison(2)
    live(campaign, 10)
    lifecycle.resume(campaign, user=sender)
    assert live(campaign, 10) == quarantine.MAX_DEATHS, "as often again, and no less"
    assert History.objects.filter(kind="batch_quarantined").count() == 2
    campaign.refresh_from_db()
    assert campaign.state == "held"
    assert posts(worker.carrier) == BATCHES - 1


def test_f12_killed_after_the_mark(
    worker: Worker, poison: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each death leaves a doubt, which is cleared up before the next process takes the batch."""
    campaign = scenario.launched(PEOPLE, size=2)
    mark = dispatch.commit_sending

    def killed(prepared: Any) -> None:
        mark(prepared)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(dispatch, "commit_sending", killed)
        for _ in range(quarantine.MAX_DEATHS):
            with pytest.raises(Killed):
                dispatch.step(campaign.pk)
            orphans.settle_orphans()
            for _ in range(5):
                worker.sleep(300)
                for attempt in Attempt.objects.filter(state__in=("ambiguous", "reconciling")):
                    search.lookup(attempt.pk)
    Campaign.objects.update(next_retry_at=None)
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    assert scenario.counts(campaign) == {"held": 2, "with_carrier": 4}
    assert posts(worker.carrier) == BATCHES - 1
    worker.rest(campaign)
    assert_right(worker.carrier, campaign)


def test_f12_the_batch_that_was_prepared_beside_it_is_not_blamed(
    worker: Worker, poison: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    accept = attempts.accept
    first = Batch.objects.get(number=1).pk

    def dies(prepared: Prepared, *rest: Any, **options: Any) -> bool:
        if prepared.batch_id == first:
            raise Killed
        return accept(prepared, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(dispatch, "write_answer_to_journal", lambda *_: None)
        patch.setattr(attempts, "accept", dies)
        pipeline = dispatch.Pipeline(campaign.pk)
        with pytest.raises(Killed):
            pipeline.step()
        orphans.settle_orphans()
    codes = dict(Attempt.objects.values_list("batch__number", "problem_code"))
    assert codes == {1: quarantine.OWNER_GONE, 2: quarantine.OWNER_GONE_BESIDE}
    worker.rest(campaign)
    assert_delivered(worker.carrier, campaign)


def test_f12_released_while_the_others_leave(
    worker: Worker, poison: Callable[[int], None], sender: User
) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    poison(1)
    for _ in range(quarantine.MAX_DEATHS):
        with pytest.raises(Killed):
            dispatch.step(campaign.pk)
        orphans.settle_orphans()
    assert dispatch.step(campaign.pk) == scenario.AGAIN, "it is quarantined"
    assert dispatch.step(campaign.pk).result == StepResult.SUBMITTED
    campaign.refresh_from_db()
    assert campaign.state == "sending"
    dispatch.step(campaign.pk)
    campaign.refresh_from_db()
    assert why_it_waits(campaign) == describe_quarantine(campaign)
    assert why_it_waits(campaign).startswith("Batch 1 is held back")
    poison(0)
    assert quarantine.release(campaign.pk, user=sender) == 1
    assert quarantine.release(campaign.pk, user=sender) == 0
    assert History.objects.get(kind="batch_released").actor_id == sender.pk
    campaign.refresh_from_db()
    assert (describe_quarantine(campaign), why_it_waits(campaign)) == ("", "")
    worker.rest(campaign)
    assert_delivered(worker.carrier, campaign)


def test_f12_paused_and_resumed_tries_it_again_and_says_so(
    worker: Worker, poison: Callable[[int], None], sender: User
) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    poison(1)
    for _ in range(quarantine.MAX_DEATHS):
        with pytest.raises(Killed):
            dispatch.step(campaign.pk)
        orphans.settle_orphans()
    dispatch.step(campaign.pk)
    assert lifecycle.pause(campaign, user=sender)
    assert quarantine.release(campaign.pk, user=sender) == 0, (
        "a paused campaign is let go on, not one batch of it"
    )
    assert scenario.counts(campaign) == {"held": 6}
    poison(0)
    assert lifecycle.resume(campaign, user=sender)
    scenario.submit_all(campaign)
    assert History.objects.filter(kind="batch_released", data__number=1).exists()
    worker.rest(campaign)
    assert_delivered(worker.carrier, campaign)


def test_f12_cancelled_with_a_quarantined_batch(
    worker: Worker, poison: Callable[[int], None], sender: User
) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    poison(3)
    live(campaign, 10)
    assert lifecycle.cancel(campaign, user=sender) == 2
    assert describe_quarantine(campaign) == ""
    worker.rest(campaign)
    assert scenario.counts(campaign) == {"delivered": 4, "cancelled": 2}
    assert_right(worker.carrier, campaign)
