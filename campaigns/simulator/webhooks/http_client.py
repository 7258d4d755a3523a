"""A bare HTTP client: a subscriber's response is limited in bytes and in seconds, headers included."""

import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

_MAX_RESPONSE_BYTES = 64 * 1024
_PORTS = {"http": 80, "https": 443}


class WebhookError(Exception):
    """No complete response: refused, too late, or not HTTP."""


@dataclass(frozen=True, slots=True)
class WebhookResponse:
    status: int
    headers: dict[str, str]
    """Names in lower case."""
    size: int
    """Bytes, headers included."""


def is_http_url(address: str) -> bool:
    if not address.isascii() or not address.isprintable() or " " in address:
        return False
    try:
        parts = urlsplit(address)
        return parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_loopback(address: str) -> bool:
    """Decided by the text of the address; no name is resolved."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def post(address: str, headers: dict[str, str], body: bytes, seconds: float) -> WebhookResponse:
    """`seconds` is the deadline for everything, from connecting to the last byte of the response."""
    deadline = time.monotonic() + seconds
    parts = urlsplit(address)
    try:
        with _connect(parts, seconds) as connection:
            connection.sendall(_request_bytes(parts, headers, body))
            return _read_response(connection, deadline)
    except (OSError, ValueError) as error:
        raise WebhookError(type(error).__name__) from error


def _connect(parts: SplitResult, seconds: float) -> socket.socket:
    host = parts.hostname or ""
    plain = socket.create_connection((host, parts.port or _PORTS[parts.scheme]), timeout=seconds)
    if parts.scheme == "http":
        return plain
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def _request_bytes(parts: SplitResult, headers: dict[str, str], body: bytes) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    fields = {"Host": parts.netloc.rpartition("@")[2], "Connection": "close"} | headers
    fields["Content-Length"] = str(len(body))
    lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _read_response(connection: socket.socket, deadline: float) -> WebhookResponse:
    data = b""
    while not _is_complete(data) and len(data) <= _MAX_RESPONSE_BYTES:
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
    return WebhookResponse(int(status), _parse_headers(lines), len(data))


def _parse_headers(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _is_complete(data: bytes) -> bool:
    """Only if the response itself says where it ends; others end with the connection."""
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return False
    headers = _parse_headers(head.decode("latin-1").split("\r\n")[1:])
    length = headers.get("content-length", "")
    if length.isdigit():
        return len(body) >= int(length)
    return "chunked" in headers.get("transfer-encoding", "") and body.endswith(b"0\r\n\r\n")
