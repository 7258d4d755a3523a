"""One request limit for all workers, learned from response headers."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from campaigns.accounts import rate_limit
from campaigns.accounts.rate_limit import DatabaseGate, Window
from campaigns.models import RateLimitState
from campaigns.providers.base import Outcome, ProviderError
from tests.simulator.running import RunningSimulator
from tests.support import scenario

HEADERS = {"x-rate-limit-limit": "3", "x-rate-limit-window": "60", "x-rate-limit-remaining": "2"}
NOW = 1_700_000_000.0


# --- the decision


def after_calls(*seconds: float, limit: int = 3) -> Window:
    """The window after calls that started and ended at these seconds."""
    window = Window()
    for at in seconds:
        window = window.with_call(NOW + at).after(NOW + at, 200, {"x-rate-limit-limit": str(limit)})
    return window


@pytest.mark.parametrize(
    ("calls", "at", "wait"),
    [
        ((), 0, 0),
        ((0, 1), 1, 0),
        ((0, 1, 2), 2, 58.5),  # until the first is out of the window, and half a second more
        ((0, 1, 2), 60.4, 0.1),
        ((0, 1, 2), 60.5, 0),
        ((0, 1, 2, 60.5), 60.5, 1),  # the window slides: now the second makes room
        ((0, 30, 59), 60.5, 0),
        ((0, 30, 59, 60.5), 60.5, 30),
        ((0, 1, 2, 3, 4), 4, 58.5),  # more than the limit: another program's were counted in
    ],
)
def test_no_window_of_time_holds_more_calls_than_the_limit(
    calls: tuple[float, ...], at: float, wait: float
) -> None:
    assert after_calls(*calls).wait(NOW + at) == pytest.approx(wait)


def test_calls_under_way_count_from_their_end() -> None:
    """The provider counts a call at an unknown time, at the latest when it answers."""
    window = after_calls(0, limit=2).with_call(NOW + 1)
    window = window.after(NOW + 50, 200, {})
    assert window.wait(NOW + 60) == pytest.approx(0.5)
    window = window.with_call(NOW + 61).after(NOW + 61, 200, {})
    assert window.wait(NOW + 62) == pytest.approx(48.5)


@pytest.mark.parametrize(
    ("at", "free"),
    [
        (0, False),
        (rate_limit.STAGGER_SECONDS - 0.01, False),
        (rate_limit.STAGGER_SECONDS, True),
        (rate_limit.STAGGER_SECONDS + 5, True),
    ],
)
@pytest.mark.parametrize("window", [Window(), Window(limit=50)])
def test_calls_go_one_at_a_time_unless_one_takes_long(window: Window, at: float, free: bool) -> None:
    """So that each call learns of a penalty that the previous one got."""
    assert (window.with_call(NOW).wait(NOW + at) == 0) is free


def test_a_call_whose_process_was_killed_holds_a_place_for_a_while() -> None:
    window = Window(limit=1).with_call(NOW)
    end = rate_limit.MAX_CALL_SECONDS
    assert window.wait(NOW + end - 1) > 0
    late = window.after(NOW + end + 1, 0, {})
    assert late.in_flight == ()
    assert late.wait(NOW + end + 61) > 0
    assert late.wait(NOW + end + 62) == 0


@pytest.mark.parametrize(
    ("status", "headers", "unlimited"),
    [
        (200, {}, True),
        (201, {"x-rate-limit-limit": "many"}, True),
        (200, {"x-rate-limit-limit": "0"}, True),
        (200, {"x-rate-limit-limit": "50"}, False),
        (401, {}, False),  # RingCentral tells no limit to a stranger
        (500, {}, False),
        (429, {}, False),
        (0, {}, False),
    ],
)
def test_only_a_good_answer_without_a_limit_means_that_there_is_none(
    status: int, headers: dict[str, str], unlimited: bool
) -> None:
    window = Window().with_call(NOW).after(NOW, status, headers)
    assert window.unlimited is unlimited
    assert window.in_flight == ()


def test_where_silence_was_asked_for_calls_go_one_at_a_time_for_an_hour() -> None:
    window = Window(unlimited=True).after(NOW, 429, {"retry-after": "10"})
    assert not window.after(NOW + 11, 200, {}).unlimited
    assert window.after(NOW + 11 + rate_limit.CALM_SECONDS, 200, {}).unlimited


def test_calls_of_another_program_count_too() -> None:
    window = after_calls(0, limit=5)
    window = window.with_call(NOW + 1).after(
        NOW + 1, 200, {"x-rate-limit-limit": "5", "x-rate-limit-remaining": "0"}
    )
    assert len(window.ended) == 5
    assert window.wait(NOW + 2) == pytest.approx(58.5)


# --- the gate


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    with time_machine.travel(moment, tick=False):
        yield


def free(gate: DatabaseGate, group: str = "light") -> bool:
    """Whether a call may start. If so, it ends too; if not, the error says when to retry."""
    try:
        gate.wait(group)
    except ProviderError as error:
        return (error.kind, error.outcome, (error.retry_after or 0) > 0) != ("rate", Outcome.NOT_SENT, True)
    gate.learn(group, 200, {})
    return True


@pytest.mark.django_db
def test_a_limit_holds_for_all_workers_of_an_account() -> None:
    gate, other_worker = DatabaseGate("a"), DatabaseGate("a")
    now = timezone.now()
    with at(now):
        gate.wait("light")
        gate.learn("light", 200, HEADERS)
        assert [free(gate), free(other_worker), free(gate)] == [True, True, False]
        assert free(DatabaseGate("another account"))
        assert free(gate, "another group")
    with at(now + timedelta(seconds=54)):
        assert not free(gate)
    with at(now + timedelta(seconds=61)):
        assert [free(gate), free(other_worker), free(gate), free(gate)] == [True, True, True, False]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "headers", "silent"),
    [
        (429, {"retry-after": "30"}, 30),
        (429, {}, 60),
        (429, {"retry-after": "soon"}, 60),
        (503, {"retry-after": "20"}, 20),
        (503, {}, 0),
        (500, {"retry-after": "20"}, 0),
        (200, {}, 0),
    ],
)
def test_a_silence_that_was_asked_for_is_kept(status: int, headers: dict[str, str], silent: int) -> None:
    gate = DatabaseGate("a")
    now = timezone.now()
    with at(now):
        gate.wait("light")
        gate.learn("light", status, headers)
        assert free(gate) is (silent == 0)
    with at(now + timedelta(seconds=max(0, silent - 5.1))):
        assert free(gate) is (silent == 0)
    with at(now + timedelta(seconds=silent + 1)):
        assert free(gate)


@pytest.mark.django_db
def test_a_shorter_silence_does_not_end_a_longer_one() -> None:
    gate = DatabaseGate("a")
    gate.learn("light", 429, {"retry-after": "3600"})
    gate.learn("light", 429, {"retry-after": "1"})
    assert not free(gate)
    window = RateLimitState.objects.get()
    assert window.blocked_until is not None
    assert window.blocked_until > timezone.now() + timedelta(minutes=50)


@pytest.mark.django_db
def test_a_short_wait_is_waited_out() -> None:
    gate = DatabaseGate("a")
    RateLimitState.objects.create(
        account="a", group="light", blocked_until=timezone.now() + timedelta(seconds=0.05)
    )
    assert free(gate)


@pytest.mark.django_db
def test_a_decision_on_an_older_state_is_not_taken() -> None:
    """It would ignore a penalty that was learned meanwhile."""
    gate = DatabaseGate("a")
    row = RateLimitState.objects.create(account="a", group="light")
    gate.learn("light", 429, {"retry-after": "30"})
    assert not rate_limit.save(row, Window().with_call(NOW))
    stored = RateLimitState.objects.get()
    assert (stored.in_flight, stored.blocked_until is not None) == ([], True)


@pytest.mark.django_db
def test_the_carrier_never_has_to_refuse(carrier: RunningSimulator) -> None:
    """A campaign of 52 batches waits instead of being refused."""
    carrier.options(rate_limits=True)
    campaign = scenario.launched(scenario.people(52), size=1)
    step = scenario.submit_all(campaign)
    assert step.result == "wait"
    assert 0 < step.seconds <= 61
    assert {call["status"] for call in carrier.requests()} <= {200, 201}
    assert len(carrier.ledger()) < 52
    scenario.assert_adds_up(campaign)


def test_a_killed_call_slows_nobody_down_for_good() -> None:
    """Its process died; later calls must not be taken for it."""
    window = Window(limit=50).with_call(NOW)
    for second in range(10, 140, 10):
        began = NOW + second
        assert window.wait(began) == 0
        window = window.with_call(began).after(began + 0.1, 200, {"x-rate-limit-limit": "50"}, began=began)
        assert window.wait(began + 0.2) == 0
    assert window.in_flight == (NOW,)
    window = window.with_call(NOW + 160).after(NOW + 160.1, 200, {}, began=NOW + 160)
    assert window.in_flight == ()
