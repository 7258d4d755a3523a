"""Two append-only files: the ledger of every text accepted, and the log from which a restart rebuilds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from campaigns.simulator.api.answers import iso
from campaigns.simulator.carrier.blocks import Batch

_TELLING = 80
"""Bytes that only one batch's ledger lines start with: the request id lies within them."""


class DamagedLogError(Exception):
    """A state file that this program did not write, or that somebody changed."""

    def __init__(self, path: Path, position: int) -> None:
        super().__init__(f"{path} is damaged before byte {position}. Move it away to start afresh.")


class AppendFile:
    """Written with one system call per append and no buffer of ours, so a killed process loses nothing.

    Against a power cut too if `fsync`. An append that fails, as on a full disk, leaves the file as it was.
    """

    def __init__(self, path: Path, *, fsync: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.existed = path.exists()
        self.path = path
        self._fsync = fsync
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)

    def size(self) -> int:
        return os.fstat(self._handle).st_size

    def append(self, data: bytes) -> None:
        before = self.size()
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._handle, view) :]
            if self._fsync:
                os.fsync(self._handle)
        except OSError:
            self.cut(before)
            raise

    def cut(self, size: int) -> None:
        os.ftruncate(self._handle, size)

    def tail(self, size: int) -> bytes:
        start = max(0, self.size() - size)
        return os.pread(self._handle, size, start)


def ledger_lines(batch: Batch) -> bytes:
    """One line for each accepted text, in the order of sending."""
    accepted_at = iso(batch.created)
    return b"".join(
        orjson.dumps(
            {
                "provider": "ringcentral",
                "request_id": batch.request_id,
                "batch_id": batch.id,
                "message_id": str(message_id),
                "from": batch.sender,
                "to": to,
                "text": text,
                "accepted_at": accepted_at,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for message_id, to, text in zip(
            range(batch.first_id, batch.first_id + batch.size), batch.to, batch.texts, strict=True
        )
    )


def complete_ledger(ledger: AppendFile, lines: bytes) -> None:
    """Add what a kill cut off between the log, which is written first, and the ledger.

    Batches are accepted one at a time, so only the newest can be missing, in whole or in part.
    """
    tail = ledger.tail(len(lines))
    position = tail.find(lines[:_TELLING])
    if position >= 0:
        written = len(tail) - position
    else:
        written = next((n for n in range(_TELLING - 1, 0, -1) if tail.endswith(lines[:n])), 0)
    if written < len(lines):
        ledger.append(lines[written:])


def replay(log: AppendFile) -> Iterator[dict[str, Any]]:
    """The records of the log, oldest first. A line without its end was never acknowledged, and is cut off."""
    end = 0
    with log.path.open("rb") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                break
            end += len(line)
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise DamagedLogError(log.path, end) from error
    log.cut(end)
