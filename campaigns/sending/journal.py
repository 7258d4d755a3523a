"""What was handed over and what was answered, written down a second time outside the database.

Lines of JSON in a folder of this machine, one file a day (UTC), each line in one write that is on the disk
before the function returns. `sending` comes after the SENDING commit and before the first byte, so the
database has every attempt that is named here, unless it was restored from a backup. `answered` comes before
the transaction that records the answer, so an answer outlives a crash and a database that is down.

Lines name the database that they are about, so several may share the folder. Any number of processes write at
once: a line begins with a line break as well, so one that a crash tore spoils none after it.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.utils import timezone

from campaigns.providers.types import BatchState, Rejected
from campaigns.sending.prepared import Prepared

log = logging.getLogger(__name__)

RETAINED_FILES = 14
"""Files that stay: days on which something was sent."""
SENDING, ANSWERED, MARK = "sending", "answered", "mark"
Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """An attempt of which a byte may have left."""

    attempt: int
    batch: int
    campaign: int
    sender: str
    size: int
    payload: str
    """SHA-256 over its numbers and texts, as `ledger.fingerprint`."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """The provider's answer to an attempt, whole but for its raw bytes."""

    attempt: int
    batch: int
    payload: str
    account: str
    answer: BatchState
    at: datetime


@dataclass(slots=True)
class Index:
    """What the journal says of one database."""

    cleared: int = 0
    """Attempts up to this id were compared with the provider's records after a restore."""
    witness: int | None = None
    """The event that the database must know since then."""
    highest: int = 0
    latest: int = 0
    unverified: set[int] = field(default_factory=set)
    """Attempts that this process has not found in the database yet."""
    answer_offsets: dict[int, tuple[str, int, int]] = field(default_factory=dict)
    """Where the answer to an attempt stands: file, first byte, length."""

    def ids_to_verify(self) -> list[int]:
        """Ids that the database must have, newest first: the last ones always, in case it was exchanged."""
        ids = {*self.unverified, self.highest, self.latest}
        return sorted((key for key in ids if key > self.cleared), reverse=True)

    def add(self, line: Line, place: tuple[str, int, int]) -> None:
        kind, attempt = line["kind"], int(line["attempt"])
        if kind == ANSWERED:
            self.answer_offsets[attempt] = place
            return
        if kind == MARK and line["cleared"] >= self.cleared and line["witness"] is not None:
            self.cleared, self.witness = line["cleared"], line["witness"]
            self.unverified = {key for key in self.unverified if key > self.cleared}
        self.highest, self.latest = max(self.highest, attempt), attempt
        if attempt > self.cleared:
            self.unverified.add(attempt)


