"""The provider's request limit, shared by all workers through the database.

All limits come from response headers. During a penalty no call starts, because RingCentral restarts the
penalty with every call. So the calls of a limited group start one after the other, and a waiting call learns
of a penalty before it starts. A slow call delays the others only briefly, because a refusal comes at once.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from campaigns.models import RateLimitState
from campaigns.providers.base import Outcome, ProviderError
from campaigns.providers.retry import silence_after
from campaigns.runtime.bulk_sql import claim

PATIENCE_SECONDS: Final = 5.0
"""A call waits no longer here; the caller gets an error that says when to retry."""
SAFETY_SECONDS: Final = 0.5
"""Added to windows and penalties, because clocks differ."""
STAGGER_SECONDS: Final = 2.0
"""After this the next call may start, even if the last has no answer yet."""
MAX_CALL_SECONDS: Final = 150.0
"""After this a call without an end counts as ended: its process was killed."""
CALM_SECONDS: Final = 3600.0
"""After a penalty calls start one after the other for this long, even without a known limit."""
POLL_SECONDS: Final = 0.03
"""Between two checks while another call is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The known limit of one group and its recent calls. Immutable; times are seconds since 1970."""

    limit: int | None = None
    unlimited: bool = False
    seconds: int = 60
    blocked_until: float = 0.0
    in_flight: tuple[float, ...] = ()
    ended: tuple[float, ...] = ()

    def wait(self, now: float) -> float:
        """Seconds until a call may start; 0: now."""
        if self.blocked_until > now:
            return self.blocked_until - now
        if self.unlimited:
            return 0.0
        running = [start for start in self.in_flight if now - start < MAX_CALL_SECONDS]
        if running and (stagger := max(running) + STAGGER_SECONDS - now) > 0:
            return min(stagger, POLL_SECONDS)
        if self.limit is None:
            return 0.0
        spare = self.limit - len(running)
        if spare <= 0:
            return POLL_SECONDS
        # The provider's window slides: room comes when the call that is `spare` from the end leaves it.
        ends = sorted(self.ended)
        return max(0.0, ends[-spare] + self.span - now) if len(ends) >= spare else 0.0

    def with_call(self, now: float) -> Window:
        current = self.without_expired(now)
        return replace(current, in_flight=(*current.in_flight, now))

    def after(
        self, now: float, http_status: int, headers: dict[str, str], *, began: float | None = None
    ) -> Window:
        """The call that began at `began` has ended. Status 0: without an answer.

        The start identifies the call. A call of a killed process stays until it expires, and an answered one
        must not be taken for it.
        """
        current = self.without_expired(now)
        running = sorted(current.in_flight)
        if running:
            running.remove(began if began in running else running[0])
        current = replace(current, in_flight=tuple(running))
        limit = whole_number(headers.get("x-rate-limit-limit"))
        if limit:
            seconds = whole_number(headers.get("x-rate-limit-window")) or 60
            current = replace(current, limit=limit, unlimited=False, seconds=seconds)
        elif (
            current.limit is None and 200 <= http_status < 300 and now - current.blocked_until > CALM_SECONDS
        ):
            current = replace(current, unlimited=True)
        silence = silence_after(http_status, headers)
        if silence is not None:
            until = max(current.blocked_until, now + silence + SAFETY_SECONDS)
            current = replace(current, blocked_until=until, unlimited=False)
        if current.unlimited:
            return replace(current, in_flight=(), ended=())
        ended = (*current.ended, now, *[now] * current.calls_of_others(headers))
        return replace(current, ended=ended)

    @property
    def span(self) -> float:
        return self.seconds + SAFETY_SECONDS

    def calls_of_others(self, headers: dict[str, str]) -> int:
        remaining = whole_number(headers.get("x-rate-limit-remaining"))
        if self.limit is None or remaining is None:
            return 0
        return max(0, self.limit - remaining - len(self.in_flight) - len(self.ended) - 1)

    def without_expired(self, now: float) -> Window:
        """Without calls outside the window. A call without an end ended after MAX_CALL_SECONDS."""
        lost = [start + MAX_CALL_SECONDS for start in self.in_flight if now - start >= MAX_CALL_SECONDS]
        return replace(
            self,
            in_flight=tuple(start for start in self.in_flight if now - start < MAX_CALL_SECONDS),
            ended=tuple(end for end in (*self.ended, *lost) if now - end < self.span),
        )


class DatabaseGate:
    """A `Gate` for one account. `patience` in seconds."""

    def __init__(self, account: str, *, patience: float = PATIENCE_SECONDS) -> None:
        self.account = account
        self.patience = patience
        self._current_call = threading.local()

    def wait(self, group: str) -> None:
        left = self.patience
        while True:
            row = self.row(group)
            now = timezone.now().timestamp()
            window = window_of(row)
            seconds = window.wait(now)
            if seconds > left:
                raise limit_reached(max(seconds, 1.0))
            if seconds > 0:
                # Randomised, so that waiting processes do not all check at the same time.
                nap = seconds + random.uniform(0, POLL_SECONDS)  # noqa: S311
                time.sleep(nap)
                left -= nap
            elif window.unlimited or save(row, window.with_call(now)):
                self._current_call.began = now
                return

    def learn(self, group: str, http_status: int, headers: dict[str, str]) -> None:
        while True:
            row = self.row(group)
            window = window_of(row)
            began = getattr(self._current_call, "began", None)
            learned = window.after(timezone.now().timestamp(), http_status, headers, began=began)
            if learned == window or save(row, learned):
                return

    def row(self, group: str) -> RateLimitState:
        known = RateLimitState.objects.filter(account=self.account, group=group)
        row = known.first()
        if row is None:
            try:
                with transaction.atomic():
                    row = RateLimitState.objects.create(account=self.account, group=group)
            except IntegrityError:
                row = known.get()
        return row


def window_of(row: RateLimitState) -> Window:
    return Window(
        limit=row.limit,
        unlimited=row.unlimited,
        seconds=row.window_seconds,
        blocked_until=row.blocked_until.timestamp() if row.blocked_until else 0.0,
        in_flight=tuple(row.in_flight),
        ended=tuple(row.ended),
    )


def save(row: RateLimitState, window: Window) -> bool:
    # Fails if another worker changed the row since it was read: then the decision must be made again.
    return claim(
        RateLimitState.objects.filter(pk=row.pk, turn=row.turn),
        limit=window.limit,
        unlimited=window.unlimited,
        window_seconds=window.seconds,
        blocked_until=to_datetime(window.blocked_until),
        in_flight=list(window.in_flight),
        ended=list(window.ended),
        turn=row.turn + 1,
    )


def to_datetime(seconds: float) -> datetime | None:
    # In whole microseconds, as the database stores them, so that a time survives a round trip unchanged.
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds) if seconds else None


def limit_reached(seconds: float) -> ProviderError:
    whole = round(seconds)
    sentence = (
        f"The provider's request limit is used up. Going on in {whole} second{'s' if whole > 1 else ''}."
    )
    return ProviderError(sentence, kind="rate", outcome=Outcome.NOT_SENT, retry_after=seconds)


def whole_number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
