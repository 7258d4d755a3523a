"""A carrier that counts: a strict limit in a short sliding window, refusals at will, tokens that end soon."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.providers.servers import Talk, answer, serving

LIMIT = 8
WINDOW = 1  # seconds
PENALTY = 1  # seconds; starts again with every call that comes too early
TOKEN_LIFE = 5  # seconds, of which a client should use half
NUMBERS = {"records": [{"id": 1, "phoneNumber": "+16505550100", "features": ["A2PSmsSender"]}]}


@dataclass
class Metered:
    refuse: frozenset[int]
    """Which calls, counted from 1, are refused and start a penalty, whatever the limit."""
    url: str = ""
    calls: list[float] = field(default_factory=list)
    minted: list[float] = field(default_factory=list)
    in_penalty: int = 0
    over_limit: int = 0
    penalty_until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)
    tokens: Iterator[int] = field(default_factory=itertools.count)

    def serve(self, talk: Talk) -> None:
        while (request := talk.read()) is not None:
            if request.path.endswith("/oauth/token"):
                talk.write(self._mint(talk))
            else:
                with self.lock:
                    talk.write(self._answer())

    def _mint(self, talk: Talk) -> bytes:
        self.minted.append(time.monotonic())
        talk.server.stopping.wait(0.5)  # long enough for everybody to notice that there is no token
        return answer(200, {"access_token": f"token{next(self.tokens)}", "expires_in": TOKEN_LIFE})

    def _answer(self) -> bytes:
        now = time.monotonic()
        self.calls.append(now)
        recent = sum(now - then < WINDOW for then in self.calls)
        early, over = now < self.penalty_until, recent > LIMIT
        self.in_penalty += early
        self.over_limit += over
        headers = {"X-Rate-Limit-Limit": str(LIMIT), "X-Rate-Limit-Window": str(WINDOW)}
        if early or over or len(self.calls) in self.refuse:
            self.penalty_until = now + PENALTY
            return answer(429, {"errorCode": "CMN-301"}, headers | {"Retry-After": str(PENALTY)})
        return answer(200, NUMBERS, headers | {"X-Rate-Limit-Remaining": str(LIMIT - recent)})


@contextmanager
def metered(*refuse: int) -> Iterator[Metered]:
    carrier = Metered(frozenset(refuse))
    with serving(carrier.serve) as server:
        carrier.url = server.url
        yield carrier
