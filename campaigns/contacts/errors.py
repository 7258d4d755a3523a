"""Why a file, or one of its rows, cannot be used: codes, and sentences for the person who uploaded it."""

from __future__ import annotations

from enum import StrEnum

from campaigns.contacts.phone_columns import PhoneColumns

MAX_BYTES = 50 * 1024 * 1024
MAX_COLUMNS = 200
MAX_ROWS = 1_000_000
MAX_CELL_CHARACTERS = 10_000


class FileCode(StrEnum):
    EMPTY = "empty"
    NO_ROWS = "no_rows"
    ALL_HIDDEN = "all_hidden"
    TOO_BIG = "too_big"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_MANY_COLUMNS = "too_many_columns"
    NOT_A_SPREADSHEET = "not_a_spreadsheet"
    OLD_EXCEL = "old_excel"
    PASSWORD = "password"  # noqa: S105 — a code, not a secret
    DAMAGED = "damaged"
    WORKBOOK_TOO_BIG = "workbook_too_big"
    ENCODING = "encoding"
    NUL = "nul"
    QUOTE = "quote"
    SEPARATOR = "separator"
    LONG_LINE = "long_line"
    NO_PHONE_COLUMN = "no_phone_column"
    TWO_PHONE_COLUMNS = "two_phone_columns"
    DOUBTFUL_PHONE_COLUMN = "doubtful_phone_column"
    WHOSE_NUMBERS = "whose_numbers"
    NO_SUCH_COLUMN = "no_such_column"


FILE_SENTENCES: dict[FileCode, str] = {
    FileCode.EMPTY: "The file is empty.",
    FileCode.NO_ROWS: "The file has column headings but no rows below them.",
    FileCode.ALL_HIDDEN: "The sheet “{sheet}” shows no rows of people. {left_out}",
    FileCode.TOO_BIG: f"The file is larger than {MAX_BYTES // 2**20} MB. Split it into several files.",
    FileCode.TOO_MANY_ROWS: f"The file has more than {MAX_ROWS:,} rows. Split it into several files.",
    FileCode.TOO_MANY_COLUMNS: (
        f"The file has {{columns:,}} columns; the most is {MAX_COLUMNS}. Keep only those that the text needs."
    ),
    FileCode.NOT_A_SPREADSHEET: "This is {what}, not a spreadsheet. Upload a CSV or an Excel (.xlsx) file.",
    FileCode.OLD_EXCEL: (
        "This is an old Excel file (.xls), or one with a password. "
        "Save it as an Excel workbook (.xlsx) without a password, or as CSV."
    ),
    FileCode.PASSWORD: "The workbook has a password. Save it without one.",
    FileCode.DAMAGED: "The workbook seems to be damaged. Open it and save it again, or save it as CSV.",
    FileCode.WORKBOOK_TOO_BIG: (
        "The workbook is too large to read. There may be a stray value far to the right of the "
        "list or far below it. Save the sheet as CSV."
    ),
    FileCode.ENCODING: (
        'The letters in this file cannot be read (near row {row}). Save it again as "CSV UTF-8".'
    ),
    FileCode.NUL: (
        "The file holds zero bytes (the first in row {row}), so it is not a clean text file. "
        "Save it again as CSV."
    ),
    FileCode.QUOTE: (
        'Row {row} has a quotation mark (") that is not closed, or stands where none may. '
        "Correct it there, or save the file again from a spreadsheet."
    ),
    FileCode.SEPARATOR: (
        "The first row says that the cells are separated by {what}, which cannot be. "
        "Write sep=, or sep=; there, or remove the row."
    ),
    FileCode.LONG_LINE: "Row {row} is far too long for a list of people. Is this the right file?",
    FileCode.NO_PHONE_COLUMN: (
        "No column looks like phone numbers. The columns are: {columns}. Which one holds the phone numbers?"
    ),
    FileCode.TWO_PHONE_COLUMNS: (
        "More than one column may hold the phone numbers: {columns}. Which one should get the texts?"
    ),
    FileCode.DOUBTFUL_PHONE_COLUMN: (
        "Phone numbers stand only in {columns}, and the heading does not say that they are people’s own "
        "numbers for texts. Which column should get the texts?"
    ),
    FileCode.WHOSE_NUMBERS: (
        "The file holds phone numbers and nothing else, more than one in a line. If each is a person of its "
        "own, put one number in each line and upload the file again. If a line holds the numbers of one "
        "person, which column should get the texts? The columns are: {columns}."
    ),
    FileCode.NO_SUCH_COLUMN: "There is no column called {name}. The columns are: {columns}.",
}


WHICH_COLUMN = frozenset(
    {
        FileCode.NO_PHONE_COLUMN,
        FileCode.WHOSE_NUMBERS,
        FileCode.TWO_PHONE_COLUMNS,
        FileCode.DOUBTFUL_PHONE_COLUMN,
        FileCode.NO_SUCH_COLUMN,
    }
)
"""The file is good; a person has to say which column holds the phone numbers."""


class FileProblem(Exception):  # noqa: N818 — a problem of the file is no error of ours
    """The whole file is refused. `sentence` names the row if there is one, never a cell's content."""

    def __init__(self, code: FileCode, **details: object) -> None:
        self.code = code
        self.sentence = FILE_SENTENCES[code].format(**details)
        self.row = details.get("row")
        """The spreadsheet row that is at fault, counted from 1, or None."""
        self.columns: tuple[str, ...] = ()
        """The columns to choose from, where the problem is which one holds the phone numbers."""
        self.phones: PhoneColumns | None = None
        """What was seen in them."""
        super().__init__(self.sentence)


class RowProblem(StrEnum):
    TOO_MANY_CELLS = "too_many_cells"
    CELL_TOO_LONG = "cell_too_long"
    ZERO_BYTE = "zero_byte"


ROW_SENTENCES: dict[RowProblem, str] = {
    RowProblem.TOO_MANY_CELLS: (
        "This row has more cells than the file has columns. "
        "A cell that holds the separator must stand in quotation marks."
    ),
    RowProblem.CELL_TOO_LONG: f"A cell in this row has more than {MAX_CELL_CHARACTERS:,} characters.",
    RowProblem.ZERO_BYTE: "A cell in this row holds a zero byte, so the row may be damaged.",
}
