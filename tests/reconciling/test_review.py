"""Answers that were lost and that a person has to decide about: decoys, outages, strict campaigns."""

import pytest

from campaigns.accounts import registry
from campaigns.models import Attempt, Batch, Campaign, History
from campaigns.providers.types import OutgoingText
from campaigns.reconciling import search
from campaigns.reconciling.matching import MatchResult
from campaigns.sending.steps import StepResult
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
    real_times,
    search_to_the_end,
)

__all__ = ["real_times"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_times")]


def test_records_unreadable_for_a_day_are_for_a_person_and_still_searched(carrier: RunningSimulator) -> None:
    campaign = lost(carrier, scenario.people(5), fault="drop_after")
    carrier.faults({**LIST, "fault": "status", "status": 503})
    lookup()
    later(DAY)
    assert lookup() is None
    attempt = open_attempt()
    assert (attempt.state, attempt.problem_code) == ("review", "unreadable")
    assert scenario.counts(campaign) == {"needs_review": 3, "queued": 2}
    scenario.assert_adds_up(campaign)

    # Its number is free for others; those in review are not among them.
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    assert scenario.counts(campaign) == {"needs_review": 3, "with_carrier": 2}
    assert campaign.state == Campaign.State.SENDING
    carrier.faults()
    later(6 * MINUTE)
    assert search.due_attempts() == [attempt.pk]
    assert lookup() is MatchResult.MATCHED
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert scenario.counts(campaign) == {"with_carrier": 5}
    assert_everybody_once(carrier, scenario.people(5))


def test_a_strict_campaign_always_asks(carrier: RunningSimulator) -> None:
    campaign = lost(carrier, scenario.people(3), fault="drop_before")
    Campaign.objects.update(on_not_found=Campaign.OnNotFound.REVIEW)
    search_to_the_end()
    attempt = open_attempt()
    assert (attempt.state, attempt.problem_code) == ("review", "absent")
    assert attempt.note == "absent"
    for _ in range(5):
        later(10 * MINUTE)
        assert lookup() is MatchResult.NO_MATCH
        assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    assert scenario.counts(campaign) == {"needs_review": 3}
    assert carrier.ledger() == []


def test_in_review_it_is_looked_for_every_few_minutes_and_not_for_ever(carrier: RunningSimulator) -> None:
    lost(carrier, scenario.people(3), fault="drop_before")
    Campaign.objects.update(on_not_found=Campaign.OnNotFound.REVIEW)
    search_to_the_end()
    lookup()
    assert search.due_attempts() == []
    later(5 * MINUTE + 1)
    assert len(search.due_attempts()) == 1
    later(72 * 60 * MINUTE)
    lookup()
    assert open_attempt().next_lookup_at is None
    later(DAY)
    assert search.due_attempts() == []


def foreign(texts: dict[str, str]) -> str:
    """Another program sends from the same number; our ledger knows nothing of it."""
    outgoing = [OutgoingText(to, text) for to, text in texts.items()]
    return (
        registry.default()
        .provider.submit(scenario.LOCAL, outgoing, before_first_byte=lambda: None)
        .provider_id
    )


TEXTS = {number: f"Hi {name}" for number, name in scenario.people(3)}


def test_a_batch_of_the_same_size_for_others_is_no_match(carrier: RunningSimulator) -> None:
    foreign({scenario.phone(100 + place): text for place, text in enumerate(TEXTS.values())})
    campaign = lost(carrier, scenario.people(3), fault="drop_before")
    search_to_the_end()
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert {line["to"] for line in carrier.ledger()} >= set(TEXTS)


@pytest.mark.parametrize(
    "decoy",
    [
        dict.fromkeys(TEXTS, "Your order is ready"),
        {number: f"{text} " for number, text in TEXTS.items()},
        TEXTS | {scenario.phone(100): "Hi Dee"},
        {scenario.phone(0): "Hi Person 0", scenario.phone(100): "Hi Dee"},
    ],
    ids=["other texts", "trimmed texts", "larger", "one in common"],
)
def test_a_batch_for_some_of_the_same_people_is_for_a_person(
    carrier: RunningSimulator, decoy: dict[str, str]
) -> None:
    registry.default().refresh_numbers()
    foreign(decoy)
    campaign = lost(carrier, scenario.people(3), fault="drop_before")
    assert lookup() is MatchResult.UNCLEAR
    attempt = open_attempt()
    assert (attempt.state, attempt.problem_code, attempt.lookup_count) == ("review", "unclear", 1)
    assert scenario.counts(campaign) == {"needs_review": 3}
    assert len(carrier.ledger()) == len(decoy)

    # Not again and again: it is looked for as seldom as everything in review.
    later(6 * MINUTE)
    assert lookup() is MatchResult.UNCLEAR
    assert search.due_attempts() == []
    assert open_attempt().lookup_count == 2


def test_the_same_campaign_sent_before_is_not_taken_for_it(carrier: RunningSimulator) -> None:
    contacts = scenario.imported(scenario.file_of(scenario.people(3)))
    first = scenario.launched(contacts)
    assert scenario.submit_all(first).result == StepResult.DONE
    second = scenario.launched(contacts)
    carrier.faults({**POST, "nth": 1, "fault": "drop_before"})
    assert scenario.submit_all(second).result == StepResult.BLOCKED
    carrier.faults()
    assert lookup() is MatchResult.NO_MATCH
    later(MINUTE)
    search_to_the_end()
    assert scenario.submit_all(second).result == StepResult.DONE
    assert len(carrier.ledger()) == 6
    assert Batch.objects.values("provider_id").distinct().count() == 2


def test_two_that_hold_our_texts_are_said_aloud(carrier: RunningSimulator) -> None:
    campaign = lost(carrier, scenario.people(3), fault="drop_after")
    adopted = carrier.ledger()[0]["batch_id"]
    carrier.advance(1)
    other = foreign(TEXTS)
    assert lookup() is MatchResult.MULTIPLE
    assert Attempt.objects.get().provider_id == adopted
    assert History.objects.get(kind="possible_double").data["provider_ids"] == [other]
    assert scenario.counts(campaign) == {"with_carrier": 3}
