"""Rate limits and retries: Retry-After, the pause that it asks for, and how often a read is tried."""

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from campaigns.providers.base import Outcome, ProviderError
from campaigns.providers.wording import Sentence
from campaigns.providers.wording import gettext_noop as _

MAX_DATE_LENGTH = 64
"""Characters of a date in a header; the usual form has 29."""
DEFAULT_SILENCE = 60.0  # seconds; RingCentral asks for at least 30 when a 429 names none
MAX_SILENCE_SECONDS = 86_400.0
"""Seconds. A longer Retry-After is taken for a mistake; the next answer would repeat it."""


def retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Seconds of silence in Retry-After (names in lower case): a number or an HTTP date, else None.

    A date is measured against the answer's own Date, so that a wrong clock here cannot shorten it.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return min(float(value), MAX_SILENCE_SECONDS)
    until = parse_http_date(value)
    if until is None:
        return None
    start = parse_http_date(headers.get("date", "")) or now or datetime.now(UTC)
    return min(max(0.0, (until - start).total_seconds()), MAX_SILENCE_SECONDS)


def silence_after(http_status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds during which no request of the group may start; never None after a 429."""
    if http_status == 429:
        asked = retry_after(headers)
        return DEFAULT_SILENCE if asked is None else asked
    if http_status == 503:
        return retry_after(headers)
    return None


def parse_http_date(value: str) -> datetime | None:
    if len(value) > MAX_DATE_LENGTH:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # the latter for a year of many digits
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


class SilentGate:
    """The gate of one process. It has no rate of its own and obeys every Retry-After."""

    def __init__(
        self,
        *,
        longest_wait: float = 30.0,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._longest_wait = longest_wait
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()
        self._quiet_until: dict[str, float] = {}

    def wait(self, group: str) -> None:
        with self._lock:
            left = self._quiet_until.get(group, 0.0) - self._now()
        if left > self._longest_wait:
            silence = _("The provider asked for silence. The next try is possible in {left:.0f} seconds.")
            raise ProviderError(
                Sentence(silence, {"left": left}),
                outcome=Outcome.NOT_SENT,
                kind="rate",
                retry_after=left,
            )
        if left > 0:
            self._sleep(left)

    def learn(self, group: str, http_status: int, headers: dict[str, str]) -> None:
        silence = silence_after(http_status, headers)
        if silence is None:
            return
        with self._lock:
            until = self._now() + silence
            self._quiet_until[group] = max(until, self._quiet_until.get(group, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Attempts of a read, with growing pauses. A request that sends texts is never retried."""

    count: int = 3
    first_pause: float = 0.5  # seconds
    factor: float = 4.0
    sleep: Callable[[float], None] = time.sleep

    def pause(self, attempt: int) -> None:
        """Sleep after this attempt (from 1), unless it was the last."""
        if attempt < self.count:
            self.sleep(self.first_pause * self.factor ** (attempt - 1))
