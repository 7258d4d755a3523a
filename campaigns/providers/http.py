"""HTTP for requests that must not happen twice: it reports whether a byte of a request may have left.

`requests` does the protocol; this module adds what it lacks: a hook between "connected" and "first byte
written", one limit on the whole exchange (a server that drips one byte a second outlives any read timeout),
a cap on answers that also holds after decompression, and none of the usual help: no retries, no
redirects, no proxies, no cookies and no .netrc, because the adapter is used without a `Session`.
"""

import http.client
import io
import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

MEBIBYTE: Final = 1024 * 1024
_READ_CHUNK: Final = 64 * 1024
_WRITE_CHUNK: Final = 16 * 1024  # one TLS record: no single write can outlive the deadline by more than one
_BOOT_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

# At DEBUG it writes every URL with its query, and so full phone numbers.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

Clocks = Callable[[], tuple[float, float]]
Sink = Callable[[bytes], object]


def clocks() -> tuple[float, float]:
    """Seconds on a clock that runs on while the machine is suspended, and on the wall clock."""
    return time.clock_gettime(_BOOT_CLOCK), time.time()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds, except `answer_bytes`."""

    connect: float = 5.0
    read: float = 60.0
    """Between two reads."""
    total: float = 120.0
    """From the hook (or the call, without one) to the last byte of the answer."""
    stale: float = 5.0
    """Between the hook's return and the first byte. After that, what the hook checked is too old."""
    answer_bytes: int = MEBIBYTE
    """Of an answer's body, after decompression; the rest is not read."""


class Cause(StrEnum):
    """Why there is no answer, for sentences. What it means for the request is `NoAnswerError.written`."""

    NAME = "name"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    TLS = "tls"
    STALE = "stale"
    BROKEN = "broken"


class NoAnswerError(Exception):
    """No status line arrived. Holds no URL, no header and no body, and is chained to nothing that does."""

    def __init__(self, cause: Cause, *, written: bool) -> None:
        super().__init__(f"no answer: {cause}")
        self.cause = cause
        self.written = written
        """A byte may have left. False is a proof, True is a doubt."""


class Secret(str):
    """A string that keeps out of logs and error pages, which print `repr`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: dict[str, str] = field(repr=False)  # names in lower case
    body: bytes = field(repr=False)
    broken: bool = False
    """The connection or the encoding failed inside the body: what is here is a beginning."""
    cut: bool = False
    """The body was longer than the limit and was not read to its end."""


class _HaltError(Exception):
    """Leaves urllib3 untouched, as it is of no type that it knows."""


class _Wire:
    """One request under way: its hooks, its deadline, and how far it came."""

    def __init__(
        self,
        limits: Limits,
        now: Clocks,
        hook: Callable[[], None] | None,
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        self.limits = limits
        self.hook = hook
        self.meanwhile = meanwhile
        self.now = now
        self.deadline = now()[0] + limits.total
        self.hook_error: BaseException | None = None
        self.hook_returned: tuple[float, float] | None = None
        self.stale = False
        self.written = False

    def connected(self) -> None:
        """Run the hook. Its exception is set aside, as urllib3 would wrap or even swallow an OSError."""
        if self.hook is None:
            return
        self.deadline = self.now()[0] + self.limits.total
        try:
            self.hook()
        except BaseException as error:
            self.hook_error = error
            raise _HaltError from None
        self.hook_returned = self.now()

    def before_write(self) -> None:
        if self.written:
            return
        if self.hook_returned is not None:
            waited = max(now - then for now, then in zip(self.now(), self.hook_returned, strict=True))
            if waited > self.limits.stale or self.now()[0] >= self.deadline:
                self.stale = True
                raise _HaltError
        self.written = True

    def wholly_written(self) -> None:
        """The request has left and its answer is not there yet: time for other work."""
        if self.meanwhile is not None:
            self.meanwhile()

    def allowance(self) -> float:
        """Seconds that the next read or write of the socket may take."""
        left = self.deadline - self.now()[0]
        if left <= 0:
            raise TimeoutError("the time for the whole exchange is used up")
        return min(left, self.limits.read)


# urllib3 makes and calls the connection classes and passes no argument through to them. One request stays in
# one thread, so a context variable reaches them.
_wire: ContextVar[_Wire] = ContextVar("wire")


class _TimedReader(io.RawIOBase):
    """Reads the socket, never beyond the deadline of the exchange."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, wire: _Wire) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._timed = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._timed.allowance())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_TimedReader(raw, sock, _wire.get()))


class _Connection(HTTPConnection):
    response_class = _TimedResponse
    auto_open = 0  # http.client would otherwise reconnect by itself in the middle of a request

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()
        _wire.get().connected()
        super().request(*args, **kwargs)
        _wire.get().wholly_written()

    def send(self, data: Any) -> None:
        wire = _wire.get()
        for start in range(0, len(data), _WRITE_CHUNK):
            wire.before_write()
            self.sock.settimeout(wire.allowance())
            super().send(data[start : start + _WRITE_CHUNK])


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


