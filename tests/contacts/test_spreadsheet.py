"""The zoo of files that people upload: right rows, or a plain sentence."""

import contextlib
import csv
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.contacts.spreadsheet import (
    MAX_ROWS,
    FileCode,
    FileProblem,
    RowProblem,
    Sheet,
    open_sheet,
)
from campaigns.labels.files import describe_notes, describe_refusal

ROWS = [(2, ["6505550100", "José"]), (3, ["6505550101", "Zoë, “Z”"])]
CSV = 'Phone,First Name\n6505550100,José\n6505550101,"Zoë, “Z”"\n'


def opened(folder: Path, data: bytes | str, filename: str = "people.csv") -> Sheet:
    path = folder / "upload"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return open_sheet(path, filename)


def problem_of(folder: Path, data: bytes | str) -> FileProblem:
    with pytest.raises(FileProblem) as caught:
        list(opened(folder, data).rows())
    return caught.value


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (CSV.encode(), "UTF-8"),
        (CSV.encode("utf-8-sig"), "UTF-8"),
        (CSV.encode("utf-16"), "UTF-16"),
        (b"\xff\xfe" + CSV.encode("utf-16-le"), "UTF-16"),
        (b"\xfe\xff" + CSV.encode("utf-16-be"), "UTF-16"),
        (CSV.encode("utf-16-le"), "UTF-16"),  # without a mark
        (CSV.encode("utf-16-be"), "UTF-16"),
        (CSV.encode("utf-32"), "UTF-32"),
        (CSV.encode("cp1252"), "Windows-1252"),
        (CSV.encode("mac_roman"), "Mac Roman"),
    ],
)
def test_letters_are_read_in_the_encoding_they_were_written_in(
    tmp_path: Path, data: bytes, encoding: str
) -> None:
    sheet = opened(tmp_path, data)
    assert sheet.columns == ("Phone", "First Name")
    assert list(sheet.rows()) == ROWS
    assert sheet.encoding == encoding
    assert (sheet.notes == ()) == (encoding == "UTF-8")


