"""Workbooks with rows and columns that the spreadsheet does not show, written as programs write them."""

import re
import struct
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from campaigns.contacts.spreadsheet import FileCode, FileProblem, Sheet, open_sheet
from campaigns.labels.files import describe_notes, describe_refusal
from tests.contacts.hidden_books import (
    STRICT,
    STRICT_LINKS,
    binary_row,
    binary_workbook,
    ods_row,
    open_document,
    record,
    workbook,
)
from tests.contacts.workbooks import cell_xml, rows_xml, write_xlsx

INCLUDE = "To use what is hidden, show it in the spreadsheet, save, and upload the file again."
ONE_ROW = f"1 hidden row was left out. {INCLUDE}"

ANN, BOB, CY, DEE = "+16505550101", "+16505550102", "+16505550103", "+16505550104"
PEOPLE = {2: (ANN, "Ann"), 3: (BOB, "Bob"), 4: (CY, "Cy"), 5: (DEE, "Dee")}


def cells(number: int, *values: str, numbered: bool = True) -> str:
    made = [cell_xml(f"{chr(65 + place)}{number}", value) for place, value in enumerate(values)]
    return "".join(cell if numbered else cell.replace(f'r="{cell[6:8]}"', "") for cell in made)


def people(**attributes: str) -> str:
    """Headings and four people; `r3='hidden="1"'` are attributes of row 3."""
    rows = [f'<row r="1" {attributes.get("r1", "")}>{cells(1, "Phone", "Name")}</row>']
    for number, values in PEOPLE.items():
        rows.append(f'<row r="{number}" {attributes.get(f"r{number}", "")}>{cells(number, *values)}</row>')
    return f"<sheetData>{''.join(rows)}</sheetData>"


def read(path: Path) -> Sheet:
    return open_sheet(path, path.name)


def numbers(sheet: Sheet) -> list[int]:
    return [number for number, _ in sheet.rows()]


def refused(path: Path) -> FileProblem:
    with pytest.raises(FileProblem) as caught:
        read(path)
    return caught.value


FORMAT = '<sheetFormatPr defaultRowHeight="15"/>'

ROWS = [
    # What the sheet says, and the rows that it shows.
    (people(), [2, 3, 4, 5]),
    (people(r3='hidden="1"'), [2, 4, 5]),
    (people(r3='hidden="true"'), [2, 4, 5]),
    (people(r3='hidden=" 1 "'), [2, 4, 5]),
    (people(r3='hidden="0"'), [2, 3, 4, 5]),
    (people(r3='hidden="false"'), [2, 3, 4, 5]),
    (people(r3='ht="0" customHeight="1"'), [2, 4, 5]),
    (people(r3='ht="0"'), [2, 4, 5]),
    (people(r3='ht="0.0" customHeight="true"'), [2, 4, 5]),
    (people(r3='ht="10.5" customHeight="1"'), [2, 3, 4, 5]),
    (people(r3='customHeight="1"'), [2, 4, 5]),
    (people(r3='ht="20" hidden="1"'), [2, 4, 5]),
    # A closed group: its rows are hidden, and the row that stands for it is shown.
    (people(r3='outlineLevel="1" hidden="1"', r4='outlineLevel="1" hidden="1"', r5='collapsed="1"'), [2, 5]),
    (people(r3='outlineLevel="1"', r4='outlineLevel="1"'), [2, 3, 4, 5]),
    # All rows that are not in the file are hidden, which is how people cut a sheet off below their list.
    ('<sheetFormatPr defaultRowHeight="15" zeroHeight="1"/>' + people(), [2, 3, 4, 5]),
    ('<sheetFormatPr defaultRowHeight="15" zeroHeight="1"/>' + people(r2='hidden="1"'), [3, 4, 5]),
    ('<sheetFormatPr defaultRowHeight="0" customHeight="1"/>' + people(r1='ht="15"', r4='ht="15"'), [4]),
    # A filter hides the rows; that there is a filter does not.
    (people() + '<autoFilter ref="A1:B5"/>', [2, 3, 4, 5]),
    (
        people(r2='hidden="1"', r5='hidden="1"')
        + '<autoFilter ref="A1:B5"><filterColumn colId="1"><filters><filter val="Bob"/></filters>'
        "</filterColumn></autoFilter>",
        [3, 4],
    ),
    # What stands after the rows may have rows of its own.
    (people(r5='hidden="1"') + '<controls><anchor><row hidden="1">2</row></anchor></controls>', [2, 3, 4]),
]


