"""A proxy in front of the simulated carrier that forwards every request, or plays a trick on it.

For faults that the simulator does not have: arbitrary bytes, another server, an answer at a moment that the
test chooses. It records each request with its time, by the test's clock, and its connection.
"""

import http.client
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.providers.servers import Request, Talk, serving

Trick = Callable[[Talk, Callable[[], bytes]], None]
"""Answers one request itself, or not; its second argument asks the carrier and returns the answer's bytes."""


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    at: float
    """Seconds since 1970, as the test's clock shows them."""
    method: str
    path: str
    connection: int
    place: int
    """1 for the first request of its connection."""

    @property
    def is_submission(self) -> bool:
        return self.method == "POST" and self.path.endswith("/a2p-sms/batches")


@dataclass
class FaultProxy:
    carrier: str
    url: str = ""
    seen: list[RecordedRequest] = field(default_factory=list)
    resets_reused: bool = False
    """A second request on one connection is answered with RST, as by a server that forgot the connection."""
    tricks: dict[int, Trick] = field(default_factory=dict)
    """On requests to hand over, by their number from 1."""
    _connections: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, talk: Talk) -> None:
        connection = next(self._connections)
        place = 0
        while (request := talk.read()) is not None:
            place += 1
            with self._lock:
                self.seen.append(
                    RecordedRequest(time.time(), request.method, request.path, connection, place)
                )
                number = sum(seen.is_submission for seen in self.seen)
                trick = self.tricks.get(number) if self.seen[-1].is_submission else None
            if self.resets_reused and place > 1:
                talk.reset()
                return
            if trick is None:
                talk.write(self.forward(request))
            else:
                trick(talk, lambda: self.forward(request))

    def submissions(self) -> list[RecordedRequest]:
        return [seen for seen in self.seen if seen.is_submission]

    def forward(self, request: Request) -> bytes:
        connection = http.client.HTTPConnection(urlsplit(self.carrier).netloc, timeout=20)
        try:
            connection.request(request.method, request.target, request.body, request.headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        kept = [
            f"{name}: {value}"
            for name, value in answer.getheaders()
            if name.lower() not in ("connection", "content-length", "transfer-encoding")
        ]
        head = [f"HTTP/1.1 {answer.status} {answer.reason}", *kept, f"Content-Length: {len(body)}"]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body


@contextmanager
def running_proxy(carrier: str) -> Iterator[FaultProxy]:
    proxy = FaultProxy(carrier)
    with serving(proxy.serve) as server:
        proxy.url = server.url
        yield proxy