@pytest.mark.parametrize(
    ("sign", "word"), [(",", ""), (";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_delimiter_and_line_end(tmp_path: Path, sign: str, word: str, end: str) -> None:
    sheet = opened(tmp_path, f"Phone{sign}Name{end}6505550100{sign}Ann{end}{end}6505550101{sign}Bob{end}")
    assert sheet.delimiter == sign
    assert list(sheet.rows()) == [(2, ["6505550100", "Ann"]), (4, ["6505550101", "Bob"])]
    assert describe_notes(sheet.notes) == ([f"Read as UTF-8, separated by {word}."] if word else [])


def test_note_names_both_encoding_and_delimiter(tmp_path: Path) -> None:
    sheet = opened(tmp_path, "Telefon;Vorname\r\n6505550100;Jürgen\r\n".encode("cp1252"))
    assert describe_notes(sheet.notes) == ["Read as Windows-1252, separated by semicolons."]


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ('Phone,Note\n6505550100,"a\nb, c"\n6505550101,x\n', [(2, "a\nb, c"), (3, "x")]),
        ('Phone,Note\r\n6505550100,"say ""hi"""\r\n', [(2, 'say "hi"')]),
        ('Phone, Note\n6505550100, "a, b"\n', [(2, "a, b")]),  # a blank before the quotation mark
        ('Phone,Note\n6505550100,5" pipe\n', [(2, '5" pipe')]),
        ("Phone,Note\n\n ,\n,\n6505550100,x", [(5, "x")]),  # blank rows count, as on screen
        ("\n\nPhone,Note\n6505550100,x\n", [(4, "x")]),
        ("sep=;\nPhone;Note\n6505550100;x, y\n", [(2, "x, y")]),  # a line that spreadsheets do not show
        ("sep=^\nPhone^Note\n6505550100^x\n", [(2, "x")]),
        ("sep=\r\nPhone;Note\r\n6505550100;x\r\n", [(2, "x")]),  # it names none
        ("Phone,Note\n6505550100\n", [(2, "")]),
        ("Phone,Note,,\n6505550100,x,,\n", [(2, "x")]),
        ("Phone,Note\n6505550100,  x \u00a0\n", [(2, "x")]),
        ("Phone,Note\n6505550100,=1+1\n", [(2, "=1+1")]),
        ("\u200bPhone\u200f,Note\n6505550100,x\n", [(2, "x")]),
        ("Phone,Note\n6505550100,\u202a x\u202c\u200b \n", [(2, "x")]),
        ("Phone,Note\n6505550100,\u05d0\u200f!b\n", [(2, "\u05d0\u200f!b")]),  # inside, it has a meaning
        ("Phone,Note\n6505550100,\u200b\n\u200b,\n", [(2, "")]),
        ("Phone;Name\n6505550100;Lee, Ann\n6505550101;Ray, Bob\n", [(2, "Lee, Ann"), (3, "Ray, Bob")]),
        ("Customers\nPhone,Note\n6505550100,x\n", [(3, "x")]),  # a title
        ("Customers;\nPhone;Note\n6505550100;x\n", [(3, "x")]),
    ],
)
def test_rows_as_a_spreadsheet_shows_them(tmp_path: Path, data: str, rows: list[tuple[int, str]]) -> None:
    sheet = opened(tmp_path, data)
    assert sheet.columns[0] == "Phone"
    assert sheet.field_names[:2] in {("phone", "note"), ("phone", "name")}
    assert [(number, cells[1]) for number, cells in sheet.rows()] == rows
    assert {len(cells) for _, cells in sheet.rows()} == {2}, "and can be read again"
    assert sheet.row_problems == {}
    assert sheet.phone_column == 0


def test_rows_that_do_not_fit_are_told_by_number(tmp_path: Path) -> None:
    long = "x" * 10_001
    sheet = opened(
        tmp_path, f"Phone,Name\n6505550100,Lee, Ann\n6505550101,{long}\n6505550102,Bob,,\n6505550103,Ed\n"
    )
    rows = dict(sheet.rows())
    assert sheet.row_problems == {2: RowProblem.TOO_MANY_CELLS, 3: RowProblem.CELL_TOO_LONG}
    assert rows[2] == ["6505550100", "Lee"]
    assert rows[4] == ["6505550102", "Bob"]


def test_a_stray_zero_byte_costs_its_row_only(tmp_path: Path) -> None:
    sheet = opened(tmp_path, "Phone,Na\0me\n6505550100,A\0nn\n6505550101,Bob\n")
    assert sheet.columns == ("Phone", "Name")
    assert list(sheet.rows()) == [(2, ["6505550100", "A\ufffdnn"]), (3, ["6505550101", "Bob"])]
    assert sheet.row_problems == {2: RowProblem.ZERO_BYTE}


def test_a_cell_of_any_length_costs_its_row_only(tmp_path: Path) -> None:
    sheet = opened(tmp_path, f"Phone,Name\n6505550100,{'x' * 200_000}\n6505550101,Bob\n")
    assert [(number, len(cells[1])) for number, cells in sheet.rows()] == [(2, 10_000), (3, 3)]
    assert sheet.row_problems == {2: RowProblem.CELL_TOO_LONG}


@pytest.mark.parametrize(
    ("header", "columns", "fields"),
    [
        ("Phone,Name,Name,name", "Phone|Name|Name 2|name 3", "phone name name_2 name_3"),
        ("Phone,Name,Name 2,Name", "Phone|Name|Name 2|Name 3", "phone name name_2 name_3"),
        ("Phone,,Name,", "Phone|Column 2|Name|Column 4", "phone column_2 name column_4"),
        ("Phone,First  Name,first_name,First-Name", None, "phone first_name first_name_2 first_name_3"),
        ("Phone,Prénom,Straße,Имя", None, "phone prenom strasse имя"),
        ("Phone,2nd,if,☃", None, "phone field_2nd if_field column_4"),
    ],
)
def test_headings(tmp_path: Path, header: str, columns: str | None, fields: str) -> None:
    sheet = opened(tmp_path, f"{header}\n6505550100,a,b,c\n")
    assert sheet.field_names == tuple(fields.split())
    assert all(name.isidentifier() for name in sheet.field_names)
    assert len({name.casefold() for name in sheet.columns}) == 4
    assert columns is None or sheet.columns == tuple(columns.split("|"))


@pytest.mark.parametrize(
    "first",
    ["6505550100,Ann", "Ann,(650) 555-0100", "Ann,1.65056E+10", "Ann,(555) 010-0001", "Ann,447911123456"],
)
def test_a_file_without_headings_loses_nobody(tmp_path: Path, first: str) -> None:
    sheet = opened(tmp_path, f"{first}\n{first}\n")
    assert sheet.columns == ("Column 1", "Column 2")
    assert [number for number, _ in sheet.rows()] == [1, 2]
    assert "no headings" in describe_notes(sheet.notes)[0]
    assert sheet.phone_column == int(first.startswith("Ann"))


@pytest.mark.parametrize(
    ("data", "column"),
    [
        ("Name,Mobile\nAnn,650-555-0100\n", 1),
        ("Name,Kontakt\nAnn,650-555-0100\n", 1),  # the cells tell
        ("Order,Phone\n6505550100,650-555-0101\n", 1),  # the heading tells
        ("Fax number,Cell\n6505550100,6505550101\n", 1),
        ("Phone,Mobile\n,6505550100\nnone,6505550101\n", 1),  # both named so, one filled
        ("Phone,Cell number\n1,6505550100\n2,6505550101\n", 1),
        ("Phone,Contact\nAnn,6505550100\nBob,6505550101\n", 1),  # headings moved by one
        ("Phone,Name\n1.5E+10,Ann\n", 0),
        ("Telefonnummer;Name\n6505550100;Ann\n", 0),
        ("Name,Age\nAnn,44\n", None),
        ("Name,Phone\nAnn,\n", 1),
    ],
)
def test_finds_the_phone_column(tmp_path: Path, data: str, column: int | None) -> None:
    assert opened(tmp_path, data).phone_column == column


def test_asks_which_column_if_none_looks_like_phones(tmp_path: Path) -> None:
    sheet = opened(tmp_path, "Name,Age\nAnn,44\n")
    with pytest.raises(FileProblem) as caught:
        sheet.require_phone_column()
    assert caught.value.code is FileCode.NO_PHONE_COLUMN
    assert "Name, Age" in describe_refusal(caught.value)
    assert caught.value.columns == ("Name", "Age")


@pytest.mark.parametrize("name", ["First Name", "first_name", "FIRST NAME", " first name"])
def test_finds_a_column_by_its_name(tmp_path: Path, name: str) -> None:
    sheet = opened(tmp_path, "Phone,First Name\n6505550100,Ann\n")
    assert sheet.find_column(name) == 1
    with pytest.raises(FileProblem, match="no_such_column"):
        sheet.find_column("Surname")


@pytest.mark.parametrize(
    ("data", "code", "part"),
    [
        (b"", FileCode.EMPTY, "empty"),
        (b"\xef\xbb\xbf", FileCode.EMPTY, "empty"),
        (b"\n \n,,\n", FileCode.EMPTY, "empty"),
        (b"Phone,Name\n", FileCode.NO_ROWS, "no rows"),
        (b"Phone,Name\n\n,\n", FileCode.NO_ROWS, "no rows"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), FileCode.NOT_A_SPREADSHEET, "picture"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", FileCode.NOT_A_SPREADSHEET, "picture"),
        (b"GIF89a....", FileCode.NOT_A_SPREADSHEET, "picture"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", FileCode.NOT_A_SPREADSHEET, "picture"),
        (b"%PDF-1.7\n%", FileCode.NOT_A_SPREADSHEET, "PDF"),
        (b"MZ\x90\x00\x03" + bytes(60), FileCode.NOT_A_SPREADSHEET, "program"),
        (b"\x7fELF" + bytes(60), FileCode.NOT_A_SPREADSHEET, "program"),
        (b"\x1f\x8b\x08" + bytes(20), FileCode.NOT_A_SPREADSHEET, "compressed"),
        (b"\x00\x00\x00\x18ftypheic", FileCode.NOT_A_SPREADSHEET, "film or a picture"),
        (b"<!DOCTYPE html><table><tr><td>6505550100", FileCode.NOT_A_SPREADSHEET, "web page"),
        (b"{\\rtf1\\ansi", FileCode.NOT_A_SPREADSHEET, "text document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60), FileCode.OLD_EXCEL, ".xlsx"),
        (b"PK\x03\x04 not really", FileCode.DAMAGED, "damaged"),
        (b"Phone,Name\n6505550100,A\x00n\x00n\x00\n", FileCode.NUL, "row 2"),
        (b"Phone,Name\n6505550100,Ann\n\x00\x01\x02\x00" + bytes(60) + b"\n", FileCode.NUL, "row 3"),
        (b'Phone,Name\n6505550100,Ann\n6505550101,"Bob\n6505550102,Cy\n', FileCode.QUOTE, "Row 3"),
        (b'Phone,Name\n6505550100,"Ann\n6505550101,"Bob"\n', FileCode.QUOTE, "Row 2"),
        (b'Phone,Name\n6505550100,"5" pipe"\n', FileCode.QUOTE, "Row 2"),
        (b'Phone,"Name\n6505550100,Ann\n', FileCode.QUOTE, "Row 1"),
        (b'Phone,Name\n6505550100,"' + b"x\n" * 200_000, FileCode.QUOTE, "Row 2"),
        (b"Phone,Name\n6505550100," + b"x" * 3_000_000, FileCode.LONG_LINE, "Row 2"),
        (
            b"Phone" + b",c" * 10_000 + b"\n6505550100" + b",x" * 10_000,
            FileCode.TOO_MANY_COLUMNS,
            "10,001 columns",
        ),
        (b"1\n" * (MAX_ROWS + 3), FileCode.TOO_MANY_ROWS, "1,000,000 rows"),
    ],
    ids=lambda value: value[:30] if isinstance(value, bytes) else "",
)
def test_refuses_with_a_sentence(tmp_path: Path, data: bytes, code: FileCode, part: str) -> None:
    problem = problem_of(tmp_path, data)
    assert problem.code is code
    assert part in describe_refusal(problem)
    assert "6505550" not in describe_refusal(problem)


def test_a_list_may_begin_with_letters_that_programs_begin_with(tmp_path: Path) -> None:
    assert opened(tmp_path, "MZ,Phone\nx,6505550100\n").columns == ("MZ", "Phone")


def test_refuses_a_gigabyte_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    start = time.process_time()
    with pytest.raises(FileProblem, match="too_big"):
        open_sheet(path, "big.csv")
    assert time.process_time() - start < 0.2, "of this process alone, however busy the machine is"


def test_counts_rows_where_lines_cannot_be_counted(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_bytes(b'Phone,"Note"\n' + b"1,\n" * (MAX_ROWS + 1))
    with pytest.raises(FileProblem) as caught:
        for _ in open_sheet(path, "many.csv").rows():
            pass
    assert caught.value.code is FileCode.TOO_MANY_ROWS


def test_a_text_file_with_a_workbooks_name_is_read_and_said(tmp_path: Path) -> None:
    sheet = opened(tmp_path, CSV, "people.xlsx")
    assert list(sheet.rows()) == ROWS
    assert "text file" in describe_notes(sheet.notes)[0]


SCRIPT = """
import resource, sys
from pathlib import Path
from campaigns.contacts.spreadsheet import open_sheet
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
list(open_sheet(Path(sys.argv[1]), "small.csv").rows())
before = peak()
print(sum(1 for _ in open_sheet(Path(sys.argv[2]), "large.csv").rows()), peak() - before)
print(any(name.split(".")[0] == "django" for name in sys.modules))
"""


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    row = "(650) 555-0100,Ann,Lee,some more text to make a row as long as they are\n"
    small.write_text("Phone,First,Last,Note\n" + row * 1_000)
    large.write_text("Phone,First,Last,Note\n" + row * 100_000)
    command = [sys.executable, "-c", SCRIPT, str(small), str(large)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows, megabytes, django = done.stdout.split()
    assert rows == "100000"
    assert int(megabytes) <= 12, "7 MB of file; the reader itself needs a chunk of 1 MB, in bytes and as text"
    assert django == "False"


cells = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf"], exclude_characters="\x00"), max_size=8)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_what_was_written_is_read(tmp_path: Path, rows: list[tuple[str, str]], sign: str) -> None:
    path = tmp_path / "made.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=sign, quoting=csv.QUOTE_ALL)
        writer.writerows([("Phone", "One", "Two"), *[("6505550100", *row) for row in rows]])
    expected = [(number, ["6505550100", *map(str.strip, row)]) for number, row in enumerate(rows, 2)]
    assert list(open_sheet(path, "made.csv").rows()) == expected


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes_give_rows_or_a_sentence(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "noise.csv"
    path.write_bytes(b"Phone,Name\n" + data)
    with contextlib.suppress(FileProblem):  # anything else that is raised is a fault
        sheet = open_sheet(path, "noise.csv")
        assert {len(row) for _, row in sheet.rows()} <= {len(sheet.columns)}


@pytest.mark.parametrize(
    ("sign", "said"),
    [
        ('"', "a quotation mark"),
        ("'", "a quotation mark"),
        ("’", "a quotation mark"),
        ("a", "the letter a"),
        ("é", "the letter é"),
        ("5", "the digit 5"),
        (" ", "a blank or a sign that nobody sees"),
        ("\u00a0", "a blank or a sign that nobody sees"),
        ("\x01", "a blank or a sign that nobody sees"),
        ("\u200b", "a blank or a sign that nobody sees"),
    ],
)
@pytest.mark.parametrize("line", ["sep={}\r\n", "SEP={}\n", '"sep={}"\n'])
def test_a_first_row_that_names_no_separator(tmp_path: Path, sign: str, said: str, line: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(f"{line.format(sign)}Phone{sign}Name\n6505550100{sign}Ann\n", newline="")
    with pytest.raises(FileProblem) as caught:
        open_sheet(path, "people.csv")
    assert (caught.value.code, caught.value.row) == (FileCode.SEPARATOR, 1)
    assert f"separated by {said}, which cannot be" in describe_refusal(caught.value)