@pytest.mark.parametrize(("sheet", "shown"), ROWS)
def test_hidden_rows_are_left_out_and_counted(tmp_path: Path, sheet: str, shown: list[int]) -> None:
    opened = read(workbook(tmp_path, sheet))
    assert [(number, tuple(row)) for number, row in opened.rows()] == [(n, PEOPLE[n]) for n in shown]
    hidden = len(PEOPLE) - len(shown)
    expected = {0: (), 1: (ONE_ROW,)}.get(hidden, (f"{hidden} hidden rows were left out. {INCLUDE}",))
    assert tuple(describe_notes(opened.notes)) == expected


def test_rows_without_numbers_are_counted_from_the_row_before(tmp_path: Path) -> None:
    rows = (
        f"<row>{cells(1, 'Phone', 'Name', numbered=False)}</row>"
        f'<row hidden="1">{cells(2, *PEOPLE[2], numbered=False)}</row>'
        f"<row>{cells(3, *PEOPLE[3], numbered=False)}</row>"
        f'<row r="7" hidden="1">{cells(7, *PEOPLE[4], numbered=False)}</row>'
        f"<row>{cells(8, *PEOPLE[5], numbered=False)}</row>"
    )
    assert numbers(read(workbook(tmp_path, f"<sheetData>{rows}</sheetData>"))) == [3, 8]


def test_cells_that_name_their_row_are_hidden_with_the_row_that_holds_them(tmp_path: Path) -> None:
    rows = (
        f"<row>{cells(1, 'Phone', 'Name')}</row>"
        f'<row hidden="1">{cells(3, *PEOPLE[3])}</row>'
        f"<row>{cells(5, *PEOPLE[5])}</row>"
    )
    assert numbers(read(workbook(tmp_path, f"<sheetData>{rows}</sheetData>"))) == [5]


def test_hidden_rows_without_cells_count_for_nothing(tmp_path: Path) -> None:
    below = "".join(f'<row r="{number}" hidden="1"/>' for number in range(6, 60))
    blank = f'<row r="60" hidden="1">{cell_xml("A60", " ")}</row>'
    opened = read(workbook(tmp_path, people().replace("</sheetData>", f"{below}{blank}</sheetData>")))
    assert (numbers(opened), opened.notes) == ([2, 3, 4, 5], ())


PLACES = [
    ("xl/worksheets/sheet1.xml", "/xl/worksheets/sheet1.xml"),
    ("xl/worksheets/Sheet1.xml", "worksheets/Sheet1.xml"),
    ("xl/worksheets/people.xml", "worksheets/people.xml"),
    ("xl/sheets/a.xml", "/xl/sheets/a.xml"),
    ("xl/p.xml", "p.xml"),
]


@pytest.mark.parametrize(("part", "target"), PLACES)
def test_the_sheet_is_found_wherever_the_workbook_keeps_it(tmp_path: Path, part: str, target: str) -> None:
    path = workbook(tmp_path, people(r3='hidden="1"'), part=part, target=target)
    assert numbers(read(path)) == [2, 4, 5]


def test_strict_workbooks_and_prefixed_names(tmp_path: Path) -> None:
    strict = workbook(tmp_path, people(r3='hidden="1"'), namespace=STRICT, links=STRICT_LINKS)
    assert numbers(read(strict)) == [2, 4, 5]
    prefixed = re.sub(r"<(/?)(\w)", r"<\1x:\2", people(r3='hidden="1"'))
    assert numbers(read(workbook(tmp_path, prefixed, prefix="x:"))) == [2, 4, 5]


def test_a_sheet_with_signs_in_its_name(tmp_path: Path) -> None:
    path = workbook(tmp_path, people(r3='hidden="1"'), name="Q&amp;A “Zoë” &lt;1&gt;")
    assert numbers(read(path)) == [2, 4, 5]


# --- Columns ------------------------------------------------------------------------------------------------

