"""The carrier's time, and the pace at which a sender's texts go out."""

from __future__ import annotations

import time
from dataclasses import dataclass

SECOND = 1_000_000
"""All times inside the simulator are whole microseconds since 1970."""


class Clock:
    """Real time plus what the control API added. It never goes back, whatever the machine's clock does."""

    def __init__(self) -> None:
        self._base = time.time_ns() // 1000 - time.monotonic_ns() // 1000
        self.advanced = 0

    def now(self) -> int:
        return self._base + time.monotonic_ns() // 1000 + self.advanced

    def advance(self, seconds: float) -> None:
        self.advanced += int(seconds * SECOND)


@dataclass(frozen=True, slots=True)
class Pace:
    """When each text of one batch leaves: text i (from 0) at `start` plus (i + 1) intervals.

    Fixed when the batch is accepted, so that nothing has to run for a text to progress: every state is
    worked out from the time at which somebody asks.
    """

    start: int
    interval: float  # microseconds between two texts
    speed: float

    def end(self, size: int) -> int:
        return self.left_at(size - 1) if size else self.start

    def left_at(self, index: int) -> int:
        return self.start + int((index + 1) * self.interval)

    def processed(self, now: int, size: int) -> int:
        """How many texts have left: those whose time has come, counted without looking at each."""
        if now >= self.end(size):
            return size
        done = max(0, min(size, int((now - self.start) / self.interval)))
        # The division rounds on its own; `left_at` decides.
        while done and self.left_at(done - 1) > now:
            done -= 1
        while done < size and self.left_at(done) <= now:
            done += 1
        return done

    def scaled(self, seconds: float) -> int:
        """Microseconds that pass here while `seconds` pass at the real carrier."""
        return int(seconds * SECOND / self.speed)
