"""A subscriber for the tests of webhooks: a small HTTP server that records what it receives."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.simulator.client import SUBSCRIPTIONS, Client, Reply

_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Heard:
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Hook(ThreadingHTTPServer):
    """Answers handshakes as it should, and events with `status`, unless a test spoils one or the other."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"http://127.0.0.1:{self.server_address[1]}/hooks/rc?who=us"
        self.status = 200
        self.handshakes: list[Heard] = []
        self.events: list[Heard] = []
        self.shake_hands: Callable[[_Handler, str], None] = shake_hands

    def wait(self, count: int) -> list[Any]:
        """The events, once there are so many; the test fails if they do not come."""
        return [one.json for one in self.wait_for(lambda: len(self.events) >= count)]

    def wait_for(self, done: Callable[[], bool]) -> list[Heard]:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not done():
            assert time.monotonic() < deadline, [one.json for one in self.events]
            threading.Event().wait(0.005)
        return list(self.events)


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        heard = Heard({name.lower(): value for name, value in self.headers.items()}, body)
        if "validation-token" in heard.headers:
            self.server.handshakes.append(heard)
            self.server.shake_hands(self, heard.headers["validation-token"])
            return
        self.server.events.append(heard)
        answer(self, self.server.status)


def answer(handler: _Handler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response_only(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-").title(), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def shake_hands(handler: _Handler, token: str) -> None:
    answer(handler, 200, validation_token=token)


@contextmanager
def listening() -> Iterator[Hook]:
    hook = Hook()
    thread = threading.Thread(target=hook.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield hook
    finally:
        hook.shutdown()
        thread.join()
        hook.server_close()


def subscribe(client: Client, address: str, *filters: str, **more: Any) -> Reply:
    mode = {"transportType": "WebHook", "address": address} | more.pop("mode", {})
    return client.post(SUBSCRIPTIONS, {"eventFilters": list(filters), "deliveryMode": mode} | more)