TABLE = (
    "<sheetData>"
    + rows_xml([["Old phone", "Name", "Phone"], [ANN, "Ann", BOB], [CY, "Cy", DEE]])
    + "</sheetData>"
)
ONE_COLUMN = f"1 hidden column was left out: Old phone. {INCLUDE}"
COLUMNS = [
    ('<cols><col min="1" max="1" hidden="1"/></cols>', ("Name", "Phone"), ONE_COLUMN),
    ('<cols><col min="1" max="1" width="0" customWidth="1"/></cols>', ("Name", "Phone"), ONE_COLUMN),
    ('<cols><col min="1" max="1" hidden="true" width="9"/></cols>', ("Name", "Phone"), ONE_COLUMN),
    ('<cols><col min="1" max="1" hidden="0" width="9"/></cols>', ("Old phone", "Name", "Phone"), ""),
    ('<cols><col min="1" max="1" outlineLevel="1" hidden="1"/><col min="2" max="2" collapsed="1"/></cols>',
     ("Name", "Phone"), ONE_COLUMN),
    (
        '<cols><col min="1" max="2" hidden="1"/></cols>',
        ("Phone",),
        f"2 hidden columns were left out: Old phone, Name. {INCLUDE}",
    ),
    # Everything to the right of the list, as people hide it.
    ('<cols><col min="4" max="16384" hidden="1"/></cols>', ("Old phone", "Name", "Phone"), ""),
    (
        '<sheetFormatPr defaultColWidth="0"/><cols><col min="2" max="3" width="9"/></cols>',
        ("Name", "Phone"),
        ONE_COLUMN,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("before", "columns", "note"), COLUMNS)
def test_hidden_columns_are_left_out_and_named(
    tmp_path: Path, before: str, columns: tuple[str, ...], note: str
) -> None:
    opened = read(workbook(tmp_path, before + TABLE))
    assert opened.columns == columns
    assert describe_notes(opened.notes) == ([note] if note else [])
    phone = opened.require_phone_column()
    if note:
        assert [row[phone] for _, row in opened.rows()] == [BOB, DEE]


def test_a_hidden_column_without_headings_is_called_by_its_letter(tmp_path: Path) -> None:
    rows = f"<sheetData>{rows_xml([[ANN, 'x', 'Ann'], [BOB, 'y', 'Bob']])}</sheetData>"
    opened = read(workbook(tmp_path, f'<cols><col min="2" max="2" hidden="1"/></cols>{rows}'))
    assert opened.columns == ("Column 1", "Column 2")
    assert describe_notes(opened.notes)[1] == f"1 hidden column was left out: column B. {INCLUDE}"
    assert [row for _, row in opened.rows()] == [[ANN, "Ann"], [BOB, "Bob"]]


def test_a_hidden_column_is_called_by_the_row_of_headings_not_by_a_title(tmp_path: Path) -> None:
    rows = rows_xml([["Spring sale"], ["Name", "Phone", "Fax"], ["Ann", ANN, BOB]])
    opened = read(
        workbook(tmp_path, f'<cols><col min="3" max="3" hidden="1"/></cols><sheetData>{rows}</sheetData>')
    )
    assert f"1 hidden column was left out: Fax. {INCLUDE}" in describe_notes(opened.notes)


def test_rows_and_columns_that_are_both_hidden(tmp_path: Path) -> None:
    rows = rows_xml([["Phone", "Old"], [ANN, BOB], [CY, DEE]]).replace('r="3"', 'r="3" hidden="1"', 1)
    sheet = f'<cols><col min="2" max="2" hidden="1"/></cols><sheetData>{rows}</sheetData>'
    assert describe_notes(read(workbook(tmp_path, sheet)).notes) == [
        "1 hidden row was left out.",
        f"1 hidden column was left out: Old. {INCLUDE}",
    ]


def test_many_hidden_columns_are_not_all_named(tmp_path: Path) -> None:
    rows = rows_xml([["Phone", *(f"H{place}" for place in range(20))], [ANN, *("x" * 20)]])
    opened = read(
        workbook(tmp_path, f'<cols><col min="2" max="30" hidden="1"/></cols><sheetData>{rows}</sheetData>')
    )
    assert opened.columns == ("Phone",)
    assert describe_notes(opened.notes) == [
        f"20 hidden columns were left out: {', '.join(f'H{place}' for place in range(10))} …. {INCLUDE}",
    ]


def test_the_refusal_says_that_the_phone_column_is_hidden(tmp_path: Path) -> None:
    rows = f"<sheetData>{rows_xml([['Name', 'City', 'Mobile'], ['Ann', 'Austin', ANN]])}</sheetData>"
    opened = read(workbook(tmp_path, f'<cols><col min="3" max="3" hidden="1"/></cols>{rows}'))
    asks: list[Callable[[], int]] = [opened.require_phone_column, lambda: opened.find_column("Mobile")]
    for ask in asks:
        with pytest.raises(FileProblem) as caught:
            ask()
        assert describe_refusal(caught.value).endswith(f"1 hidden column was left out: Mobile. {INCLUDE}")


# --- What hidden rows must not decide -----------------------------------------------------------------------


def test_hidden_rows_decide_neither_headings_nor_the_phone_column(tmp_path: Path) -> None:
    rows = [
        f'<row r="1" hidden="1">{cells(1, "Old export of 2019")}</row>',
        f'<row r="2" hidden="1">{cells(2, "Customer", "Phone")}</row>',
        f'<row r="3">{cells(3, "Contact", "Other")}</row>',
        *(f'<row r="{n}" hidden="1">{cells(n, "x", f"+1650555{n:04}")}</row>' for n in range(4, 40)),
        f'<row r="40">{cells(40, ANN, "17")}</row>',
    ]
    opened = read(workbook(tmp_path, f"<sheetData>{''.join(rows)}</sheetData>"))
    assert opened.columns == ("Contact", "Other")
    assert opened.phone_column == 0
    assert list(opened.rows()) == [(40, [ANN, "17"])]
    assert describe_notes(opened.notes) == [f"38 hidden rows were left out. {INCLUDE}"]


@pytest.mark.parametrize("headings_too", [True, False])
def test_a_list_that_is_hidden_whole_is_refused_with_the_reason(tmp_path: Path, headings_too: bool) -> None:
    hidden = {f"r{number}": 'hidden="1"' for number in range(1 if headings_too else 2, 6)}
    problem = refused(workbook(tmp_path, people(**hidden)))
    assert problem.code is FileCode.ALL_HIDDEN
    assert describe_refusal(problem) == (
        f"The sheet “People” shows no rows of people. {len(hidden)} hidden rows were left out. {INCLUDE}"
    )


# --- Hostile and broken -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sheet",
    [
        people(r3='hidden="1" hidden="0"'),  # says two things
        people().replace("Ann", "&#1;"),  # no sign of XML
        people() + "<a></b>",
    ],
)
def test_a_sheet_that_cannot_be_looked_through_is_damaged(tmp_path: Path, sheet: str) -> None:
    assert refused(workbook(tmp_path, sheet)).code is FileCode.DAMAGED


