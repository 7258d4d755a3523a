"""What was decided while a file was read, and what its sheet hides: codes and their parameters."""

from enum import StrEnum
from typing import Any, NamedTuple


class NoteCode(StrEnum):
    READ_AS = "read_as"
    TEXT_FILE = "text_file"
    ONE_SHEET = "one_sheet"
    TITLE = "title"
    NO_HEADINGS = "no_headings"
    ONE_LINE = "one_line"
    SEVERAL_A_LINE = "several_a_line"
    HIDDEN_ROWS = "hidden_rows"
    HIDDEN_COLUMNS = "hidden_columns"


class Note(NamedTuple):
    """As JSON a pair."""

    code: NoteCode
    params: dict[str, Any]
    """Plain values that JSON can hold."""
