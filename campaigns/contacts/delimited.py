"""Delimited text (CSV and its relatives) as rows with the numbers that a spreadsheet shows."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from campaigns.contacts.errors import FileCode, FileProblem, SignKind

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_CHARACTERS = 1 << 16
_SAMPLE_ROWS = 100
_MAX_CELL = 1 << 20
"""Characters. A cell far longer than any list needs costs its row, not the file; this bounds the memory."""
_SEP_LINE = re.compile(r'"?sep=(?P<delimiter>[^\r\n]?)"?(?:\r\n|\r|\n)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layout:
    encoding: str
    delimiter: str
    sep_line: bool = False
    """Excel's own `sep=;` line, which it does not show as a row."""
    blank_after: bool = False
    """Quoted cells follow a delimiter and a blank, as in `a, "b, c"`."""


def detect(path: Path, encoding: str) -> Layout:
    """Detect the layout from the first 64 K characters. Raises FileProblem."""
    with path.open(encoding=encoding, newline="") as file:
        sample = file.read(_SAMPLE_CHARACTERS)
    sep_line = _SEP_LINE.match(sample)
    if sep_line:
        sample = sample[sep_line.end() :]
    if len(sample) >= _SAMPLE_CHARACTERS - 100:
        sample = sample[: max(sample.rfind("\n"), sample.rfind("\r")) + 1] or sample
    declared = sep_line["delimiter"] if sep_line else ""
    if not _separates(declared):
        raise FileProblem(FileCode.SEPARATOR, row=1, kind=_sign_kind(declared), sign=declared)
    delimiter = declared or max(DELIMITERS, key=lambda sign: _fit(sample, sign))
    return Layout(encoding, delimiter, sep_line is not None, _blank_after(sample, delimiter))


def _blank_after(sample: str, delimiter: str) -> bool:
    """Whether a quotation mark follows a delimiter and blanks."""
    return re.search(re.escape(delimiter) + ' ++"', sample) is not None


def _separates(sign: str) -> bool:
    """Excel accepts any character after `sep=`. A letter, digit or quotation mark is a slip."""
    return sign in ("", "\t") or (sign.isprintable() and not sign.isalnum() and sign not in "\"' \u2019")


def _sign_kind(sign: str) -> SignKind:
    if sign.isalpha():
        return SignKind.LETTER
    if sign.isalnum():
        return SignKind.DIGIT
    return SignKind.QUOTE if sign in "\"'\u2019" else SignKind.UNSEEN


def _fit(sample: str, delimiter: str) -> tuple[float, int]:
    """How well this delimiter makes a table of the text: the share of rows of the commonest width, and it."""
    try:
        rows = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        widths = [len(row) for row in islice(rows, _SAMPLE_ROWS) if any(row)]
    except csv.Error:
        return 0.0, 0
    if not widths:
        return 0.0, 0
    width, count = Counter(widths).most_common(1)[0]
    share = count / len(widths) if width in widths[:2] else 0.0
    if widths[0] != width:  # a title above the headings, or the sign stands in cells only
        share *= 0.8
    return (round(share, 1), width) if width > 1 else (0.0, 0)


def records(path: Path, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Every row with its number from 1, blank ones as []. Raises FileProblem where one cannot be read."""
    number = 0
    with path.open(encoding=layout.encoding, newline="") as file:
        if layout.sep_line:
            file.readline()
        csv.field_size_limit(_MAX_CELL)
        reader = csv.reader(
            file, delimiter=layout.delimiter, strict=True, skipinitialspace=layout.blank_after
        )
        before = 0
        try:
            for number, row in enumerate(reader, 1):
                yield number, row
                before = reader.line_num
        except csv.Error as error:
            lines = reader.line_num - before
            too_long = "field limit" in str(error) and lines <= 1
            raise FileProblem(FileCode.LONG_LINE if too_long else FileCode.QUOTE, row=number + 1) from error
