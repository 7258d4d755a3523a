"""Why a file, or one of its rows, cannot be used: codes and their parameters."""

from enum import StrEnum
from typing import Any

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
    FILE_GONE = "file_gone"


class FileKind(StrEnum):
    """What a file is that is no spreadsheet."""

    PNG = "png"
    JPEG = "jpeg"
    GIF = "gif"
    TIFF = "tiff"
    WEBP = "webp"
    PDF = "pdf"
    RTF = "rtf"
    PROGRAM = "program"
    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    SEVEN_ZIP = "7z"
    RAR = "rar"
    ZIP = "zip"
    SOUND = "sound"
    FILM = "film"
    PHONE_FILM = "phone_film"
    DATABASE = "database"
    PARQUET = "parquet"
    MARKUP = "markup"
    DOCUMENT = "document"
    PRESENTATION = "presentation"
    IWORK = "iwork"


class SignKind(StrEnum):
    """What a sign is that cannot separate cells."""

    LETTER = "letter"
    DIGIT = "digit"
    QUOTE = "quote"
    UNSEEN = "unseen"


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
    """The whole file is refused. `params` name the row if there is one, never a cell's content."""

    def __init__(self, code: FileCode, **params: Any) -> None:
        self.code = code
        self.params = params
        """Plain values that JSON can hold."""
        self.row = params.get("row")
        """The spreadsheet row that is at fault, counted from 1, or None."""
        self.columns: tuple[str, ...] = ()
        """The columns to choose from, where the problem is which one holds the phone numbers."""
        self.phones: PhoneColumns | None = None
        """What was seen in them."""
        super().__init__(str(code))


class RowProblem(StrEnum):
    TOO_MANY_CELLS = "too_many_cells"
    CELL_TOO_LONG = "cell_too_long"
    ZERO_BYTE = "zero_byte"


class NoText(StrEnum):
    """Why a row with a usable number gets no text."""

    REPEATED = "repeated"
    UNREACHED = "unreached"
    EMPTY_TEXT = "empty_text"
    TEXT_TOO_LONG = "text_too_long"