class Journal:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._taken: dict[str, int] = {}
        self._indexes: dict[str, Index] = {}
        self._turn = threading.Lock()

    # --- Writing ----------------------------------------------------------------------------------------

    def append(self, line: Line) -> None:
        """On the disk when this returns. Raises OSError; the line may be there all the same."""
        now = timezone.now()
        data = b"\n" + orjson.dumps({**line, "at": now.isoformat()}) + b"\n"
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{now:%Y-%m-%d}.jsonl"
        new = not path.exists()
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.write(file, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file)
        finally:
            os.close(file)
        if new:
            self._keep_name()
            self._forget_old()

    def _keep_name(self) -> None:
        """A new file is found again after a power cut only if its folder was written too."""
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _forget_old(self) -> None:
        """Old files go; what must be known of them for ever is written down anew before."""
        old = self._names()[:-RETAINED_FILES]
        with suppress(OSError):
            if old:
                self.read()
                for installation, index in list(self._indexes.items()):
                    self.append(mark_line(installation, index.highest, index.cleared, index.witness))
            for name in old:
                (self.folder / name).unlink(missing_ok=True)

    # --- Reading ----------------------------------------------------------------------------------------

    def index(self, installation: str) -> Index:
        """Up to date. Raises OSError."""
        self.read()
        return self._indexes.setdefault(installation, Index())

    def read(self) -> None:
        """Take in what was written since, by whomever."""
        with self._turn:
            for name in self._names():
                self._read_file(name)

    def _names(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*.jsonl"))

    def _read_file(self, name: str) -> None:
        path, start = self.folder / name, self._taken.get(name, 0)
        try:
            if path.stat().st_size <= start:
                return
            with path.open("rb") as file:
                file.seek(start)
                data = file.read()
        except FileNotFoundError:  # it was old, and another process has just removed it
            return
        whole = data.rfind(b"\n") + 1
        for place, raw in _lines(data[:whole], start):
            if line := _parsed(raw):
                index = self._indexes.setdefault(line["installation"], Index())
                index.add(line, (name, place, len(raw)))
        self._taken[name] = start + whole

    def answer(self, installation: str, attempt: int) -> Answered | None:
        place = self.index(installation).answer_offsets.get(attempt)
        if place is None:
            return None
        name, start, length = place
        try:
            with (self.folder / name).open("rb") as file:
                file.seek(start)
                line = _parsed(file.read(length))
        except FileNotFoundError:
            return None
        return None if line is None else _answered(line)

    def sent(self, installation: str) -> list[Sent]:
        """Every hand-over that is still written down and was not cleared, by attempt. Reads all files."""
        cleared = self.index(installation).cleared
        found = [
            _sent(line)
            for line in self._all()
            if line["installation"] == installation and line["kind"] == SENDING and line["attempt"] > cleared
        ]
        return sorted(found, key=lambda one: one.attempt)

    def _all(self) -> Iterator[Line]:
        for name in self._names():
            with suppress(FileNotFoundError):
                for _, raw in _lines((self.folder / name).read_bytes(), 0):
                    if line := _parsed(raw):
                        yield line


@lru_cache(maxsize=4)
def open_journal(folder: Path) -> Journal:
    return Journal(folder)


def current() -> Journal:
    """That of this machine."""
    return open_journal(Path(settings.JOURNAL_DIR))


def record_sending(prepared: Prepared) -> None:
    """After the mark, before the first byte. Raises OSError, and then nothing may be sent."""
    current().append(
        sending_line(
            prepared.installation,
            attempt=prepared.attempt_id,
            batch=prepared.batch_id,
            campaign=prepared.campaign_id,
            sender=prepared.sender,
            size=len(prepared.texts),
            payload=prepared.payload,
        )
    )


def record_answer(prepared: Prepared, answer: BatchState, account: str) -> None:
    """Before the transaction that records it. Raises OSError."""
    line = answered_line(prepared.attempt_id, prepared.batch_id, prepared.payload, account, answer)
    current().append({**line, "installation": prepared.installation})


# --- Lines ----------------------------------------------------------------------------------------------


def sending_line(installation: str, **what: str | int) -> Line:
    """`what`: the fields of `Sent`, `at` aside."""
    return {"kind": SENDING, "installation": installation, **what}


def _sent(line: Line) -> Sent:
    names = ("attempt", "batch", "campaign", "sender", "size", "payload")
    return Sent(**{name: line[name] for name in names}, at=datetime.fromisoformat(line["at"]))


def answered_line(attempt: int, batch: int, payload: str, account: str, answer: BatchState) -> Line:
    return {
        "kind": ANSWERED,
        "attempt": attempt,
        "batch": batch,
        "payload": payload,
        "account": account,
        "provider_id": answer.provider_id,
        "sender": answer.sender,
        "status": answer.status,
        "batch_size": answer.batch_size,
        "processed": answer.processed_count,
        "created": answer.created_at,
        "rejected": [[item.index, item.to, item.code, item.description] for item in answer.rejected],
        "http_status": answer.http_status,
        "request_id": answer.request_id,
    }


def _answered(line: Line) -> Answered:
    answer = BatchState(
        provider_id=line["provider_id"],
        sender=line["sender"],
        batch_size=line["batch_size"],
        processed_count=line["processed"],
        status=line["status"],
        created_at=datetime.fromisoformat(line["created"]) if line["created"] else None,
        modified_at=None,
        cost=None,
        rejected=tuple(
            Rejected(index=index, to=to, code=code, description=description)
            for index, to, code, description in line["rejected"]
        ),
        request_id=line["request_id"],
        http_status=line["http_status"],
    )
    at = datetime.fromisoformat(line["at"])
    return Answered(line["attempt"], line["batch"], line["payload"], line["account"], answer, at)


def mark_line(installation: str, attempt: int, cleared: int, witness: int | None) -> Line:
    """`attempt`: the highest so far; `cleared`, `witness`: as in `Index`."""
    mark = {"attempt": attempt, "cleared": cleared, "witness": witness}
    return {"kind": MARK, "installation": installation, **mark}


def _lines(data: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """The lines that hold something, each with the place in the file at which it begins."""
    for raw in data.split(b"\n"):
        if raw:
            yield start, raw
        start += len(raw) + 1


def _parsed(raw: bytes) -> Line | None:
    """None for a line that a crash tore: what it was about to tell did not happen, or is in doubt."""
    try:
        line = orjson.loads(raw)
    except orjson.JSONDecodeError:
        log.warning("a line of the journal is torn")
        return None
    return line if isinstance(line, dict) and "kind" in line else None
