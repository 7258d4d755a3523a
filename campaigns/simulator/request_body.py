"""Reads the body of a request. A body that is not complete is never handed on."""

from dataclasses import dataclass
from io import BufferedIOBase

MAX_BODY = 50 * 1024 * 1024
_MAX_DRAINED = 4 * MAX_BODY
"""A body over the limit is read up to here, so that the client gets its 413 and no broken pipe."""
_CHUNK = 1 << 16
_CHUNK_LINE = 1024


class BodyError(Exception):
    """The body did not arrive completely. There is nobody to answer."""


@dataclass(frozen=True, slots=True)
class Body:
    content: bytes = b""
    too_large: bool = False
    unread: bool = False
    """Bytes of the body may be left in the connection, so it must be closed."""


def read_body(stream: BufferedIOBase, headers: dict[str, str]) -> Body:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _read_chunks(stream)
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit():
        raise BodyError
    size = int(length)
    if size > MAX_BODY:
        _discard(stream, min(size, _MAX_DRAINED))
        return Body(too_large=True, unread=True)
    return Body(_read_exactly(stream, size))


def _read_chunks(stream: BufferedIOBase) -> Body:
    pieces, total = [], 0
    while size := _read_chunk_size(stream):
        if size > MAX_BODY or total > _MAX_DRAINED:
            return Body(too_large=True, unread=True)
        piece = _read_exactly(stream, size)
        total += size
        if total <= MAX_BODY:
            pieces.append(piece)
        stream.readline(8)
    while stream.readline(_CHUNK_LINE).strip():
        pass
    return Body(b"".join(pieces)) if total <= MAX_BODY else Body(too_large=True)


def _read_chunk_size(stream: BufferedIOBase) -> int:
    try:
        return int(stream.readline(_CHUNK_LINE).partition(b";")[0], 16)
    except ValueError:
        raise BodyError from None


def _read_exactly(stream: BufferedIOBase, size: int) -> bytes:
    content = stream.read(size) if size else b""
    if len(content) != size:
        raise BodyError
    return content


def _discard(stream: BufferedIOBase, size: int) -> None:
    while size > 0 and (piece := stream.read(min(size, _CHUNK))):
        size -= len(piece)
