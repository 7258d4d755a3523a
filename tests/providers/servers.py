"""Carriers that misbehave: small servers on a raw socket, as a well-behaved HTTP library would not let them.

A server runs one function per connection, counts what it was asked, and stops with its block.
"""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN = "U0pDMTFQMDFQQVMwMQ"


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    def json(self) -> Any:
        return json.loads(self.body)


Script = Callable[["Talk"], None]


@dataclass
class Server:
    url: str
    connections: int = 0
    requests: list[Request] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def asked(self, end: str) -> list[Request]:
        return [request for request in self.requests if request.path.endswith(end)]


class Talk:
    """One connection, from the server's side."""

    def __init__(self, server: Server, sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.file = sock.makefile("rb")
        self.last = Request("", "", {}, b"")

    def read(self) -> Request | None:
        """The next request, whole; None if the client has gone."""
        line = self.file.readline().decode()
        if not line.strip():
            return None
        method, target, _ = line.split()
        headers: dict[str, str] = {}
        while (header := self.file.readline().decode().strip()) != "":
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        body = self.file.read(int(headers.get("content-length", "0")))
        request = Request(method, target, headers, body)
        self.last = request
        self.server.requests.append(request)
        return request

    def write(self, data: bytes) -> None:
        self.sock.sendall(data)

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.file.close()
        self.sock.close()

    def drip(self, data: bytes, seconds: float) -> None:
        for byte in data:
            if self.server.stopping.wait(seconds):
                return
            self.write(bytes([byte]))

    def hang(self) -> None:
        self.server.stopping.wait(30)


def answer(
    status: int = 200,
    body: bytes | dict[str, Any] | list[Any] | str = b"",
    headers: dict[str, str] | None = None,
    *,
    length: int | None = None,
) -> bytes:
    """An answer's bytes. `length` lies about the body."""
    data = body.encode() if isinstance(body, str) else body
    if not isinstance(data, bytes):
        data = json.dumps(data).encode()
    lines = [f"HTTP/1.1 {status} Word", f"Content-Length: {len(data) if length is None else length}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


class _Listener:
    def __init__(self, script: Script, tls: ssl.SSLContext | None) -> None:
        self.script = script
        self.tls = tls
        self.listener = socket.create_server(("127.0.0.1", 0))
        host = "https://localhost" if tls else "http://127.0.0.1"
        self.server = Server(f"{host}:{self.listener.getsockname()[1]}")
        self.waker = socket.socket()
        self.waker.bind(("127.0.0.1", 0))
        self.socks: list[socket.socket] = []
        self.talks: list[threading.Thread] = []
        self.acceptor = threading.Thread(target=self.accept, daemon=True)
        self.acceptor.start()

    def accept(self) -> None:
        while True:
            sock, peer = self.listener.accept()
            if peer == self.waker.getsockname():  # the last in the queue, after every real client
                sock.close()
                return
            self.server.connections += 1
            self.socks.append(sock)
            thread = threading.Thread(target=self.talk, args=(sock,), daemon=True)
            self.talks.append(thread)
            thread.start()

    def talk(self, sock: socket.socket) -> None:
        # The client goes away in the middle of many of these tests.
        with suppress(OSError, ValueError):
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            try:
                if isinstance(sock, ssl.SSLSocket):
                    sock.do_handshake()
                self.script(Talk(self.server, sock))
            finally:
                sock.close()

    def stop(self) -> None:
        self.server.stopping.set()
        self.waker.connect(self.listener.getsockname())  # a close would not wake the acceptor
        self.acceptor.join(5)
        self.waker.close()
        self.listener.close()
        for sock in self.socks:
            with suppress(OSError):  # a kept connection would hold its thread until the client lets go
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self.talks:
            thread.join(5)


@contextmanager
def serving(script: Script, *, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run `script` once per connection, each in a thread, until the block ends."""
    listener = _Listener(script, tls)
    try:
        yield listener.server
    finally:
        listener.stop()


def ringcentral(script: Script) -> Script:
    """Signs anyone in, and leaves every other request to the script, one per connection that it wants to use.

    The script is called after the request was read; it is `talk.last`.
    """

    def serve(talk: Talk) -> None:
        while (request := talk.read()) is not None:
            if request.path == "/restapi/oauth/token":
                talk.write(answer(200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "bearer"}))
            else:
                script(talk)

    return serve


def saying(*answers: bytes) -> Script:
    """Gives these answers in turn, the last one again and again, over however many connections."""
    left = list(answers)
    lock = threading.Lock()

    def say(talk: Talk) -> None:
        with lock:
            data = left.pop(0) if len(left) > 1 else left[0]
        talk.write(data)

    return say


def reading(then: Script) -> Script:
    """A server that reads the request before it misbehaves."""

    def script(talk: Talk) -> None:
        if talk.read() is not None:
            then(talk)

    return script


def writing(data: bytes) -> Script:
    return reading(lambda talk: talk.write(data))


def keeping_alive(talk: Talk) -> None:
    while talk.read() is not None:
        talk.write(answer(200, b"{}", {"Set-Cookie": "who=me"}))


def reset_in_headers(talk: Talk) -> None:
    talk.write(b"HTTP/1.1 201 Created\r\nContent-")
    talk.reset()


def dripping_headers(talk: Talk) -> None:
    talk.drip(b"HTTP/1.1 201 Created\r\nX-Long: " + b"x" * 900, 0.05)


def dripping_body(talk: Talk) -> None:
    talk.write(answer(500, b"", length=500))
    talk.drip(b"x" * 500, 0.05)


def endless_continue(talk: Talk) -> None:
    while not talk.server.stopping.is_set():
        talk.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def reset_in_handshake(talk: Talk) -> None:
    talk.sock.recv(1)
    talk.reset()


def closed_in_handshake(talk: Talk) -> None:
    talk.sock.recv(1)
