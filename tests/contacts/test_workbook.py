"""Workbooks, honest and hostile."""

import contextlib
import datetime as dt
import gc
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from campaigns.contacts import workbook
from campaigns.contacts.spreadsheet import FileCode, FileProblem, open_sheet
from campaigns.contacts.workbook_subprocess import as_text
from campaigns.labels.files import describe_notes, describe_refusal
from tests.contacts.workbooks import cell_xml, rows_xml, write_ods, write_xlsx

PEOPLE = rows_xml(
    [
        ["Phone", "Name", "Amount"],
        [16505550100, "José", 12.5],
        [],
        [16505550101.0, 'Line\nbreak, "quoted"', None],
        ["'+1 650 555 0102", None, 1e20],
    ]
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Temporary files are made in it, so that leftovers are seen."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path


def refused(path: Path) -> FileProblem:
    with pytest.raises(FileProblem) as caught:
        open_sheet(path, path.name)
    return caught.value


@pytest.mark.parametrize("name", ["people.xlsx", "people.csv", "people"])
def test_reads_a_workbook_whatever_its_name(folder: Path, name: str) -> None:
    sheet = open_sheet(write_xlsx(folder / name, {"People": PEOPLE}), name)
    assert sheet.columns == ("Phone", "Name", "Amount")
    assert list(sheet.rows()) == [
        (2, ["16505550100", "José", "12.5"]),
        (4, ["16505550101", 'Line\nbreak, "quoted"', ""]),
        (5, ["'+1 650 555 0102", "", "1e+20"]),
    ]
    assert sheet.phone_column == 0
    assert sheet.notes == ()


def test_reads_an_open_document(folder: Path) -> None:
    path = write_ods(folder / "people.ods", [["Phone", "Name"], ["650-555-0100", "Zoë"]])
    assert list(open_sheet(path, "people.ods").rows()) == [(2, ["650-555-0100", "Zoë"])]


def test_reads_the_first_visible_sheet_that_is_not_empty_and_says_so(folder: Path) -> None:
    sheets = {"Secret": rows_xml([["x", "y"]]), "Blank": "", "People": PEOPLE, "More": PEOPLE}
    sheet = open_sheet(write_xlsx(folder / "book.xlsx", sheets, hidden=("Secret",)), "book.xlsx")
    assert sheet.columns == ("Phone", "Name", "Amount")
    assert describe_notes(sheet.notes) == ["Only the sheet “People” was read; the file has more."]


def test_rows_keep_the_numbers_of_the_sheet(folder: Path) -> None:
    rows = (
        '<row r="3">' + cell_xml("B3", "Phone") + '</row><row r="7">' + cell_xml("B7", 16505550100) + "</row>"
    )
    sheet = open_sheet(write_xlsx(folder / "book.xlsx", {"S": rows}), "book.xlsx")
    assert [number for number, _ in sheet.rows()] == [7]
    assert dict(sheet.rows())[7][sheet.require_phone_column()] == "16505550100"


@pytest.mark.parametrize(
    ("first", "last"),
    [("A1", "XFD1048576"), ("A1", "XFD20000")],
)
def test_two_far_cells_are_refused_and_kill_nobody(folder: Path, first: str, last: str) -> None:
    number = "".join(filter(str.isdigit, last))
    rows = f'<row r="1">{cell_xml(first, 1)}</row><row r="{number}">{cell_xml(last, 1)}</row>'
    problem = refused(write_xlsx(folder / "bomb.xlsx", {"S": rows}))
    assert problem.code is FileCode.WORKBOOK_TOO_BIG
    assert "stray value" in describe_refusal(problem)


def test_a_stray_cell_far_below_is_no_row_of_people(folder: Path) -> None:
    rows = PEOPLE + '<row r="1048576">' + cell_xml("A1048576", "x") + "</row>"
    assert refused(write_xlsx(folder / "far.xlsx", {"S": rows})).code is FileCode.TOO_MANY_ROWS


def directory_entries(data: bytearray) -> Iterator[int]:
    """Where the entries of a zip file's table of contents begin."""
    place = data.find(b"PK\x01\x02")
    while place >= 0:
        yield place
        place = data.find(b"PK\x01\x02", place + 4)


def test_a_zip_bomb_is_refused_by_its_table_of_contents(folder: Path) -> None:
    path = write_xlsx(folder / "bomb.xlsx", {"S": PEOPLE})
    data = bytearray(path.read_bytes())
    for place in directory_entries(data):
        data[place + 24 : place + 28] = struct.pack("<L", workbook.MAX_UNPACKED_BYTES // 4)
    path.write_bytes(data)
    assert refused(path).code is FileCode.WORKBOOK_TOO_BIG


def test_a_workbook_that_lies_about_its_size_is_damaged(folder: Path) -> None:
    path = write_xlsx(folder / "bomb.xlsx", {"S": rows_xml([["y" * 30_000]] * 1000)})
    data = bytearray(path.read_bytes())
    for place in directory_entries(data):
        data[place + 24 : place + 28] = struct.pack("<L", 100)
    path.write_bytes(data)
    assert refused(path).code is FileCode.DAMAGED


def test_a_workbook_of_countless_parts_is_refused(folder: Path) -> None:
    path = write_xlsx(folder / "parts.xlsx", {"S": PEOPLE})
    with ZipFile(path, "a") as archive:
        for number in range(workbook.MAX_ENTRIES):
            archive.writestr(f"{number}", b"")
    assert refused(path).code is FileCode.WORKBOOK_TOO_BIG


@pytest.mark.parametrize(
    ("entries", "what"),
    [
        (["word/document.xml"], "a document"),
        (["ppt/presentation.xml"], "a presentation"),
        (["Index/Document.iwa"], "an Apple Numbers or Pages file"),
        (["META-INF/MANIFEST.MF"], "a program"),
        (["people.csv"], "a compressed folder"),
        ([], "a compressed folder"),
    ],
)
def test_other_zips_are_named(folder: Path, entries: list[str], what: str) -> None:
    with ZipFile(folder / "x.xlsx", "w") as archive:
        for name in entries:
            archive.writestr(name, "x")
    problem = refused(folder / "x.xlsx")
    assert problem.code is FileCode.NOT_A_SPREADSHEET
    assert what in describe_refusal(problem)


def test_a_locked_archive_is_refused(folder: Path) -> None:
    path = write_xlsx(folder / "locked.xlsx", {"S": PEOPLE})
    data = bytearray(path.read_bytes())
    for place in directory_entries(data):
        data[place + 8] |= 1  # the flag of an encrypted entry
    path.write_bytes(data)
    assert refused(path).code is FileCode.PASSWORD


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_half_a_workbook_is_damaged(folder: Path, keep: float) -> None:
    path = write_xlsx(folder / "half.xlsx", {"S": PEOPLE})
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    assert refused(path).code is FileCode.DAMAGED


def test_broken_xml_is_damaged(folder: Path) -> None:
    assert refused(write_xlsx(folder / "x.xlsx", {"S": '<row r="1"><c r="A1"><v>'})).code is FileCode.DAMAGED


def test_an_empty_workbook_is_empty(folder: Path) -> None:
    assert refused(write_xlsx(folder / "x.xlsx", {"S": ""})).code is FileCode.EMPTY


def test_entities_of_other_files_are_not_read(folder: Path) -> None:
    (folder / "secret.txt").write_text("SECRET")
    path = write_xlsx(folder / "xxe.xlsx", {"S": PEOPLE})
    with ZipFile(path, "a") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    evil = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{folder}/secret.txt">]>' + sheet.replace("José", "&e;")
    other = write_xlsx(folder / "evil.xlsx", {"S": ""})
    with ZipFile(other) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with ZipFile(other, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, evil if name.endswith("sheet1.xml") else content)
    with contextlib.suppress(FileProblem):
        assert "SECRET" not in str(list(open_sheet(other, "evil.xlsx").rows()))
    assert "SECRET" not in "".join(file.read_text() for file in (folder / "temporary").iterdir())


def test_no_temporary_file_stays(folder: Path) -> None:
    left = folder / "temporary"
    sheet = open_sheet(write_xlsx(folder / "people.xlsx", {"S": PEOPLE}), "people.xlsx")
    assert len(list(left.iterdir())) == 1
    assert len(list(sheet.rows())) == 3
    del sheet
    gc.collect()
    assert list(left.iterdir()) == []
    refused(write_xlsx(folder / "empty.xlsx", {"S": ""}))
    refused(write_xlsx(folder / "header.xlsx", {"S": rows_xml([["Phone"]])}))
    assert list(left.iterdir()) == []


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (15550100001.0, "15550100001"),
        (-3.0, "-3"),
        (12.5, "12.5"),
        (1.6505550100e20, "1.65055501e+20"),  # digits are lost: the phone check will say so
        (True, "TRUE"),
        (7, "7"),
    ],
)
def test_typed_cells(cell: object, text: str) -> None:
    assert as_text(cell) == text


def test_dates_are_written_so_that_they_can_be_read() -> None:
    assert as_text(dt.datetime(2026, 11, 21)) == "2026-11-21"  # noqa: DTZ001 — cells have no zone
    assert as_text(dt.datetime(2026, 11, 21, 14, 30)) == "2026-11-21 14:30"  # noqa: DTZ001
    assert as_text(dt.date(2026, 11, 21)) == "2026-11-21"
    assert as_text(dt.time(9, 5)) == "09:05"
