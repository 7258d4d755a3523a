"""The carrier's clock."""

import time

SECOND = 1_000_000
"""All times inside the simulator are whole microseconds since 1970."""


class Clock:
    """Real time plus what the control API added. It never goes back, even if the machine's clock does."""

    def __init__(self) -> None:
        self._base = time.time_ns() // 1000 - time.monotonic_ns() // 1000
        self.advanced = 0

    def now(self) -> int:
        return self._base + time.monotonic_ns() // 1000 + self.advanced

    def advance(self, seconds: float) -> None:
        self.advanced += int(seconds * SECOND)