class Transport:
    """Sends prepared requests. Safe to share between threads; the hook runs in the calling thread."""

    def __init__(self, limits: Limits | None = None, *, ca_bundle: str = "", now: Clocks = clocks) -> None:
        self._limits = limits or Limits()
        self._verify: bool | str = ca_bundle or True
        self._now = now
        self._pooled = _Adapter(max_retries=0)

    def close(self) -> None:
        self._pooled.close()

    def read(
        self,
        request: requests.PreparedRequest,
        *,
        answer_bytes: int = 0,
        sink: Sink | None = None,
    ) -> Answer:
        """One try over a pooled connection. Raises NoAnswerError.

        A `sink` takes the body of a 200, piece by piece; the answer's own body is then empty.
        """
        return self._exchange(self._pooled, request, _Wire(self._limits, self._now, None), answer_bytes, sink)

    def send_once(
        self,
        request: requests.PreparedRequest,
        *,
        before_first_byte: Callable[[], None] | None = None,
        meanwhile: Callable[[], None] | None = None,
        answer_bytes: int = 0,
    ) -> Answer:
        """One try over a connection of its own. Raises NoAnswerError, or what the hook raised, as it is.

        `meanwhile` is called when the request was written, before the answer is read; it must not raise.
        """
        wire = _Wire(self._limits, self._now, before_first_byte, meanwhile)
        adapter = _Adapter(max_retries=0)
        try:
            return self._exchange(adapter, request, wire, answer_bytes)
        finally:
            adapter.close()

    def _exchange(
        self,
        adapter: _Adapter,
        request: requests.PreparedRequest,
        wire: _Wire,
        answer_bytes: int,
        sink: Sink | None = None,
    ) -> Answer:
        token = _wire.set(wire)
        try:
            limit = answer_bytes or self._limits.answer_bytes
            answer, cause = self._try(adapter, request, limit, wire, sink)
        finally:
            _wire.reset(token)
        if wire.hook_error is not None:
            raise wire.hook_error
        if answer is None:
            raise NoAnswerError(cause, written=wire.written)
        return answer

    def _try(
        self,
        adapter: _Adapter,
        request: requests.PreparedRequest,
        limit: int,
        wire: _Wire,
        sink: Sink | None,
    ) -> tuple[Answer | None, Cause]:
        # Nothing is raised from inside the except blocks: a chained exception would carry URL and token.
        timeout = (self._limits.connect, self._limits.read)
        try:
            response = adapter.send(request, stream=True, timeout=timeout, verify=self._verify)
        except _HaltError:
            return None, Cause.STALE
        except Exception as error:  # of whatever type: what it means is in `wire.written`, not in its type
            return None, cause_of(error)
        with response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            body = bytearray()
            to_sink = sink is not None and response.status_code == 200
            broken, cut = pour(response.raw, limit, sink if sink and to_sink else body.extend)
        answer = Answer(
            status=response.status_code, headers=headers, body=bytes(body), broken=broken, cut=cut
        )
        return answer, Cause.BROKEN


def pour(raw: urllib3.BaseHTTPResponse, limit: int, sink: Sink) -> tuple[bool, bool]:
    """Pour the body's first `limit` bytes into `sink`. Returns whether it broke off, was cut."""
    left = limit
    pieces = raw.stream(_READ_CHUNK, decode_content=True)
    while True:
        try:
            piece = next(pieces, None)
        except Exception:  # of whatever type: the body is not whole
            return True, False
        if piece is None:
            return False, False
        sink(piece[:left])
        if len(piece) > left:
            return False, True
        left -= len(piece)


def cause_of(error: BaseException) -> Cause:
    kinds: list[tuple[type[BaseException] | tuple[type[BaseException], ...], Cause]] = [
        ((socket.gaierror, urllib3.exceptions.NameResolutionError), Cause.NAME),
        (ConnectionRefusedError, Cause.REFUSED),
        ((ssl.SSLError, urllib3.exceptions.SSLError, requests.exceptions.SSLError), Cause.TLS),
        ((TimeoutError, urllib3.exceptions.TimeoutError, requests.Timeout), Cause.TIMEOUT),
    ]
    chain = list(chain_of(error))
    for types, cause in kinds:
        if any(isinstance(link, types) for link in chain):
            return cause
    return Cause.BROKEN


def chain_of(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def prepare(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    params: list[tuple[str, str]] | None = None,
    body: bytes | None = None,
) -> requests.PreparedRequest:
    """`+` becomes %2B and a repeated key stays repeated, as `params` is a list of pairs."""
    request = requests.Request(method, url, headers=dict(headers), params=params, data=body)
    return request.prepare()
