"""What staff read about a file that they upload: why it is refused, and what was noticed in it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from campaigns.contacts.errors import (
    MAX_BYTES,
    MAX_COLUMNS,
    MAX_ROWS,
    FileCode,
    FileKind,
    FileProblem,
    SignKind,
)
from campaigns.contacts.notes import NoteCode
from campaigns.contacts.reimport import Refusal
from campaigns.labels.wording import Sentence, fill
from campaigns.models import Import

FILE_PROBLEMS: Final[dict[FileCode, Sentence]] = {
    FileCode.EMPTY: _("The file is empty."),
    FileCode.NO_ROWS: _("The file has column headings but no rows below them."),
    FileCode.ALL_HIDDEN: _("The sheet “{sheet}” shows no rows of people."),
    FileCode.TOO_BIG: _("The file is larger than {megabytes} MB. Split it into several files."),
    FileCode.TOO_MANY_ROWS: _("The file has more than {most:,} rows. Split it into several files."),
    FileCode.TOO_MANY_COLUMNS: _(
        "The file has {count:,} columns; the most is {most}. Keep only those that the text needs."
    ),
    FileCode.NOT_A_SPREADSHEET: _(
        "This is {what}, not a spreadsheet. Upload a CSV or an Excel (.xlsx) file."
    ),
    FileCode.OLD_EXCEL: _(
        "This is an old Excel file (.xls), or one with a password. "
        "Save it as an Excel workbook (.xlsx) without a password, or as CSV."
    ),
    FileCode.PASSWORD: _("The workbook has a password. Save it without one."),
    FileCode.DAMAGED: _("The workbook seems to be damaged. Open it and save it again, or save it as CSV."),
    FileCode.WORKBOOK_TOO_BIG: _(
        "The workbook is too large to read. There may be a stray value far to the right of the "
        "list or far below it. Save the sheet as CSV."
    ),
    FileCode.ENCODING: _(
        'The letters in this file cannot be read (near row {row}). Save it again as "CSV UTF-8".'
    ),
    FileCode.NUL: _(
        "The file holds zero bytes (the first in row {row}), so it is not a clean text file. "
        "Save it again as CSV."
    ),
    FileCode.QUOTE: _(
        'Row {row} has a quotation mark (") that is not closed, or stands where none may. '
        "Correct it there, or save the file again from a spreadsheet."
    ),
    FileCode.SEPARATOR: _(
        "The first row says that the cells are separated by {what}, which cannot be. "
        "Write sep=, or sep=; there, or remove the row."
    ),
    FileCode.LONG_LINE: _("Row {row} is far too long for a list of people. Is this the right file?"),
    FileCode.NO_PHONE_COLUMN: _(
        "No column looks like phone numbers. The columns are: {columns}. Which one holds the phone numbers?"
    ),
    FileCode.TWO_PHONE_COLUMNS: _(
        "More than one column may hold the phone numbers: {columns}. Which one should get the texts?"
    ),
    FileCode.DOUBTFUL_PHONE_COLUMN: _(
        "Phone numbers stand only in {columns}, and the heading does not say that they are people’s own "
        "numbers for texts. Which column should get the texts?"
    ),
    FileCode.WHOSE_NUMBERS: _(
        "The file holds phone numbers and nothing else, more than one in a line. If each is a person of its "
        "own, put one number in each line and upload the file again. If a line holds the numbers of one "
        "person, which column should get the texts? The columns are: {columns}."
    ),
    FileCode.NO_SUCH_COLUMN: _("There is no column called {name}. The columns are: {columns}."),
    FileCode.FILE_GONE: _("The uploaded file is no longer here. Please upload it again."),
}
_MOST: Final = {FileCode.TOO_MANY_ROWS: MAX_ROWS, FileCode.TOO_MANY_COLUMNS: MAX_COLUMNS}
_QUOTED: Final = (FileCode.TWO_PHONE_COLUMNS, FileCode.DOUBTFUL_PHONE_COLUMN)

FILE_KINDS: Final[dict[FileKind, Sentence]] = {
    FileKind.PNG: _("a picture (PNG)"),
    FileKind.JPEG: _("a picture (JPEG)"),
    FileKind.GIF: _("a picture (GIF)"),
    FileKind.TIFF: _("a picture (TIFF)"),
    FileKind.WEBP: _("a picture (WebP)"),
    FileKind.PDF: _("a PDF document"),
    FileKind.RTF: _("a text document (RTF)"),
    FileKind.PROGRAM: _("a program"),
    FileKind.GZIP: _("a compressed file (gzip)"),
    FileKind.BZIP2: _("a compressed file (bzip2)"),
    FileKind.XZ: _("a compressed file (xz)"),
    FileKind.SEVEN_ZIP: _("a compressed folder (7z)"),
    FileKind.RAR: _("a compressed folder (RAR)"),
    FileKind.ZIP: _("a compressed folder (zip)"),
    FileKind.SOUND: _("a sound file"),
    FileKind.FILM: _("a film"),
    FileKind.PHONE_FILM: _("a film or a picture of a phone"),
    FileKind.DATABASE: _("a database"),
    FileKind.PARQUET: _("a Parquet table"),
    FileKind.MARKUP: _("a web page or XML file"),
    FileKind.DOCUMENT: _("a document"),
    FileKind.PRESENTATION: _("a presentation"),
    FileKind.IWORK: _("an Apple Numbers or Pages file"),
}

SIGN_KINDS: Final[dict[SignKind, Sentence]] = {
    SignKind.LETTER: _("the letter {sign}"),
    SignKind.DIGIT: _("the digit {sign}"),
    SignKind.QUOTE: _("a quotation mark"),
    SignKind.UNSEEN: _("a blank or a sign that nobody sees"),
}

NOTES: Final[dict[NoteCode, Sentence]] = {
    NoteCode.READ_AS: _("Read as {encoding}, separated by {delimiter}."),
    NoteCode.TEXT_FILE: _(
        "The name says that this is a workbook, but it is a text file; it was read as one."
    ),
    NoteCode.ONE_SHEET: _("Only the sheet “{sheet}” was read; the file has more."),
    NoteCode.TITLE: _("Row {row} was taken as a title, row {header_row} as the headings."),
    NoteCode.NO_HEADINGS: _(
        "The file has no headings, so its columns are called Column 1, Column 2 and so on."
    ),
    NoteCode.ONE_LINE: _(
        "The file holds {count:,} numbers in one line. Each was read as a person of its own, "
        "and its place in the line is the number of its row."
    ),
    NoteCode.SEVERAL_A_LINE: _(
        "The file holds several numbers in a line and nothing else. Each was read as a person of its own, "
        "and row numbers count the numbers."
    ),
    NoteCode.HIDDEN_ROWS: ngettext_lazy(
        "1 hidden row was left out.", "{count:,} hidden rows were left out.", "count"
    ),
    NoteCode.HIDDEN_COLUMNS: ngettext_lazy(
        "1 hidden column was left out: {columns}.",
        "{count:,} hidden columns were left out: {columns}.",
        "count",
    ),
}
_HIDDEN: Final = (NoteCode.HIDDEN_ROWS, NoteCode.HIDDEN_COLUMNS)

DELIMITERS: Final[dict[str, Sentence]] = {
    ",": _("commas"),
    ";": _("semicolons"),
    "\t": _("tabs"),
    "|": _("vertical bars"),
}

REIMPORT_REFUSALS: Final[dict[Refusal, Sentence]] = {
    Refusal.USED: _(
        "A campaign uses this list, so its column stays. Upload the file again for another list."
    ),
    Refusal.BUSY: _("The rows of this list are being read. Change the column when that is done."),
    Refusal.COPY: _("This list was made from a campaign, not from a file, so its numbers stay."),
    Refusal.SAME: _("The phone numbers are read from this column already."),
    Refusal.NO_COLUMN: _("Choose one of the columns of this list."),
    Refusal.GONE: _("This list was deleted a moment ago."),
}


def describe_refusal(problem: FileProblem) -> str:
    """Why the whole file is refused, or which column has to be chosen first."""
    return _refusal(problem.code, problem.params)


def describe_failure(record: Import) -> str:
    """The same for a file that was refused when the worker read it; empty if it was not."""
    return _refusal(FileCode(record.problem_code), record.problem_params) if record.problem_code else ""


def _refusal(code: FileCode, params: Mapping[str, Any]) -> str:
    words = dict(params) | {"megabytes": MAX_BYTES // 2**20, "most": _MOST.get(code)}
    if code is FileCode.NOT_A_SPREADSHEET:
        words["what"] = FILE_KINDS[FileKind(params["kind"])]
    elif code is FileCode.SEPARATOR:
        words["what"] = fill(SIGN_KINDS[SignKind(params["kind"])], sign=params["sign"])
    if "columns" in params:
        names = [f"“{name}”" if code in _QUOTED else name for name in params["columns"]]
        words["columns"] = ", ".join(names) + (" …" if params["more"] else "")
    return " ".join([fill(FILE_PROBLEMS[code], **words), *describe_notes(params.get("hidden", ()))])


def describe_notes(notes: Iterable[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """A sentence for each; the last one about what is hidden says what to do."""
    sentences, last_hidden = [], -1
    for place, (code, params) in enumerate(notes):
        sentences.append(_note(NoteCode(code), params))
        last_hidden = place if code in _HIDDEN else last_hidden
    if last_hidden >= 0:
        what_to_do = gettext(
            "To use what is hidden, show it in the spreadsheet, save, and upload the file again."
        )
        sentences[last_hidden] = f"{sentences[last_hidden]} {what_to_do}"
    return sentences


def _note(code: NoteCode, params: Mapping[str, Any]) -> str:
    words = dict(params)
    if code is NoteCode.READ_AS:
        words["delimiter"] = DELIMITERS.get(params["delimiter"], f"“{params['delimiter']}”")
    elif code is NoteCode.HIDDEN_COLUMNS:
        names = [
            column.get("heading") or fill(_("column {letter}"), letter=column["letter"])
            for column in params["columns"]
        ]
        words["columns"] = ", ".join(names) + (" …" if params["count"] > len(names) else "")
    return fill(NOTES[code], **words)
