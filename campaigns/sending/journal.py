"""The journal: submissions and answers, recorded a second time outside the database.

JSON lines in a folder of this machine, one file per day (UTC). Each line is one write, and is on the disk
before the function returns. `record_sending` runs after the SENDING commit and before the first byte, so only
a database restored from a backup lacks an attempt named here. `record_answer` runs before the transaction
that records the answer, so an answer outlives a crash, or a database that is down.

Each line names its database, so several may share the folder. Any number of processes append concurrently:
every line starts with a line break, so a line torn by a crash does not damage the next one.
"""

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

from campaigns.providers.types import BatchState, BatchStatus, Rejected
from campaigns.sending.prepared import Prepared

log = logging.getLogger(__name__)

RETAINED_FILES = 14
"""Days on which something was sent."""
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
    """As `prepared.fingerprint`."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """The provider's answer to an attempt, without its raw bytes."""

    attempt: int
    batch: int
    payload: str
    account: str
    answer: BatchState
    at: datetime


@dataclass(slots=True)
class Index:
    """What the journal contains about one database."""

    cleared: int = 0
    """Attempts up to this id were compared with the provider's records after a restore."""
    witness: str | None = None
    """The `Recovery` that the database must contain since then."""
    highest: int = 0
    latest: int = 0
    unverified: set[int] = field(default_factory=set)
    """Attempts that this process has not seen in the database yet."""
    answer_offsets: dict[int, tuple[str, int, int]] = field(default_factory=dict)
    """By attempt: file, first byte and length of the line."""

    def ids_to_verify(self) -> list[int]:
        """Ids that the database must contain, newest first. The last ones always, in case it was replaced."""
        ids = {*self.unverified, self.highest, self.latest}
        return sorted((key for key in ids if key > self.cleared), reverse=True)

    def add(self, line: Line, offset: tuple[str, int, int]) -> None:
        kind, attempt = line["kind"], int(line["attempt"])
        if kind == ANSWERED:
            self.answer_offsets[attempt] = offset
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
        self._read_to: dict[str, int] = {}
        self._indexes: dict[str, Index] = {}
        self._read_lock = threading.Lock()

    # --- Writing ----------------------------------------------------------------------------------------

    def append(self, line: Line) -> None:
        """The line is on the disk when this returns. After an OSError it may be there or not."""
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
            sync_folder(self.folder)
            self.delete_old_files()

    def delete_old_files(self) -> None:
        """First copies the marks, which must outlive the files."""
        old = self.names()[:-RETAINED_FILES]
        with suppress(OSError):
            if old:
                self.read()
                for installation, index in list(self._indexes.items()):
                    self.append(mark_line(installation, index.highest, index.cleared, index.witness))
            for name in old:
                (self.folder / name).unlink(missing_ok=True)

    # --- Reading ----------------------------------------------------------------------------------------

    def index(self, installation: str) -> Index:
        """The index after reading new lines. Raises OSError."""
        self.read()
        return self._indexes.setdefault(installation, Index())

    def read(self) -> None:
        """Index the lines that any process has appended since the last call."""
        with self._read_lock:
            for name in self.names():
                self.read_file(name)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*.jsonl"))

    def read_file(self, name: str) -> None:
        path, start = self.folder / name, self._read_to.get(name, 0)
        try:
            if path.stat().st_size <= start:
                return
            with path.open("rb") as file:
                file.seek(start)
                data = file.read()
        except FileNotFoundError:  # another process has just deleted the old file
            return
        complete = data.rfind(b"\n") + 1
        for offset, raw in split_lines(data[:complete], start):
            if line := parse_line(raw):
                index = self._indexes.setdefault(line["installation"], Index())
                index.add(line, (name, offset, len(raw)))
        self._read_to[name] = start + complete

    def answer(self, installation: str, attempt: int) -> Answered | None:
        offset = self.index(installation).answer_offsets.get(attempt)
        if offset is None:
            return None
        name, start, length = offset
        try:
            with (self.folder / name).open("rb") as file:
                file.seek(start)
                line = parse_line(file.read(length))
        except FileNotFoundError:
            return None
        return None if line is None else parse_answered(line)

    def sent(self, installation: str) -> list[Sent]:
        """Every retained submission that is not cleared, by attempt. Reads all files."""
        cleared = self.index(installation).cleared
        sent = [
            parse_sent(line)
            for line in self.lines()
            if line["installation"] == installation and line["kind"] == SENDING and line["attempt"] > cleared
        ]
        return sorted(sent, key=lambda one: one.attempt)

    def lines(self) -> Iterator[Line]:
        for name in self.names():
            with suppress(FileNotFoundError):
                for _, raw in split_lines((self.folder / name).read_bytes(), 0):
                    if line := parse_line(raw):
                        yield line


def sync_folder(folder: Path) -> None:
    """Without it a power cut may lose the name of a new file."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@lru_cache(maxsize=4)
def open_journal(folder: Path) -> Journal:
    return Journal(folder)


def current() -> Journal:
    return open_journal(Path(settings.JOURNAL_DIR))


def record_sending(prepared: Prepared) -> None:
    """Call between the SENDING commit and the first byte. After an OSError nothing may be sent."""
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
    """Call before the transaction that records the answer. Raises OSError."""
    line = answered_line(prepared.attempt_id, prepared.batch_id, prepared.payload, account, answer)
    current().append({**line, "installation": prepared.installation})


# --- Lines ----------------------------------------------------------------------------------------------


def sending_line(installation: str, **fields: str | int) -> Line:
    return {"kind": SENDING, "installation": installation, **fields}


def parse_sent(line: Line) -> Sent:
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
        "status": answer.status_text,
        "batch_size": answer.batch_size,
        "processed": answer.processed_count,
        "created": answer.created_at,
        "rejected": [[item.index, item.to, item.code, item.description] for item in answer.rejected],
        "http_status": answer.http_status,
        "request_id": answer.request_id,
    }


def parse_answered(line: Line) -> Answered:
    status = BatchStatus(line["status"])
    answer = BatchState(
        provider_id=line["provider_id"],
        sender=line["sender"],
        batch_size=line["batch_size"],
        processed_count=line["processed"],
        status=status,
        unknown_status="" if status else line["status"],
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


def mark_line(installation: str, attempt: int, cleared: int, witness: str | None) -> Line:
    mark = {"attempt": attempt, "cleared": cleared, "witness": witness}
    return {"kind": MARK, "installation": installation, **mark}


def split_lines(data: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    for raw in data.split(b"\n"):
        if raw:
            yield start, raw
        start += len(raw) + 1


def parse_line(raw: bytes) -> Line | None:
    """None for a line torn by a crash: its event did not happen, or its attempt is in doubt anyway."""
    try:
        line = orjson.loads(raw)
    except orjson.JSONDecodeError:
        log.warning("a line of the journal is torn")
        return None
    return line if isinstance(line, dict) and "kind" in line else None
