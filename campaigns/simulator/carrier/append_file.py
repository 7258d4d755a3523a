"""Append-only files of JSON lines."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson


class DamagedLogError(Exception):
    """A state file that this program did not write, or that somebody changed."""

    def __init__(self, path: Path, position: int) -> None:
        super().__init__(f"{path} is damaged before byte {position}. Move it away to start afresh.")


class AppendFile:
    """Unbuffered, with one system call per append: a killed process loses nothing.

    With `fsync`, an append survives a power cut too. One that fails, as on a full disk, leaves the file as
    it was.
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
            self.truncate(before)
            raise

    def truncate(self, size: int) -> None:
        os.ftruncate(self._handle, size)

    def tail(self, size: int) -> bytes:
        start = max(0, self.size() - size)
        return os.pread(self._handle, size, start)

    def replay(self) -> Iterator[dict[str, Any]]:
        """All records, oldest first. An incomplete last line was never acknowledged and is cut off."""
        end = 0
        with self.path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                end += len(line)
                try:
                    yield orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    raise DamagedLogError(self.path, end) from error
        self.truncate(end)
