"""Read an uploaded list of people, from any program, as columns and rows of plain strings.

`open_sheet` reads the whole file once, in chunks, and refuses with a code what cannot be a list.
`Sheet.rows` then streams: memory does not grow with the file.
"""

import os
import tempfile
import unicodedata
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from campaigns.contacts import delimited, filetypes, headerless, phone_columns, workbook
from campaigns.contacts import headers as headings
from campaigns.contacts.delimited import Layout
from campaigns.contacts.encoding import survey
from campaigns.contacts.errors import (
    MAX_BYTES,
    MAX_CELL_CHARACTERS,
    MAX_COLUMNS,
    MAX_ROWS,
    FileCode,
    FileProblem,
    RowProblem,
)
from campaigns.contacts.headerless import Bare
from campaigns.contacts.notes import Note, NoteCode

__all__ = [
    "MAX_BYTES",
    "MAX_CELL_CHARACTERS",
    "MAX_COLUMNS",
    "MAX_ROWS",
    "FileCode",
    "FileProblem",
    "RowProblem",
    "Sheet",
    "open_sheet",
]

_SAMPLE_ROWS = 100
_MAX_NAMED = 20
"""Columns that a problem names."""
_MARKS = "\u200b\u200c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
"""Zero-width and direction marks, which come along when a number is copied from a contact card. Around a cell
they say nothing, show as boxes, and one of them makes a text cost more. Inside they may matter."""
_ENCODING_WORDS = {
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252",
    "mac_roman": "Mac Roman",
}


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Sheet:
    """One table. `rows` may be called again, and starts anew each time."""

    columns: tuple[str, ...]
    """Headings as typed; blank and repeated ones made distinct."""
    field_names: tuple[str, ...]
    """The columns' names in templates: `First Name` is first_name."""
    encoding: str
    """As people call it, such as Windows-1252."""
    delimiter: str
    notes: tuple[Note, ...]
    """What was decided while reading, and what is hidden."""
    path: Path
    layout: Layout
    header_row: int
    """Number of the row with the headings; 0 if the file has none."""
    headings: tuple[str, ...] = ()
    """As typed, blank and repeated ones too; nothing if the columns were given names already."""
    bare: Bare | None = None
    """Set if the file holds several phone numbers in a line and nothing else."""
    left_out: tuple[Note, ...] = ()
    """The notes about hidden rows and columns."""
    row_problems: dict[int, RowProblem] = field(default_factory=dict)
    """By row number; `rows` fills it before it yields the row. Pop the entries that you use."""
    ids: ClassVar[None] = None
    """Only `StoredRows` has some."""

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Row numbers as the spreadsheet shows them, and one stripped cell for each column.

        Blank rows are left out, short ones filled up with empty cells, long ones cut; a row with an entry in
        `row_problems` cannot be used. Raises FileProblem for a row that cannot be read, and beyond MAX_ROWS.
        """
        width, header = len(self.columns), self.header_row
        count = 0
        records = delimited.records(self.path, self.layout)
        for number, row in headerless.one_by_one(records) if self.bare is Bare.PEOPLE else records:
            if number <= header:
                continue
            joined = f"|{'|'.join(row)}|"
            if "| " in joined or " |" in joined or not joined.isprintable():
                row = [cell.strip().strip(_MARKS).strip() for cell in row]
                if "\0" in joined:
                    self.row_problems[number] = RowProblem.ZERO_BYTE
                    row = [cell.replace("\0", "\ufffd") for cell in row]
            if not any(row):
                continue
            count += 1
            if count > MAX_ROWS:
                raise FileProblem(FileCode.TOO_MANY_ROWS)
            if len(row) != width or len(joined) > MAX_CELL_CHARACTERS:
                row = self._fitted(number, row)
            yield number, row

    def _fitted(self, number: int, row: list[str]) -> list[str]:
        width = len(self.columns)
        if any(row[width:]):
            self.row_problems[number] = RowProblem.TOO_MANY_CELLS
        if any(len(cell) > MAX_CELL_CHARACTERS for cell in row):
            self.row_problems[number] = RowProblem.CELL_TOO_LONG
        return [cell[:MAX_CELL_CHARACTERS] for cell in row[:width]] + [""] * (width - len(row))

    def find_column(self, name: str) -> int:
        """The index of the column with this heading or template name. Raises FileProblem."""
        wanted = headings.field_name(name)
        for names in (self.columns, self.field_names):
            if name in names:
                return names.index(name)
        if wanted in self.field_names:
            return self.field_names.index(wanted)
        raise self._which_column(FileCode.NO_SUCH_COLUMN, self.phones(), name=name)

    @property
    def phone_column(self) -> int | None:
        """Index of the column that holds the phone numbers; None if a person has to say which one it is."""
        return self.phones().chosen

    def phones(self, region: str = "US") -> phone_columns.PhoneColumns:
        """Detect the phone columns. Reads on in the file if the first rows do not decide."""
        phones = phone_columns.choose(self.headings or self.columns, self.columns, self._sample, region)
        return replace(phones, chosen=None) if self.bare is Bare.UNCLEAR else phones

    def _sample(self) -> Iterator[list[str]]:
        """The cells of `rows`, up to the first row that cannot be read: `rows` itself reports that one."""
        with suppress(FileProblem):
            for _, cells in replace(self, row_problems={}).rows():
                yield cells

    def require_phone_column(self, region: str = "US") -> int:
        """Index of the phone column. Raises FileProblem with the columns to choose from."""
        phones = self.phones(region)
        if self.bare is Bare.UNCLEAR:
            raise self._which_column(FileCode.WHOSE_NUMBERS, phones)
        if phones.chosen is not None:
            return phones.chosen
        if not phones.candidates:
            raise self._which_column(FileCode.NO_PHONE_COLUMN, phones)
        code = FileCode.DOUBTFUL_PHONE_COLUMN if phones.doubtful else FileCode.TWO_PHONE_COLUMNS
        raise self._which_column(code, phones, [column.name for column in phones.candidates])

    def _which_column(
        self, code: FileCode, phones: phone_columns.PhoneColumns, names: Sequence[str] = (), **params: Any
    ) -> FileProblem:
        """`names`: the columns to choose from, if only some of them are."""
        names = names or self.columns
        params |= {"columns": list(names[:_MAX_NAMED]), "more": len(names) > _MAX_NAMED}
        problem = FileProblem(code, hidden=list(self.left_out), **params)
        problem.columns = self.columns
        problem.phones = phones
        return problem


def open_sheet(path: Path, filename: str, *, keep_conversion: bool = False) -> Sheet:
    """The table in a file. `filename` is what its owner calls it. Raises FileProblem.

    `keep_conversion`: a workbook is converted only once, into files beside it, for the caller to delete.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise FileProblem(FileCode.TOO_BIG)
    with path.open("rb") as file:
        head = file.read(64)
    filetypes.refuse_foreign(head)
    if filetypes.is_zip(head):
        return _open_kept(path) if keep_conversion else _open_workbook(path)
    encoding = survey(path)
    layout = delimited.detect(path, encoding)
    notes = []
    if encoding != "utf-8-sig" or layout.delimiter != ",":
        read_as = {"encoding": _encoding_word(encoding), "delimiter": layout.delimiter}
        notes.append(Note(NoteCode.READ_AS, read_as))
    if filename.lower().endswith((".xlsx", ".xlsm", ".xls", ".ods")):
        notes.append(Note(NoteCode.TEXT_FILE, {}))
    return _described(path, layout, notes)


