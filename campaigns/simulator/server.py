"""HTTP: one thread per connection, kept alive; faults strike here, as they would on the way."""

from __future__ import annotations

import socket
import struct
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from campaigns.simulator.api.answers import Answer, Request
from campaigns.simulator.api.platform import Carrier
from campaigns.simulator.api.routes import answer_request
from campaigns.simulator.carrier.clock import SECOND
from campaigns.simulator.carrier.faults import Fault

MAX_BODY = 50 * 1024 * 1024
_DRAINED = 4 * MAX_BODY
"""A body over the limit is read to here, so that the client gets its 413 and no broken pipe."""
_CHUNK = 1 << 16
_GRACE_SECONDS = 2.0


class BodyError(Exception):
    """The body did not arrive whole: nothing of it may be accepted, and there is nobody to answer."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, address: tuple[str, int], carrier: Carrier) -> None:
        self.carrier = carrier
        self._busy = 0
        self._idle = threading.Condition()
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """As in the base class, but without asking the network for the host's name: that can take seconds."""
        TCPServer.server_bind(self)
        host, self.server_port = self.server_address[:2]
        self.server_name = str(host)

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        with self._idle:
            self._busy += 1
        try:
            yield
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def finish(self) -> None:
        """Take no new connection, and give the answers under way a moment to leave."""
        self.shutdown()
        self.socket.close()
        with self._idle:
            self._idle.wait_for(lambda: not self._busy, _GRACE_SECONDS)
        # Whoever has the lock is writing an acceptance; it is never given back, so no other one starts.
        self.carrier.store.lock.acquire()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is none of our business; anything else is, and the base class shows it."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Nothing: the page and /simulator/requests tell more, and a log would hold phone numbers."""

    def handle_expect_100(self) -> bool:
        """Our answers wait in a buffer until they are whole; this one must leave at once."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def _serve(self) -> None:
        with self.server.in_flight():
            self._serve_one()

    def _serve_one(self) -> None:
        carrier = self.server.carrier
        parts = urlsplit(self.path)
        ours = parts.path == "/" or parts.path.startswith("/simulator/")
        fault = None if ours else carrier.faults.pick(self.command, parts.path)
        if fault and fault.fault == "reset" and not fault.after:
            self._reset()
            return
        try:
            request = self._read(unquote(parts.path), parts.query)
        except BodyError:
            self.close_connection = True
            return
        if fault:
            self._serve_with(fault, request)
        else:
            self._send(answer_request(carrier, request), request)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815

    def _read(self, path: str, query: str) -> Request:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body, too_large = self._read_body(headers)
        return Request(
            self.command,
            path.rstrip("/") or "/",
            parse_qs(query, keep_blank_values=True),
            headers,
            body,
            str(uuid.uuid4()),
            too_large,
        )

    def _read_body(self, headers: dict[str, str]) -> tuple[bytes, bool]:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._read_chunks()
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit():
            raise BodyError
        size = int(length)
        if size > MAX_BODY:
            self._drain(min(size, _DRAINED))
            return b"", True
        return self._exactly(size), False

    def _read_chunks(self) -> tuple[bytes, bool]:
        pieces, total = [], 0
        while True:
            try:
                size = int(self.rfile.readline(1024).partition(b";")[0], 16)
            except ValueError:
                raise BodyError from None
            piece = self._exactly(size) if size <= MAX_BODY else b""
            if size > MAX_BODY or total > _DRAINED:
                self.close_connection = True
                return b"", True
            if not size:
                break
            total += size
            if total <= MAX_BODY:
                pieces.append(piece)
            self.rfile.readline(8)
        while self.rfile.readline(1024).strip():
            pass
        return (b"".join(pieces), False) if total <= MAX_BODY else (b"", True)

    def _exactly(self, size: int) -> bytes:
        body = self.rfile.read(size) if size else b""
        if len(body) != size:
            raise BodyError
        return body

    def _drain(self, size: int) -> None:
        self.close_connection = True
        while size > 0 and (piece := self.rfile.read(min(size, _CHUNK))):
            size -= len(piece)

    def _serve_with(self, fault: Fault, request: Request) -> None:
        carrier = self.server.carrier
        if fault.fault == "delay" and not fault.after:
            time.sleep(fault.seconds)
        if fault.fault == "drop_before":
            self._hang_up()
            return
        if fault.fault == "lag":
            request.lag = fault.seconds
        fake = fault.answer() if fault.fault in ("status", "html") else None
        if fake and not fault.after:
            self._send(fake, request)
            return
        answer = answer_request(carrier, request)
        if fault.fault == "delay" and fault.after:
            time.sleep(fault.seconds)
        if fault.fault == "drop_after":
            self._hang_up()
        elif fault.fault == "reset":
            self._reset()
        elif fault.fault == "truncate":
            self._send(answer, request, cut=True)
        elif fault.fault == "drip":
            self._send(answer, request, pause=fault.seconds)
        else:
            self._send(fake or answer, request)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _reset(self) -> None:
        """Close so that the client sees a reset connection instead of an orderly end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _send(
        self, answer: Answer, request: Request, *, cut: bool = False, pause: float | None = None
    ) -> None:
        """Write the answer whole, or only half of its body, or byte by byte with a pause before each."""
        self.send_response_only(answer.status)
        self.send_header("Date", formatdate(self.server.carrier.clock.now() // SECOND, usegmt=True))
        self.send_header("RCRequestId", request.request_id)
        headers = {"Content-Type": answer.content_type, "Content-Language": "en-US"}
        for name, value in (headers | answer.headers).items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        if cut:
            self.close_connection = True
        self.end_headers()
        body = b"" if self.command == "HEAD" else answer.body
        if pause is None:
            self.wfile.write(body[: len(body) // 2] if cut else body)
        else:
            for position in range(len(body)):
                self.wfile.flush()
                time.sleep(pause)
                self.wfile.write(body[position : position + 1])
        self.wfile.flush()
