"""Files of phone numbers and nothing else, more than one in a line: one person per number, or per line?

A pasted list is often one long line, or wrapped in several, and each number is a person. A line may also hold
the numbers of one person, mobile and home. Where the file does not show which, a person is asked.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum

from campaigns.contacts.errors import MAX_ROWS
from campaigns.contacts.notes import Note, NoteCode
from campaigns.contacts.phone import normalise_many

_MIN_DIGITS = 7
"""Digits of a cell that is meant as a phone number, though something may be wrong with it."""
_TELLING_SHARE = 0.5
_WIDE = 3
"""Numbers in a line that are more than one person has, if nothing else is known of them."""


class Bare(Enum):
    PEOPLE = "people"
    """Each number is a person of its own."""
    UNCLEAR = "unclear"
    """Each number may be a person, or each line."""


def classify(rows: Sequence[Sequence[str]], *, complete: bool) -> Bare | None:
    """Classify the filled rows of a file without headings; None if they are not bare numbers in lines.

    `complete`: the file has no more rows than these.
    """
    if sum(map(len, rows)) > MAX_ROWS:
        return None
    cells = [[cell.strip() for cell in row] for row in rows]
    filled = [[cell for cell in row if cell] for row in cells]
    widths = [len(row) for row in filled]
    if max(widths) < 2 or not _are_numbers([cell for row in filled for cell in row]):
        return None
    if any(row[:width] != own for row, width, own in zip(cells, widths, filled, strict=True)):
        return Bare.UNCLEAR  # blank cells between numbers: a table
    return Bare.PEOPLE if complete and _is_one_line_or_wrapped(cells, widths) else Bare.UNCLEAR


def _are_numbers(cells: Sequence[str]) -> bool:
    if any(sum(map(str.isdigit, cell)) < _MIN_DIGITS for cell in cells):
        return False
    good = sum(map(bool, normalise_many(cells)[0]))
    return good >= 2 and good >= _TELLING_SHARE * len(cells)


def _is_one_line_or_wrapped(cells: Sequence[Sequence[str]], widths: Sequence[int]) -> bool:
    """One line; or each but the last ends with a separator, or is full and too wide for one person."""
    *before, last = widths
    if not before:
        return True
    goes_on = [len(row) > width for row, width in zip(cells, widths, strict=True)]
    if all(goes_on[:-1]) and not goes_on[-1]:
        return True
    return min(before) == max(before) >= _WIDE and last < before[0]


def one_by_one(rows: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """Every filled cell as a row of its own, numbered from 1 in the order of the file."""
    number = 0
    for _, row in rows:
        for cell in row:
            if cell.strip():
                number += 1
                yield number, [cell]


def note(rows: Sequence[Sequence[str]]) -> Note:
    if len(rows) == 1:
        return Note(NoteCode.ONE_LINE, {"count": sum(map(bool, map(str.strip, rows[0])))})
    return Note(NoteCode.SEVERAL_A_LINE, {})
