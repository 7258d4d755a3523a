"""Found absent, and yet not at the end: until its people are texted again, a better proof wins."""

from __future__ import annotations

import pytest
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Attempt, Batch, Campaign, Counters, History, Message
from campaigns.providers.types import BatchState, OutgoingText
from campaigns.reconciling import search
from campaigns.reconciling.matching import MatchResult
from campaigns.sending import attempts, dispatch, lifecycle, quarantine
from campaigns.sending.prepared import Prepared
from campaigns.sending.steps import StepResult
from tests.simulator.running import RunningSimulator
from tests.support import factories, scenario
from tests.support.doubt import (
    DAY,
    MINUTE,
    assert_everybody_once,
    later,
    lookup,
    lost,
    open_attempt,
    real_times,
    search_to_the_end,
)

__all__ = ["real_times"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_times")]


def answered_after_it_was_found_absent() -> tuple[Campaign, Prepared, BatchState]:
    """A process that slept for an hour wakes up with its answer."""
    campaign = scenario.launched(scenario.people(3))
    prepared = dispatch.choose_next(campaign.pk, registry.default())
    assert isinstance(prepared, Prepared)
    answer = registry.default().provider.submit(
        prepared.sender, prepared.texts, before_first_byte=lambda: attempts.mark_sending(prepared)
    )
    Attempt.objects.update(state="absent", ended_at=timezone.now())
    Batch.objects.update(state="queued")
    Counters.objects.update(submitting=0, queued=3)
    return campaign, prepared, answer


def test_an_answer_that_comes_before_its_people_were_texted_again_wins(carrier: RunningSimulator) -> None:
    campaign, prepared, answer = answered_after_it_was_found_absent()
    attempts.accept(prepared, answer, registry.default().fetch_id())
    assert scenario.counts(campaign) == {"with_carrier": 3}
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert_everybody_once(carrier, scenario.people(3))
    assert not History.objects.filter(kind="possible_double").exists()
    scenario.assert_adds_up(campaign)


def test_an_answer_that_comes_after_they_were_texted_again_is_said_aloud(carrier: RunningSimulator) -> None:
    campaign, prepared, answer = answered_after_it_was_found_absent()
    again = dispatch.choose_next(campaign.pk, registry.default())
    assert isinstance(again, Prepared)
    attempts.accept(prepared, answer, registry.default().fetch_id())
    assert [attempt.state for attempt in Attempt.objects.all()] == ["absent", "prepared"]
    assert History.objects.get(kind="possible_double").data["provider_ids"] == [answer.provider_id]
    scenario.assert_adds_up(campaign)


def found_absent(carrier: RunningSimulator, state: str) -> tuple[Campaign, Attempt]:
    """Proved absent while the campaign was held, or just before it could leave again."""
    campaign = lost(carrier, scenario.people(3), fault="drop_before")
    if state == "held":
        assert lifecycle.hold(campaign.pk, Campaign.HoldReason.PROVIDER_ERROR, said=[])
    search_to_the_end()
    assert scenario.counts(campaign) == {state: 3}
    return campaign, Attempt.objects.get()


def its_request_arrives_late(attempt: Attempt) -> None:
    texts = [OutgoingText(to, text) for to, text in Message.objects.values_list("to", "text")]
    registry.default().provider.submit(attempt.sender, texts, before_first_byte=lambda: None)


@pytest.mark.parametrize("state", ["held", "queued"])
def test_what_turns_up_before_it_was_handed_over_again_is_adopted(
    carrier: RunningSimulator, state: str
) -> None:
    """A carrier that works off its backlog an hour later; nobody pressed Go on yet."""
    campaign, attempt = found_absent(carrier, state)
    later(MINUTE)
    assert attempt.pk not in search.due_attempts()
    later(4 * MINUTE)
    assert search.due_attempts() == [attempt.pk]
    assert search.lookup(attempt.pk) is MatchResult.NO_MATCH
    assert scenario.counts(campaign) == {state: 3}, "it is absent still"
    its_request_arrives_late(attempt)
    later(5 * MINUTE)
    assert search.due_attempts() == [attempt.pk]
    assert search.lookup(attempt.pk) is MatchResult.MATCHED
    assert scenario.counts(campaign) == {"with_carrier": 3}
    scenario.assert_adds_up(campaign)
    assert search.due_attempts() == []
    lifecycle.resume(campaign, user=None)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert_everybody_once(carrier, scenario.people(3))


def test_what_was_handed_over_again_is_not_looked_for(carrier: RunningSimulator) -> None:
    campaign, attempt = found_absent(carrier, "queued")
    assert scenario.submit_all(campaign).result == StepResult.DONE
    later(5 * MINUTE)
    asked = len(carrier.requests())
    assert search.due_attempts() == [attempt.pk]
    assert search.lookup(attempt.pk) is None
    assert len(carrier.requests()) == asked
    later(DAY)
    assert attempt.pk not in search.due_attempts()


def test_when_nobody_of_them_is_left_to_text_nothing_is_looked_for(carrier: RunningSimulator) -> None:
    campaign, attempt = found_absent(carrier, "queued")
    for number, _ in scenario.people(3):
        factories.opt_out(number)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert Batch.objects.get().state == Batch.State.EMPTY
    later(5 * MINUTE)
    assert search.lookup(attempt.pk) is None
    later(DAY)
    assert attempt.pk not in search.due_attempts()


def test_another_account_proves_nothing(carrier: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody set other credentials for a while: its empty list must not be taken for absence."""
    campaign = lost(carrier, scenario.people(3), fault="drop_after")
    with monkeypatch.context() as patched:
        patched.setattr(registry.default(), "_id", "somebody else")
        for _ in range(15):
            assert lookup() is None
            later(MINUTE)
        assert open_attempt().note == "other_account"
        assert scenario.counts(campaign) == {"in_doubt": 3}
        later(DAY)
        assert lookup() is None
        assert scenario.counts(campaign) == {"needs_review": 3}
    later(5 * MINUTE)
    assert lookup() is MatchResult.MATCHED
    assert_everybody_once(carrier, scenario.people(3))


@pytest.mark.parametrize("code", quarantine.OWNER_GONE_CODES)
def test_the_request_of_a_process_that_died_may_go_on_for_its_limit(
    carrier: RunningSimulator, code: str
) -> None:
    lost(carrier, scenario.people(3), fault="drop_before")
    Attempt.objects.update(problem_code=code)
    for _ in range(11):
        assert lookup() is MatchResult.NO_MATCH
        later(MINUTE)
    assert open_attempt().state == "reconciling", "ten minutes after it, not after its death"
    search_to_the_end()