def _open_workbook(path: Path) -> Sheet:
    handle, name = tempfile.mkstemp(prefix="carillon-sheet-", suffix=".csv")
    os.close(handle)
    converted = Path(name)
    try:
        sheet = _shown(converted, workbook.convert(path, converted))
    except BaseException:
        converted.unlink()
        raise
    weakref.finalize(sheet, converted.unlink, missing_ok=True)
    return sheet


def _open_kept(path: Path) -> Sheet:
    return _shown(*workbook.convert_once(path))


def _shown(converted: Path, conversion: workbook.Converted) -> Sheet:
    """The table of a workbook's sheet, with notes on what was not read."""
    notes = []
    if conversion.others:
        notes.append(Note(NoteCode.ONE_SHEET, {"sheet": conversion.sheet}))
    try:
        sheet = _described(converted, Layout("utf-8", ","), notes)
    except FileProblem as problem:
        hidden = conversion.left_out(0)
        if hidden and problem.code in (FileCode.EMPTY, FileCode.NO_ROWS):
            raise FileProblem(FileCode.ALL_HIDDEN, sheet=conversion.sheet, hidden=hidden) from problem
        raise
    left_out = tuple(conversion.left_out(sheet.header_row))
    return replace(sheet, notes=(*sheet.notes, *left_out), left_out=left_out)


