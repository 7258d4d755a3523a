"""The calls of the API, for tests that check what a client did and when."""

import threading
from collections import Counter, deque
from dataclasses import dataclass

_MAX_CALLS = 100_000


@dataclass(frozen=True, slots=True)
class Call:
    at: int
    method: str
    path: str
    status: int
    request_id: str


class CallLog:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self.counts: Counter[tuple[str, str, int]] = Counter()
            self.recent: deque[Call] = deque(maxlen=_MAX_CALLS)

    def add(self, call: Call, endpoint: str) -> None:
        with self._lock:
            self.counts[call.method, endpoint, call.status] += 1
            self.recent.append(call)
