"""One call to a subscriber: written out by hand, because its answer is measured in bytes and seconds."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

_MOST_READ = 64 * 1024
_PORTS = {"http": 80, "https": 443}


class HookError(Exception):
    """No whole answer came: refused, too late, or no HTTP."""


@dataclass(frozen=True, slots=True)
class HookReply:
    status: int
    headers: dict[str, str]
    """Names in lower case."""
    size: int
    """Of the whole answer, head and body, in bytes."""


def is_address(address: str) -> bool:
    if not address.isascii() or not address.isprintable() or " " in address:
        return False
    try:
        parts = urlsplit(address)
        return parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def stays_here(address: str) -> bool:
    """Whether an address is on this machine, told by its text: no name is looked up."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def call_hook(address: str, headers: dict[str, str], body: bytes, seconds: float) -> HookReply:
    """POST to a subscriber. `seconds` is for everything, from connecting to the last byte of the answer."""
    deadline = time.monotonic() + seconds
    parts = urlsplit(address)
    try:
        with _connect(parts, seconds) as connection:
            connection.sendall(_request(parts, headers, body))
            return _read_reply(connection, deadline)
    except (OSError, ValueError) as error:
        raise HookError(type(error).__name__) from error


def _connect(parts: SplitResult, seconds: float) -> socket.socket:
    host = parts.hostname or ""
    plain = socket.create_connection((host, parts.port or _PORTS[parts.scheme]), timeout=seconds)
    if parts.scheme == "http":
        return plain
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def _request(parts: SplitResult, headers: dict[str, str], body: bytes) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    fields = {"Host": parts.netloc.rpartition("@")[2], "Connection": "close"} | headers
    fields["Content-Length"] = str(len(body))
    lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _read_reply(connection: socket.socket, deadline: float) -> HookReply:
    data = b""
    while not _whole(data) and len(data) <= _MOST_READ:
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        piece = connection.recv(8192)
        if not piece:
            break
        data += piece
    head, _, _ = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    protocol, status, *_ = [*first.split(" "), "", ""]
    if not protocol.startswith("HTTP/"):
        message = "no HTTP"
        raise ValueError(message)
    return HookReply(int(status), _headers(lines), len(data))


def _headers(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _whole(data: bytes) -> bool:
    """Whether an answer says of itself that it ends here; others end with the connection."""
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return False
    headers = _headers(head.decode("latin-1").split("\r\n")[1:])
    length = headers.get("content-length", "")
    if length.isdigit():
        return len(body) >= int(length)
    return "chunked" in headers.get("transfer-encoding", "") and body.endswith(b"0\r\n\r\n")