def test_document_types_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path, people(r3='hidden="1"'))
    with ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = b'<!DOCTYPE x [<!ENTITY a "1"><!ENTITY b "&a;&a;&a;">]>' + parts[sheet]
    with ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert refused(path).code is FileCode.DAMAGED


def test_deep_nesting_and_names_without_end_are_read_in_bounds(tmp_path: Path) -> None:
    deep = "<extLst>" + "<a>" * 300_000 + "</a>" * 300_000 + "</extLst>"
    names = "<extLst>" + "".join(f"<n{number}/>" for number in range(100_000)) + "</extLst>"
    wild = people(r3='hidden="1"', r4='hidden="99999999999999999999"') + deep + names
    wild = '<cols><col min="0" max="99999999999999999999" width="9"/><col min="-5" max="x"/></cols>' + wild
    assert numbers(read(workbook(tmp_path, wild))) == [2, 4, 5]


# --- OpenDocument -------------------------------------------------------------------------------------------

HEAD = ods_row(("Phone", "Name"))
NOT_SHOWN = 'table:visibility="collapse"'
FILTERED = 'table:visibility="filter"'
TWO, THREE, FOUR, FIVE = (ods_row(PEOPLE[number]) for number in PEOPLE)
FLAT = (
    '<style:style style:name="ro2"><style:table-row-properties style:row-height="0cm"/></style:style>'
    '<style:style style:name="co2"><style:table-column-properties style:column-width="0in"/></style:style>'
)
CLOSED = '<table:table-row-group table:display="false">'
OPENED = "<table:table-row-group>"
END = "</table:table-row-group>"
OPEN_ROWS = [
    (HEAD + TWO + THREE + FOUR + FIVE, [2, 3, 4, 5]),
    (HEAD + ods_row(PEOPLE[2], NOT_SHOWN) + THREE + ods_row(PEOPLE[4], FILTERED) + FIVE, [3, 5]),
    (HEAD + TWO + ods_row(PEOPLE[3], 'table:visibility="visible"') + FOUR + FIVE, [2, 3, 4, 5]),
    (HEAD + TWO + ods_row(PEOPLE[3], 'table:style-name="ro2"') + FOUR + FIVE, [2, 4, 5]),
    (HEAD + CLOSED + TWO + THREE + END + FOUR + FIVE, [4, 5]),
    (HEAD + OPENED + TWO + THREE + END + FOUR + FIVE, [2, 3, 4, 5]),
    (HEAD + OPENED + CLOSED + TWO + END + THREE + END + FOUR + FIVE, [3, 4, 5]),
    (HEAD + CLOSED + OPENED + TWO + END + THREE + END + FOUR + FIVE, [4, 5]),
    (
        f"<table:table-header-rows>{HEAD}</table:table-header-rows><table:table-rows>{TWO}"
        f"{ods_row(PEOPLE[3], FILTERED)}{FOUR}{FIVE}</table:table-rows>",
        [2, 4, 5],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("table", "shown"), OPEN_ROWS)
def test_hidden_rows_of_an_open_document(tmp_path: Path, table: str, shown: list[int]) -> None:
    opened = read(open_document(tmp_path, table, FLAT))
    assert [(number, tuple(row)) for number, row in opened.rows()] == [(n, PEOPLE[n]) for n in shown]
    assert sum(note.count("left out") for note in describe_notes(opened.notes)) == (len(shown) < len(PEOPLE))


def test_repeated_rows_of_an_open_document_are_hidden_together(tmp_path: Path) -> None:
    blank = '<table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>'
    same = ods_row(PEOPLE[2], f'table:number-rows-repeated="2" {NOT_SHOWN}')
    tail = blank.replace('"3"', f'"1048500" {NOT_SHOWN}')
    opened = read(open_document(tmp_path, HEAD + blank + same + THREE + FOUR + tail))
    assert [row[1] for _, row in opened.rows()] == ["Bob", "Cy"]
    assert numbers(opened) == [7, 8]
    assert describe_notes(opened.notes) == [f"2 hidden rows were left out. {INCLUDE}"]


@pytest.mark.parametrize(
    "columns",
    [
        f"<table:table-column {NOT_SHOWN}/><table:table-column/><table:table-column/>",
        f'<table:table-column {FILTERED} table:number-columns-repeated="1"/><table:table-column/>',
        f'<table:table-columns><table:table-column {NOT_SHOWN}/></table:table-columns><table:table-column/>',
        '<table:table-column-group table:display="false"><table:table-column/></table:table-column-group>',
        '<table:table-column table:style-name="co2"/><table:table-column table:number-columns-repeated="2"/>',
    ],
)  # fmt: skip
def test_hidden_columns_of_an_open_document(tmp_path: Path, columns: str) -> None:
    rows = ods_row(("Old phone", "Name", "Phone")) + ods_row((ANN, "Ann", BOB))
    opened = read(open_document(tmp_path, columns + rows, FLAT))
    assert opened.columns == ("Name", "Phone")
    assert describe_notes(opened.notes) == [ONE_COLUMN]
    assert list(opened.rows()) == [(2, ["Ann", BOB])]


# --- Binary workbooks ---------------------------------------------------------------------------------------


def test_hidden_rows_of_a_binary_workbook(tmp_path: Path) -> None:
    rows = binary_row(1, ("Phone", "Name"))
    rows += b"".join(binary_row(number, values, hidden=number in (3, 5)) for number, values in PEOPLE.items())
    opened = read(binary_workbook(tmp_path, rows))
    assert list(opened.rows()) == [(2, list(PEOPLE[2])), (4, list(PEOPLE[4]))]
    assert describe_notes(opened.notes) == [f"2 hidden rows were left out. {INCLUDE}"]


@pytest.mark.parametrize(("width", "flags", "hidden"), [(2304, 1, True), (0, 0, True), (2304, 2, False)])
def test_hidden_columns_of_a_binary_workbook(tmp_path: Path, width: int, flags: int, hidden: bool) -> None:
    rows = binary_row(1, ("Old phone", "Name", "Phone")) + binary_row(2, (ANN, "Ann", BOB))
    columns = record(60, struct.pack("<IIIIH", 0, 0, width, 0, flags))
    opened = read(binary_workbook(tmp_path, rows, columns))
    assert opened.columns == (("Name", "Phone") if hidden else ("Old phone", "Name", "Phone"))
    assert describe_notes(opened.notes) == ([ONE_COLUMN] if hidden else [])


def test_the_first_shown_sheet_is_the_one_that_is_looked_through(tmp_path: Path) -> None:
    sheets = {"Hidden": people(r2='hidden="1"')[11:-12], "People": people(r4='hidden="1"')[11:-12]}
    path = write_xlsx(tmp_path / "people.xlsx", sheets, hidden=("Hidden",))
    assert numbers(read(path)) == [2, 3, 5]
