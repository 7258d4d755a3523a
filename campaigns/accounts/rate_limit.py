"""The provider's request limit, shared by all workers through the database.

The numbers come from the answers' own headers, so nothing is assumed. While a penalty runs not one call
leaves, because RingCentral restarts the penalty with every call. So calls of a limited group go one at a
time: whoever waits for its turn hears of a penalty before it starts. A call that takes long does not hold up
the others, as a refusal comes at once.
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

from campaigns.models import RateWindow
from campaigns.providers.base import Outcome, ProviderError
from campaigns.providers.retry import silence_after
from campaigns.runtime.bulk_sql import claim

PATIENCE_SECONDS: Final = 5.0
"""Seconds that a call may wait here; beyond, the caller is told when to come back."""
SAFETY_SECONDS: Final = 0.5
"""Seconds added to a window and to a silence, for clocks that differ."""
STAGGER_SECONDS: Final = 2.0
"""Seconds after which the next call may start though the last has no answer yet."""
MAX_CALL_SECONDS: Final = 150.0
"""Seconds after which a call without an end counts as ended: its process was killed."""
CALM_SECONDS: Final = 3600.0
"""Seconds for which calls go one at a time after a silence, even if no limit was told."""
_LOOK_AGAIN: Final = 0.03
"""Seconds between two looks while another call is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is known of one group's limit. Decides, and changes nothing. Times are seconds since 1970."""

    limit: int | None = None
    unlimited: bool = False
    seconds: int = 60
    silent_until: float = 0.0
    under_way: tuple[float, ...] = ()
    ended: tuple[float, ...] = ()

    def wait(self, now: float) -> float:
        """Seconds until a call may start; 0: now."""
        if self.silent_until > now:
            return self.silent_until - now
        if self.unlimited:
            return 0.0
        going = [start for start in self.under_way if now - start < MAX_CALL_SECONDS]
        if going and (turn := max(going) + STAGGER_SECONDS - now) > 0:
            return min(turn, _LOOK_AGAIN)
        if self.limit is None:
            return 0.0
        spare = self.limit - len(going)
        if spare <= 0:
            return _LOOK_AGAIN
        # The provider's window slides: the call that makes room is the one which is `spare` from the end.
        ends = sorted(self.ended)
        return max(0.0, ends[-spare] + self._span - now) if len(ends) >= spare else 0.0

    def with_call(self, now: float) -> Window:
        """One call more is under way."""
        kept = self._tidy(now)
        return replace(kept, under_way=(*kept.under_way, now))

    def after(
        self, now: float, http_status: int, headers: dict[str, str], *, began: float | None = None
    ) -> Window:
        """The call that began then has ended; status 0: without an answer.

        It is told by its start: a call whose process was killed stays until it is too old, and must not take
        the place of one that is answered.
        """
        kept = self._tidy(now)
        going = sorted(kept.under_way)
        if going:
            going.remove(began if began in going else going[0])
        kept = replace(kept, under_way=tuple(going))
        limit = _number(headers.get("x-rate-limit-limit"))
        if limit:
            seconds = _number(headers.get("x-rate-limit-window")) or 60
            kept = replace(kept, limit=limit, unlimited=False, seconds=seconds)
        elif kept.limit is None and 200 <= http_status < 300 and now - kept.silent_until > CALM_SECONDS:
            kept = replace(kept, unlimited=True)
        silence = silence_after(http_status, headers)
        if silence is not None:
            until = max(kept.silent_until, now + silence + SAFETY_SECONDS)
            kept = replace(kept, silent_until=until, unlimited=False)
        if kept.unlimited:
            return replace(kept, under_way=(), ended=())
        ended = (*kept.ended, now, *[now] * kept._unknown(headers))
        return replace(kept, ended=ended)

    @property
    def _span(self) -> float:
        return self.seconds + SAFETY_SECONDS

    def _unknown(self, headers: dict[str, str]) -> int:
        """Calls of other programs on the same account: the provider's count is the truth."""
        remaining = _number(headers.get("x-rate-limit-remaining"))
        if self.limit is None or remaining is None:
            return 0
        return max(0, self.limit - remaining - len(self.under_way) - len(self.ended) - 1)

    def _tidy(self, now: float) -> Window:
        """Without what has no bearing any more. A call that never ended is as old as it can be."""
        lost = [start + MAX_CALL_SECONDS for start in self.under_way if now - start >= MAX_CALL_SECONDS]
        return replace(
            self,
            under_way=tuple(start for start in self.under_way if now - start < MAX_CALL_SECONDS),
            ended=tuple(end for end in (*self.ended, *lost) if now - end < self._span),
        )


class DatabaseGate:
    """A `Gate` for one account. `patience` in seconds."""

    def __init__(self, account: str, *, patience: float = PATIENCE_SECONDS) -> None:
        self.account = account
        self.patience = patience
        self._mine = threading.local()

    def wait(self, group: str) -> None:
        left = self.patience
        while True:
            row = self._row(group)
            now = timezone.now().timestamp()
            window = _window(row)
            seconds = window.wait(now)
            if seconds > left:
                raise _not_yet(max(seconds, 1.0))
            if seconds > 0:
                # A little off, so that those who wait together do not all look together.
                nap = seconds + random.uniform(0, _LOOK_AGAIN)  # noqa: S311
                time.sleep(nap)
                left -= nap
            elif window.unlimited or _save(row, window.with_call(now)):
                self._mine.began = now
                return

    def learn(self, group: str, http_status: int, headers: dict[str, str]) -> None:
        while True:
            row = self._row(group)
            window = _window(row)
            began = getattr(self._mine, "began", None)
            learned = window.after(timezone.now().timestamp(), http_status, headers, began=began)
            if learned == window or _save(row, learned):
                return

    def _row(self, group: str) -> RateWindow:
        known = RateWindow.objects.filter(account=self.account, group=group)
        row = known.first()
        if row is None:
            try:
                with transaction.atomic():
                    row = RateWindow.objects.create(account=self.account, group=group)
            except IntegrityError:
                row = known.get()
        return row


def _window(row: RateWindow) -> Window:
    return Window(
        limit=row.limit,
        unlimited=row.unlimited,
        seconds=row.window_seconds,
        silent_until=row.silent_until.timestamp() if row.silent_until else 0.0,
        under_way=tuple(row.under_way),
        ended=tuple(row.ended),
    )


def _save(row: RateWindow, window: Window) -> bool:
    """False if another worker has changed the row since it was read: then this decision is worth nothing."""
    return claim(
        RateWindow.objects.filter(pk=row.pk, turn=row.turn),
        limit=window.limit,
        unlimited=window.unlimited,
        window_seconds=window.seconds,
        silent_until=_time(window.silent_until),
        under_way=list(window.under_way),
        ended=list(window.ended),
        turn=row.turn + 1,
    )


def _time(seconds: float) -> datetime | None:
    # In whole microseconds, as the database keeps them: a time that was read and written is the same.
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds) if seconds else None


def _not_yet(seconds: float) -> ProviderError:
    whole = round(seconds)
    sentence = (
        f"The provider's request limit is used up. Going on in {whole} second{'s' if whole > 1 else ''}."
    )
    return ProviderError(sentence, kind="rate", outcome=Outcome.NOT_SENT, retry_after=seconds)


def _number(text: str | None) -> int | None:
    """A whole number as a header has it; None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
