"""Run as a script in a process of its own: the first sheet of a workbook to a plain CSV file.

calamine holds a sheet as one dense table, so two cells in opposite corners of a tiny workbook ask for 500 GB
and abort the process that reads it. Here that is this process alone, with limits of memory, time and output.
It imports nothing of ours and prints one JSON object: `{"sheet", "others"}`, or `{"problem"}` with a code.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import resource
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

MEMORY_BYTES = 1536 * 2**20
CPU_SECONDS = 60
OUTPUT_BYTES = 400 * 2**20
_EXACT_INTEGERS = 2**53


def main(source: str, target: str, max_rows: int) -> dict[str, object]:
    from python_calamine import (
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    try:
        with Path(source).open("rb") as file, CalamineWorkbook.from_filelike(file) as book:
            shown = [
                sheet.name
                for sheet in book.sheets_metadata
                if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
            ]
            for place, name in enumerate(shown):
                sheet = book.get_sheet_by_name(name)
                if sheet.start is None:
                    continue
                if sheet.height > max_rows + 1:
                    return {"problem": "too_many_rows"}
                _write(sheet.iter_rows(), target)
                return {"sheet": name, "others": len(shown) - place - 1}
    except PasswordError:
        return {"problem": "password"}
    except CalamineError:
        return {"problem": "damaged"}
    return {"problem": "empty"}


def _write(rows: Iterable[list[Any]], target: str) -> None:
    with Path(target).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for row in rows:
            cells = [cell if isinstance(cell, str) else as_text(cell) for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            writer.writerow(cells)


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
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_BYTES, OUTPUT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.write(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