def _described(path: Path, layout: Layout, notes: list[Note]) -> Sheet:
    """Headings, field names and the phone column, from the first rows."""
    filled = ((number, row) for number, row in delimited.records(path, layout) if any(map(str.strip, row)))
    sample = list(islice(filled, _SAMPLE_ROWS + 1))
    if not sample:
        raise FileProblem(FileCode.EMPTY)
    while len(sample) > 2 and _is_title(sample[0][1], sample[1][1]):
        notes.append(Note(NoteCode.TITLE, {"row": sample[0][0], "header_row": sample[1][0]}))
        del sample[0]
    header_row, first = sample[0]
    body = [row for _, row in sample]
    bare = None
    if headings.has_phone(first[:MAX_COLUMNS]):
        header_row = 0
        bare = headerless.classify(body, complete=len(sample) <= _SAMPLE_ROWS)
        first, body, note = _unnamed(body, bare)
        notes.append(note)
    else:
        body = body[1:]
    if not body:
        raise FileProblem(FileCode.NO_ROWS)
    first = _without_empty_tail([_unmarked(cell) for cell in first], body)
    if len(first) > MAX_COLUMNS:
        raise FileProblem(FileCode.TOO_MANY_COLUMNS, count=len(first))
    names = headings.heading_names(first)
    return Sheet(
        columns=names,
        field_names=headings.field_names(names),
        encoding=_encoding_word(layout.encoding),
        delimiter=layout.delimiter,
        notes=tuple(notes),
        path=path,
        layout=layout,
        header_row=header_row,
        headings=tuple(first),
        bare=bare,
    )


def _unnamed(body: list[list[str]], bare: Bare | None) -> tuple[list[str], list[list[str]], Note]:
    """Headings for rows without any, the rows as they will be read, and a note about it."""
    if bare is Bare.PEOPLE:
        one_by_one = [row for _, row in headerless.one_by_one(enumerate(body))]
        return ["Phone"], one_by_one, headerless.note(body)
    return [""] * max(map(len, body)), body, Note(NoteCode.NO_HEADINGS, {})


def _is_title(row: Sequence[str], below: Sequence[str]) -> bool:
    """One cell alone above a row of headings."""
    return sum(map(bool, map(str.strip, row))) == 1 < sum(map(bool, below)) and headings.tell_of_phones(below)


def _without_empty_tail(first: list[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Drops columns at the end that have neither a heading nor a cell, which spreadsheets like to leave."""
    width = len(first)
    while (
        width > 1
        and not first[width - 1]
        and not any("".join(row[width - 1 : width]).strip() for row in body)
    ):
        width -= 1
    return first[:width]


def _unmarked(heading: str) -> str:
    """Without zero bytes and zero-width and direction marks, which nobody can see and no name must hold."""
    return "".join(sign for sign in heading if sign != "\0" and unicodedata.category(sign) != "Cf").strip()


def _encoding_word(encoding: str) -> str:
    return _ENCODING_WORDS.get(encoding, "UTF-8" if encoding == "utf-8" else encoding)
