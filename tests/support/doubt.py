"""Answers that get lost, time that passes, and looks for what became of them."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings

from campaigns.models import Attempt, Campaign
from campaigns.reconciling import search
from campaigns.reconciling.matching import MatchResult
from campaigns.sending.steps import StepResult
from tests.simulator.running import RunningSimulator
from tests.support import scenario

POST = {"method": "POST", "path": "/a2p-sms/batches"}
LIST = {"method": "GET", "path": "/a2p-sms/batches"}
MINUTE, DAY = 60, 86_400
TIMES = ("prepared_at", "sending_at", "ended_at", "first_miss_at", "last_lookup_at", "next_lookup_at")


@pytest.fixture
def real_times(settings: LazySettings) -> None:
    settings.SETTLE_SECONDS, settings.LOOK_GAP_SECONDS = 10 * MINUTE, MINUTE


def later(seconds: float) -> None:
    """As if so much time had passed since all that the attempts remember."""
    for attempt in Attempt.objects.all():
        for name in TIMES:
            if (value := getattr(attempt, name)) is not None:
                setattr(attempt, name, value - timedelta(seconds=seconds))
        attempt.save(update_fields=TIMES)


def lost(carrier: RunningSimulator, people: list[tuple[str, str]], /, **fault: Any) -> Campaign:
    """A campaign whose first request meets the fault; its answer never comes."""
    campaign = scenario.launched(people, size=3)
    carrier.faults({**POST, "nth": 1, **fault})
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    carrier.faults()
    assert open_attempt().state == Attempt.State.AMBIGUOUS
    return campaign


def open_attempt() -> Attempt:
    return Attempt.objects.get(state__in=Attempt.SEARCHED)


def lookup() -> MatchResult | None:
    return search.lookup(open_attempt().pk)


def search_to_the_end() -> None:
    """A look a minute, until it is decided."""
    for _ in range(15):
        if not Attempt.objects.filter(state__in=Attempt.IN_DOUBT).exists():
            return
        lookup()
        later(MINUTE)
    pytest.fail("a quarter of an hour did not decide it")


def posts(carrier: RunningSimulator) -> int:
    return sum(call["method"] == "POST" and "batches" in call["path"] for call in carrier.requests())


def assert_everybody_once(carrier: RunningSimulator, people: list[tuple[str, str]]) -> None:
    assert sorted(line["to"] for line in carrier.ledger()) == sorted(number for number, _ in people)
