"""The HTTP server: one thread per connection, kept alive. Faults of the network strike here."""

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

from campaigns.simulator.api.errors import fault_response
from campaigns.simulator.api.platform import Platform
from campaigns.simulator.carrier.clock import SECOND
from campaigns.simulator.carrier.faults import Fault
from campaigns.simulator.dispatch import handle, is_control
from campaigns.simulator.http_types import Request, Response
from campaigns.simulator.request_body import BodyError, read_body

_GRACE_SECONDS = 2.0


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, address: tuple[str, int], platform: Platform) -> None:
        self.platform = platform
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
        """Take no new connection, and give responses in flight a moment to leave."""
        self.shutdown()
        self.socket.close()
        with self._idle:
            self._idle.wait_for(lambda: not self._busy, _GRACE_SECONDS)
        # Waits for an acceptance that is being written. Never released, so that no other one starts.
        self.platform.store.lock.acquire()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client may go away at any time; any other error is shown by the base class."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Nothing: the page and /simulator/requests show more, and a log would hold phone numbers."""

    def handle_expect_100(self) -> bool:
        """Responses are buffered until they are complete; this one must leave at once."""
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    def serve(self) -> None:
        with self.server.in_flight():
            platform = self.server.platform
            parts = urlsplit(self.path)
            fault = None if is_control(parts.path) else platform.faults.pick(self.command, parts.path)
            if fault and fault.fault == "reset" and not fault.after:
                self.reset()
                return
            try:
                request = self.read_request(unquote(parts.path), parts.query)
            except BodyError:
                self.close_connection = True
                return
            if fault:
                self.respond_with_fault(fault, request)
            else:
                self.send(handle(platform, request), request)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = serve  # noqa: N815

    def read_request(self, path: str, query: str) -> Request:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = read_body(self.rfile, headers)
        if body.unread:
            self.close_connection = True
        return Request(
            self.command,
            path.rstrip("/") or "/",
            parse_qs(query, keep_blank_values=True),
            headers,
            body.content,
            str(uuid.uuid4()),
            body.too_large,
        )

    def respond_with_fault(self, fault: Fault, request: Request) -> None:
        if fault.fault == "delay" and not fault.after:
            time.sleep(fault.seconds)
        if fault.fault == "drop_before":
            self.hang_up()
            return
        if fault.fault == "lag":
            request.lag = fault.seconds
        replacement = fault_response(fault) if fault.fault in ("status", "html") else None
        if replacement and not fault.after:
            self.send(replacement, request)
            return
        handled = handle(self.server.platform, request)
        response = replacement or handled
        if fault.fault == "delay" and fault.after:
            time.sleep(fault.seconds)
        if fault.fault == "drop_after":
            self.hang_up()
        elif fault.fault == "reset":
            self.reset()
        elif fault.fault == "truncate":
            self.send(response, request, truncate=True)
        elif fault.fault == "drip":
            self.send(response, request, pause=fault.seconds)
        else:
            self.send(response, request)

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """Close so that the client sees a reset connection instead of an orderly end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def send(
        self, response: Response, request: Request, *, truncate: bool = False, pause: float | None = None
    ) -> None:
        """Write the response completely, or half of its body, or byte by byte with a pause before each."""
        self.send_response_only(response.status)
        self.send_header("Date", formatdate(self.server.platform.clock.now() // SECOND, usegmt=True))
        self.send_header("RCRequestId", request.request_id)
        headers = {"Content-Type": response.content_type, "Content-Language": "en-US"}
        for name, value in (headers | response.headers).items():
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Length", str(len(response.body)))
        if truncate:
            self.close_connection = True
        self.end_headers()
        body = b"" if self.command == "HEAD" else response.body
        if pause is None:
            self.wfile.write(body[: len(body) // 2] if truncate else body)
        else:
            for position in range(len(body)):
                self.wfile.flush()
                time.sleep(pause)
                self.wfile.write(body[position : position + 1])
        self.wfile.flush()
