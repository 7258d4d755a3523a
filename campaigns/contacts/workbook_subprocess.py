"""Run as a script in a process of its own: what the first sheet of a workbook shows, to a plain CSV file.

calamine holds a sheet as one dense table, so two cells in opposite corners of a tiny workbook ask for 500 GB
and abort the process that reads it. Here that is this process alone, with limits of memory, time and output.
It imports only `workbook_hidden`, and it prints one JSON object: `{"problem"}` with a code, or
`{"sheet", "others", "hidden_rows", "hidden_columns"}`. Hidden rows are written as blank ones, so that the
others keep their numbers, and hidden columns are left out.
"""

import csv
import datetime as dt
import json
import resource
import sys
from collections.abc import Iterable
from itertools import compress, islice
from pathlib import Path
from typing import Any

MEMORY_BYTES = 1536 * 2**20
CPU_SECONDS = 60
OUTPUT_BYTES = 400 * 2**20
_EXACT_INTEGERS = 2**53
_HEADING_ROWS = 20
"""Shown rows with cells, from the first, in which headings of hidden columns are searched."""
_MAX_HEADINGS = 100
_HEADING_CHARACTERS = 80


def main(source: str, target: str, max_rows: int) -> dict[str, object]:
    from python_calamine import (
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    from campaigns.contacts import workbook_hidden

    try:
        with Path(source).open("rb") as file, CalamineWorkbook.from_filelike(file) as book:
            shown = [
                sheet.name
                for sheet in book.sheets_metadata
                if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
            ]
            for place, name in enumerate(shown):
                sheet = book.get_sheet_by_name(name)
                if sheet.end is None:
                    continue
                if sheet.height > max_rows + 1:
                    return {"problem": "too_many_rows"}
                hidden = workbook_hidden.find(source, name, sheet.end[0] + 1)
                summary = _write(sheet.iter_rows(), target, hidden.rows, hidden.columns)
                return {"sheet": name, "others": len(shown) - place - 1, **summary}
    except PasswordError:
        return {"problem": "password"}
    except (CalamineError, workbook_hidden.Unreadable):
        return {"problem": "damaged"}
    return {"problem": "empty"}


def _write(
    rows: Iterable[list[Any]], target: str, hidden_rows: bytearray, hidden_columns: bytearray
) -> dict[str, object]:
    """Writes what is shown. Returns how many rows with cells are hidden, and which columns with cells."""
    left_out = 0
    columns = HiddenColumns(hidden_columns)
    with Path(target).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for number, row in enumerate(rows):
            cells = [cell if isinstance(cell, str) else as_text(cell) for cell in row]
            if hidden_rows[number]:
                left_out += any(map(str.strip, cells))
                cells = []
            elif columns.places:
                cells = columns.without(cells, number + 1)
            while cells and not cells[-1]:
                cells.pop()
            writer.writerow(cells)
    return {"hidden_rows": left_out, "hidden_columns": columns.with_cells()}


class HiddenColumns:
    """Takes the cells of hidden columns out of rows, and records what may be the columns' headings."""

    def __init__(self, flags: bytearray) -> None:
        self.places = [place for place, flag in enumerate(flags) if flag]
        self._shown = bytes(not flag for flag in flags)
        self._empty = list(self.places)
        self._headings: dict[int, dict[int, str]] = {}
        """By place of the column and number of the row."""
        self._rows = 0

    def without(self, cells: list[str], number: int) -> list[str]:
        """The shown cells of row `number`."""
        still_empty = [place for place in self._empty if place >= len(cells) or not cells[place].strip()]
        if len(still_empty) < len(self._empty):
            for place in set(self._empty).difference(still_empty):
                self._headings[place] = {}
            self._empty = still_empty
        if self._rows < _HEADING_ROWS and any(map(str.strip, cells)):
            self._rows += 1
            for place in islice(self._headings, _MAX_HEADINGS):
                if place < len(cells):
                    self._headings[place][number] = cells[place][:_HEADING_CHARACTERS]
        return list(compress(cells, self._shown))

    def with_cells(self) -> list[dict[str, object]]:
        """Hidden columns that hold something: letter, and what stands in their first rows by row number."""
        return [
            {"letter": letter(place), "headings": headings}
            for place, headings in sorted(self._headings.items())
        ]


def letter(place: int) -> str:
    """What a spreadsheet calls its column: A for 0, AA for 26."""
    before, rest = divmod(place, 26)
    return (letter(before - 1) if before else "") + chr(ord("A") + rest)


def as_text(cell: object) -> str:
    """A typed cell as its reader would write it: whole numbers without a fraction, dates as ISO 8601."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < _EXACT_INTEGERS else repr(cell)
    if isinstance(cell, dt.datetime):
        return str(cell.date()) if cell.time() == dt.time() else cell.isoformat(" ", "minutes")
    if isinstance(cell, dt.time):
        return cell.isoformat("minutes")
    return str(cell)


if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_BYTES, OUTPUT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.write(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
