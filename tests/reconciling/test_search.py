"""Answers that were lost: found in the carrier's records, or absent from them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.labels.holds import why_it_waits
from campaigns.models import Attempt, Batch, History, Message, RateLimitState
from campaigns.reconciling import orphans, tasks
from campaigns.reconciling.matching import MatchResult
from campaigns.sending import attempts, dispatch
from campaigns.sending.prepared import Prepared
from campaigns.sending.steps import StepResult
from campaigns.worker import schedule
from tests.simulator.running import RunningSimulator
from tests.support import scenario
from tests.support.doubt import (
    DAY,
    LIST,
    MINUTE,
    POST,
    assert_everybody_once,
    later,
    lookup,
    lost,
    open_attempt,
    posts,
    real_times,
    search_to_the_end,
)

__all__ = ["real_times"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_times")]


TAKEN = [
    {"fault": "drop_after"},
    {"fault": "reset", "when": "after"},
    {"fault": "truncate"},
    {"fault": "status", "status": 500, "when": "after"},
    {"fault": "status", "status": 503, "when": "after"},
    {"fault": "status", "status": 201, "body": "{}", "when": "after"},
    {"fault": "html", "status": 200, "when": "after"},
    {"fault": "html", "when": "after"},
]
NOT_TAKEN = [
    {"fault": "drop_before"},
    {"fault": "reset"},
    {"fault": "status", "status": 500},
    {"fault": "status", "status": 503},
    {"fault": "html", "status": 200},
    {"fault": "html"},
]


def name_of(fault: dict[str, Any]) -> str:
    return " ".join(str(value) for value in fault.values())


@pytest.mark.parametrize("fault", TAKEN, ids=name_of)
def test_what_the_carrier_took_is_adopted_and_never_sent_again(
    carrier: RunningSimulator, fault: dict[str, Any]
) -> None:
    campaign = lost(carrier, scenario.people(5), **fault)
    assert lookup() is MatchResult.MATCHED
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.lookup_count, attempt.next_lookup_at) == ("accepted", 1, None)
    assert attempt.provider_id == Batch.objects.get(number=1).provider_id == carrier.ledger()[0]["batch_id"]
    assert posts(carrier) == 1
    assert scenario.counts(campaign) == {"with_carrier": 3, "queued": 2}
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert why_it_waits(campaign) == ""
    assert_everybody_once(carrier, scenario.people(5))
    scenario.poll()
    scenario.assert_adds_up(campaign)
    assert scenario.counts(campaign) == {"delivered": 5}


def test_a_duplicate_that_is_refused_says_that_the_first_is_there(carrier: RunningSimulator) -> None:
    """CMN-304 asks for silence too, so the records are read after it."""
    body = '{"errorCode": "CMN-304"}'
    campaign = lost(carrier, scenario.people(3), fault="status", status=429, body=body, when="after")
    calls = len(carrier.requests())
    assert lookup() is None
    assert len(carrier.requests()) == calls
    RateLimitState.objects.update(blocked_until=None)
    assert lookup() is MatchResult.MATCHED
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert_everybody_once(carrier, scenario.people(3))


@pytest.mark.parametrize("fault", NOT_TAKEN, ids=name_of)
def test_what_never_arrived_is_sent_again_after_the_settle_time(
    carrier: RunningSimulator, fault: dict[str, Any]
) -> None:
    campaign = lost(carrier, scenario.people(5), **fault)
    assert lookup() is MatchResult.NO_MATCH
    later(8 * MINUTE)
    assert lookup() is MatchResult.NO_MATCH
    attempt = open_attempt()
    assert (attempt.state, attempt.lookup_count, attempt.clean_misses) == ("reconciling", 2, 2)
    assert attempt.note == "missed"
    assert dispatch.step(campaign.pk).result == StepResult.BLOCKED, (
        "two clean looks, but the settle time is not over"
    )
    later(3 * MINUTE)
    assert lookup() is MatchResult.NO_MATCH
    attempt.refresh_from_db()
    assert attempt.state == Attempt.State.ABSENT
    assert scenario.counts(campaign) == {"queued": 5}
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert_everybody_once(carrier, scenario.people(5))
    assert [found.state for found in Attempt.objects.all()] == ["absent", "accepted", "accepted"]
    assert why_it_waits(campaign) == ""
    scenario.assert_adds_up(campaign)


def test_one_clean_look_is_never_enough(carrier: RunningSimulator) -> None:
    campaign = lost(carrier, scenario.people(3), fault="drop_before")
    later(DAY)
    assert lookup() is MatchResult.NO_MATCH
    later(MINUTE / 2)
    assert lookup() is MatchResult.NO_MATCH, "and two at nearly the same moment are one"
    assert scenario.counts(campaign) == {"in_doubt": 3}
    later(MINUTE / 2)
    lookup()
    assert scenario.counts(campaign) == {"queued": 3}


def test_of_a_process_that_died_the_request_may_have_lasted(carrier: RunningSimulator) -> None:
    """Nobody knows when it ended, so the settle time starts when it must have."""
    campaign = scenario.launched(scenario.people(3))
    prepared = dispatch.choose_next(campaign.pk, registry.default())
    assert isinstance(prepared, Prepared)
    attempts.mark_sending(prepared)
    Attempt.objects.update(owner=":".join([*Attempt.objects.get().owner.split(":")[:2], "1"]))
    assert orphans.settle_orphans() == 1
    lookup()
    later(11 * MINUTE)
    lookup()
    assert open_attempt().state == "reconciling"
    later(2 * MINUTE)
    lookup()
    assert scenario.counts(campaign) == {"queued": 3}


def test_records_that_lag_are_waited_for(carrier: RunningSimulator) -> None:
    campaign = lost(carrier, scenario.people(3), fault="drop_after")
    carrier.options(list_lag=300)
    for _ in range(4):
        assert lookup() is MatchResult.NO_MATCH
        later(MINUTE)
    assert scenario.counts(campaign) == {"in_doubt": 3}
    carrier.advance(301)
    assert lookup() is MatchResult.MATCHED
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert posts(carrier) == 1


def test_records_that_miss_what_was_confirmed_before_prove_nothing(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(6), size=3)
    dispatch.step(campaign.pk)
    carrier.faults({**POST, "nth": 1, "fault": "drop_after"})
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    carrier.faults()
    carrier.options(list_lag=3600)
    for _ in range(15):
        assert lookup() is MatchResult.LAGGING
        later(MINUTE)
    attempt = open_attempt()
    assert (attempt.clean_misses, attempt.first_miss_at) == (0, None)
    assert attempt.note == "lagging"
    assert dispatch.step(campaign.pk).result == StepResult.BLOCKED
    carrier.options(list_lag=0)
    assert lookup() is MatchResult.MATCHED
    assert_everybody_once(carrier, scenario.people(6))


def test_a_batch_whose_texts_are_not_listed_yet_is_waited_for(carrier: RunningSimulator) -> None:
    campaign = lost(carrier, scenario.people(3), fault="drop_after")
    carrier.faults({"method": "GET", "path": "/a2p-sms/messages", "fault": "lag", "seconds": 300})
    later(20 * MINUTE)
    for _ in range(3):
        assert lookup() is MatchResult.INCOMPLETE
        later(2 * MINUTE)
    assert open_attempt().clean_misses == 0
    carrier.faults()
    assert lookup() is MatchResult.MATCHED
    assert scenario.counts(campaign) == {"with_carrier": 3}


def test_a_batch_that_never_becomes_whole_is_for_a_person(carrier: RunningSimulator) -> None:
    campaign = lost(carrier, scenario.people(3), fault="drop_after")
    carrier.faults({"method": "GET", "path": "/a2p-sms/messages", "fault": "lag", "seconds": 3 * DAY})
    later(DAY + MINUTE)
    assert lookup() is MatchResult.INCOMPLETE
    assert open_attempt().state == "review"
    assert scenario.counts(campaign) == {"needs_review": 3}


def test_records_that_cannot_be_read_are_no_negative(carrier: RunningSimulator) -> None:
    campaign = lost(carrier, scenario.people(3), fault="drop_before")
    lookup()
    later(20 * MINUTE)
    carrier.faults({**LIST, "fault": "status", "status": 500})
    assert lookup() is None
    attempt = open_attempt()
    assert (attempt.lookup_count, attempt.clean_misses, attempt.first_miss_at) == (2, 0, None)
    assert attempt.note == "unreadable"
    assert scenario.account_error()
    carrier.faults()
    lookup()
    assert open_attempt().clean_misses == 1, "it is counted from the beginning"
    assert scenario.account_error() == ""
    search_to_the_end()
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert_everybody_once(carrier, scenario.people(3))


@pytest.mark.parametrize(
    "fault",
    [
        {**LIST, "fault": "status", "status": 200, "body": "{}"},
        {**LIST, "fault": "status", "status": 200, "body": "[]"},
        {**LIST, "fault": "html", "status": 200},
        {**LIST, "fault": "truncate"},
        {**LIST, "fault": "drop_before"},
        {**LIST, "fault": "status", "status": 403},
        {**LIST, "fault": "status", "status": 429, "headers": {"Retry-After": "30"}},
    ],
    ids=name_of,
)
def test_an_answer_without_a_list_is_no_negative(carrier: RunningSimulator, fault: dict[str, Any]) -> None:
    lost(carrier, scenario.people(2), fault="drop_after")
    carrier.faults(fault)
    assert lookup() is None
    assert open_attempt().clean_misses == 0


REJECTED = [(scenario.phone(1), "Ann"), (scenario.ending("9700", 1), "Bob"), (scenario.phone(2), "Cy")]


def test_a_lost_list_of_rejected_numbers_makes_no_difference(carrier: RunningSimulator) -> None:
    campaign = lost(carrier, REJECTED, fault="drop_after")
    assert lookup() is MatchResult.MATCHED
    assert scenario.counts(campaign) == {"with_carrier": 2, "rejected": 1}
    rejected = Message.objects.get(state="rejected")
    assert (rejected.to, rejected.error_code) == (scenario.ending("9700", 1), "rejected")
    scenario.submit_all(campaign)
    scenario.poll()
    scenario.assert_adds_up(campaign)
    with_answer = scenario.launched(REJECTED)
    scenario.submit_all(with_answer)
    scenario.poll()
    assert scenario.counts(campaign) == scenario.counts(with_answer) == {"delivered": 2, "rejected": 1}


def test_a_batch_of_rejected_numbers_only_is_tried_again_and_texts_nobody(carrier: RunningSimulator) -> None:
    campaign = lost(
        carrier, [(scenario.ending("9700", place), "Bob") for place in (1, 2)], fault="drop_after"
    )
    search_to_the_end()
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert scenario.counts(campaign) == {"rejected": 2}
    assert carrier.ledger() == []


def test_an_answer_that_comes_after_all_changes_nothing(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(REJECTED)
    prepared = dispatch.choose_next(campaign.pk, registry.default())
    assert isinstance(prepared, Prepared)
    answer = registry.default().provider.submit(
        prepared.sender, prepared.texts, before_first_byte=lambda: attempts.mark_sending(prepared)
    )
    Attempt.objects.update(sending_at=timezone.now() - attempts.LEASE - timedelta(seconds=1))
    assert orphans.settle_orphans() == 1
    assert lookup() is MatchResult.MATCHED
    before = scenario.counts(campaign)
    attempts.accept(prepared, answer, registry.default().fetch_id())
    assert scenario.counts(campaign) == before == {"with_carrier": 2, "rejected": 1}
    assert Attempt.objects.get().provider_id == answer.provider_id
    assert not History.objects.filter(kind="possible_double").exists()
    scenario.assert_adds_up(campaign)


def test_a_tick_wakes_the_looks_that_are_due(carrier: RunningSimulator) -> None:
    campaign = lost(carrier, scenario.people(3), fault="drop_after")
    later(MINUTE)
    schedule.tick()
    tasks.reconcile_attempt.func(open_attempt().pk)
    assert scenario.counts(campaign) == {"with_carrier": 3}
