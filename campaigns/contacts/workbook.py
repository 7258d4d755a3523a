"""Workbooks (.xlsx, .xlsm, .xlsb, .ods) to a CSV file, without trusting a byte of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from campaigns.contacts import filetypes, workbook_subprocess
from campaigns.contacts.errors import MAX_ROWS, FileCode, FileProblem
from campaigns.contacts.notes import Note, NoteCode

MAX_UNPACKED_BYTES = 500 * 2**20
MAX_ENTRIES = 5_000
TIMEOUT_SECONDS = 90.0
_ENCRYPTED = 0x1
_NAMED = 10


@dataclass(frozen=True, slots=True)
class Converted:
    sheet: str
    """Name of the sheet that was read: the first visible one that has any cell."""
    others: int
    """How many visible sheets after it were not."""
    hidden_rows: int
    """How many rows with cells were left out because the sheet does not show them."""
    hidden_columns: tuple[HiddenColumn, ...]

    def left_out(self, header_row: int) -> list[Note]:
        """What is hidden. `header_row` holds the names of columns; 0: none."""
        notes = []
        if self.hidden_rows:
            notes.append(Note(NoteCode.HIDDEN_ROWS, {"count": self.hidden_rows}))
        if count := len(self.hidden_columns):
            columns = [column.named(header_row) for column in self.hidden_columns[:_NAMED]]
            notes.append(Note(NoteCode.HIDDEN_COLUMNS, {"count": count, "columns": columns}))
        return notes


@dataclass(frozen=True, slots=True)
class HiddenColumn:
    letter: str
    headings: dict[str, str]
    """What stands in the column's first rows, by row number."""

    def named(self, header_row: int) -> dict[str, str]:
        """Its heading, or its letter if it has none."""
        heading = " ".join(self.headings.get(str(header_row), "").split())
        return {"heading": heading} if heading else {"letter": self.letter}


def convert(source: Path, target: Path) -> Converted:
    """Writes what the workbook's sheet shows to `target`, as UTF-8 CSV with the same row numbers.

    Hidden rows are blank in it, hidden columns are not there. Raises FileProblem.
    """
    return _understood(_convert(source, target))


def convert_once(source: Path) -> tuple[Path, Converted]:
    """The same into files beside the workbook, which are used again. They begin with its name and a dot."""
    target, told = (source.with_name(f"{source.name}.{kind}") for kind in ("csv", "json"))
    if not told.exists():
        # Under a name of its own: after a kill another process may convert the same workbook meanwhile.
        handle, name = tempfile.mkstemp(dir=source.parent, prefix=f"{source.name}.")
        os.close(handle)
        scratch = Path(name)
        try:
            answer = _convert(source, scratch)
            scratch.replace(target)
            scratch.write_bytes(answer)
            scratch.chmod(0o600)
            scratch.replace(told)
        finally:
            scratch.unlink(missing_ok=True)
    return target, _understood(told.read_bytes())


def _convert(source: Path, target: Path) -> bytes:
    """What the process that converts tells, as JSON."""
    _check_archive(source)
    command = [sys.executable, "-I", workbook_subprocess.__file__, str(source), str(target), str(MAX_ROWS)]
    try:
        done = subprocess.run(  # noqa: S603 — our own interpreter and script, paths are arguments
            command, capture_output=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise FileProblem(FileCode.WORKBOOK_TOO_BIG) from error
    if done.returncode < 0 or b"MemoryError" in done.stderr or b"File too large" in done.stderr:
        raise FileProblem(FileCode.WORKBOOK_TOO_BIG)
    if done.returncode:
        raise FileProblem(FileCode.DAMAGED)
    return done.stdout


def _understood(told: bytes) -> Converted:
    answer = json.loads(told)
    if "problem" in answer:
        raise FileProblem(FileCode(answer["problem"]))
    columns = tuple(HiddenColumn(**column) for column in answer["hidden_columns"])
    return Converted(answer["sheet"], answer["others"], answer["hidden_rows"], columns)


def _check_archive(source: Path) -> None:
    try:
        with ZipFile(source) as archive:
            filetypes.refuse_other_zips(archive)
            entries = archive.infolist()
    except BadZipFile as error:
        raise FileProblem(FileCode.DAMAGED) from error
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise FileProblem(FileCode.PASSWORD)
    if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        raise FileProblem(FileCode.WORKBOOK_TOO_BIG)
