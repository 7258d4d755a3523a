"""Rate limits as on the platform: per group, over a sliding minute, with a penalty that restarts."""

import threading
from collections import deque

from campaigns.simulator.api.errors import api_error
from campaigns.simulator.carrier.clock import SECOND, Clock

LIMITS = {"auth": 5, "light": 50, "medium": 40, "heavy": 10}
"""Requests a minute. The platform shows an application's real limits only in headers and in its console."""
WINDOW_SECONDS = 60
PENALTY_SECONDS = 60


class Bucket:
    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken: deque[int] = deque()
        self.penalty_until = 0

    def take(self, now: int) -> bool:
        """Count one request. During a penalty every further request starts the penalty again."""
        while self.taken and self.taken[0] <= now - WINDOW_SECONDS * SECOND:
            self.taken.popleft()
        if now < self.penalty_until or len(self.taken) >= self.limit:
            self.penalty_until = now + PENALTY_SECONDS * SECOND
            return False
        self.taken.append(now)
        return True


class RateLimits:
    def __init__(self, clock: Clock, *, on: bool) -> None:
        self.on = on
        self._clock = clock
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self._buckets = {group: Bucket(limit) for group, limit in LIMITS.items()}

    def take(self, group: str) -> dict[str, str]:
        """The headers of a response in this group; CMN-301 if its minute is used up."""
        if not self.on:
            return {}
        with self._lock:
            bucket = self._buckets[group]
            taken = bucket.take(self._clock.now())
            remaining = bucket.limit - len(bucket.taken)
        headers = {
            "X-Rate-Limit-Group": group,
            "X-Rate-Limit-Limit": str(bucket.limit),
            "X-Rate-Limit-Window": str(WINDOW_SECONDS),
        }
        if taken:
            return headers | {"X-Rate-Limit-Remaining": str(remaining)}
        error = api_error(429, "CMN-301", "Request rate exceeded")
        error.response.headers = headers | {"Retry-After": str(PENALTY_SECONDS)}
        raise error
