from datetime import UTC, datetime

import pytest

from campaigns.providers.base import Outcome, ProviderError
from campaigns.providers.retry import RetryPolicy, SilentGate, retry_after, silence_after

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30.0),
        (" 30 ", 30.0),
        ("0", 0.0),
        ("86400", 86400.0),
        ("Sat, 21 Nov 2026 12:01:30 GMT", 90.0),
        ("Saturday, 21-Nov-26 12:01:30 GMT", 90.0),  # the old form of RFC 850
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),  # in the past
        ("Sat, 21 Nov 2026 12:01:30 -0000", 90.0),  # parsed without a zone
        ("", None),
        ("soon", None),
        ("Sat, 21 Nov 2222222222222222 12:01:30 GMT", None),
        ("Sat, 21 Nov 2026 12:01:30 GMT" + " " * 10_000 + "x", None),
        ("-5", None),
        ("1.5", None),
        ("5, 7", None),  # the header came twice
        ("٣٠", None),  # digits, but not those of HTTP
        ("9" * 400, None),
        ("999999999", 86_400.0),  # no silence of thirty years
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, now=NOON) == seconds


def test_a_date_is_measured_against_the_servers_own_clock() -> None:
    headers = {"retry-after": "Sat, 21 Nov 2026 12:01:00 GMT", "date": "Sat, 21 Nov 2026 12:00:20 GMT"}
    two_hours_fast = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
    assert retry_after(headers, now=two_hours_fast) == 40.0


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {}, 60.0),
        (429, {"retry-after": "garbage"}, 60.0),
        (429, {"retry-after": "7"}, 7.0),
        (503, {"retry-after": "7"}, 7.0),
        (503, {}, None),
        (500, {"retry-after": "7"}, None),
        (200, {"retry-after": "7"}, None),
    ],
)
def test_silence(status: int, headers: dict[str, str], seconds: float | None) -> None:
    assert silence_after(status, headers) == seconds


class Time:
    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_the_gate_waits_out_a_silence_of_its_group_only() -> None:
    time = Time()
    gate = SilentGate(longest_wait=30, now=time, sleep=time.sleep)
    gate.learn("light", 429, {"retry-after": "20"})
    gate.wait("auth")
    assert time.slept == []
    time.now += 5
    gate.wait("light")
    assert time.slept == [15.0]
    gate.wait("light")
    assert time.slept == [15.0]


def test_the_gate_keeps_the_longer_of_two_silences() -> None:
    time = Time()
    gate = SilentGate(longest_wait=100, now=time, sleep=time.sleep)
    gate.learn("light", 429, {"retry-after": "50"})
    gate.learn("light", 503, {"retry-after": "1"})
    gate.learn("light", 200, {})
    gate.wait("light")
    assert time.slept == [50.0]


def test_the_gate_refuses_to_wait_long() -> None:
    time = Time()
    gate = SilentGate(longest_wait=30, now=time, sleep=time.sleep)
    gate.learn("light", 429, {})
    with pytest.raises(ProviderError) as caught:
        gate.wait("light")
    assert (caught.value.kind, caught.value.outcome, caught.value.retry_after) == (
        "rate",
        Outcome.NOT_SENT,
        60.0,
    )
    assert time.slept == []


def test_pauses_grow_and_there_is_none_after_the_last_try() -> None:
    slept: list[float] = []
    tries = RetryPolicy(count=3, first_pause=0.5, factor=4, sleep=slept.append)
    for tried in (1, 2, 3):
        tries.pause(tried)
    assert slept == [0.5, 2.0]
