"""Lists that are nothing but numbers, as people paste them: nobody is lost, nobody is texted by a guess."""

from pathlib import Path

import pytest

from campaigns.contacts.spreadsheet import FileCode, FileProblem, Sheet, open_sheet
from campaigns.labels.files import describe_notes, describe_refusal
from tests.contacts.workbooks import Cell, rows_xml, write_xlsx

A, B, C, D, E, F, G = (f"650-555-01{number:02}" for number in range(7))
ONE_LINE = "numbers in one line. Each was read as a person of its own"
IN_LINES = "several numbers in a line and nothing else. Each was read as a person of its own"


def opened(folder: Path, text: str) -> Sheet:
    path = folder / "numbers.txt"
    path.write_text(text)
    return open_sheet(path, path.name)


EACH = [
    (f"{A}, {B}, {C}", [A, B, C], f"The file holds 3 {ONE_LINE}"),
    (f"{A},{B}\n", [A, B], f"The file holds 2 {ONE_LINE}"),
    (f"{A};{B};{C}\n", [A, B, C], ONE_LINE),
    (f"{A}\t{B}\t{C}\n", [A, B, C], ONE_LINE),
    (f"{A} | {B} | {C}\n", [A, B, C], ONE_LINE),
    (f"\n\n{A}, {B}, {C},\n\n", [A, B, C], ONE_LINE),
    (f"{A},,{B},  ,{C},,,", None, ""),  # blanks between: a table
    (f'"{A}","{B}","{C}"\r\n', [A, B, C], ONE_LINE),
    # One of them is mistyped: the others must not get lost for it.
    (f"{A}, 650-555-01O1, {C}", [A, "650-555-01O1", C], ONE_LINE),
    (f"555-0100, {A}, {B}", ["555-0100", A, B], ONE_LINE),
    # Wrapped: each line but the last goes on.
    (f"{A}, {B},\n{C}, {D}\n", [A, B, C, D], IN_LINES),
    (f"{A}; {B};\n{C}; {D};\n{E}\n", [A, B, C, D, E], IN_LINES),
    (f"{A},\n{B}, {C},\n\n{D}", [A, B, C, D], IN_LINES),
    (f"{A}, {B}, {C}\n{D}, {E}, {F}\n{G}\n", [A, B, C, D, E, F, G], IN_LINES),
    (f"{A}, {B}, {C}, {D}\n{E}, {F}\n", [A, B, C, D, E, F], IN_LINES),
]


@pytest.mark.parametrize(("text", "people", "note"), EACH)
def test_each_number_is_a_person(tmp_path: Path, text: str, people: list[str] | None, note: str) -> None:
    sheet = opened(tmp_path, text)
    if people is None:
        assert sheet.phone_column is None
        return
    assert sheet.columns == ("Phone",)
    assert sheet.require_phone_column() == 0
    assert list(sheet.rows()) == [(number, [phone]) for number, phone in enumerate(people, 1)]
    assert list(sheet.rows()) == list(sheet.rows())
    assert note in describe_notes(sheet.notes)[-1]
    assert sum("person of its own" in each for each in describe_notes(sheet.notes)) == 1


UNCLEAR = [
    f"{A},{B}\n{C},{D}\n",  # mobile and home of two people, or four people
    f"{A},{B}\n{C},{D}\n{E},{F}\n",
    f"{A},{B}\n{C},\n{E},{F}\n",
    f"{A}\n{B}, {C}\n{D}\n",
    f"{A},{B},\n{C},{D},\n",  # a third column that is empty throughout
    f"{A},{B}\n{C},{D}\n{E}\n",  # the last person may have no second number
    f"{A},{B},{C}\n{D},{E},{F}\n",
    f"{A},{B},\n" * 150 + f"{C},{D}",  # longer than what is looked at before
]


@pytest.mark.parametrize("text", UNCLEAR)
def test_whose_numbers_they_are_is_asked(tmp_path: Path, text: str) -> None:
    sheet = opened(tmp_path, text)
    assert sheet.phone_column is None
    with pytest.raises(FileProblem) as caught:
        sheet.require_phone_column()
    assert caught.value.code is FileCode.WHOSE_NUMBERS
    assert "put one number in each line" in describe_refusal(caught.value)
    assert caught.value.columns[:2] == ("Column 1", "Column 2")
    # The answer: the numbers of one person stand in a line.
    place = sheet.find_column("Column 2")
    assert all(row[place] in (A, B, C, D, E, F, "") for _, row in sheet.rows())


TABLES = [
    (f"{A}\n{B}\n{C}\n", [A, B, C]),
    (f"{A},\n{B},\n{C}\n", [A, B, C]),
    (f"{A},Ann\n{B},Bob\n", [A, B]),
    (f"{A},78701\n", [A]),
    (f"{A},2026-11-25\n", [A]),
    (f"Phone\n{A}\n{B}\n", [A, B]),
    (f"Mobile,Home\n{A},{B}\n{C},{D}\n", [A, C]),
]


@pytest.mark.parametrize(("text", "people"), TABLES)
def test_tables_stay_tables(tmp_path: Path, text: str, people: list[str]) -> None:
    sheet = opened(tmp_path, text)
    place = sheet.require_phone_column()
    assert [row[place] for _, row in sheet.rows()] == people
    assert not any("person of its own" in note for note in describe_notes(sheet.notes))


def test_a_table_with_two_numbers_for_each_person_is_asked_about(tmp_path: Path) -> None:
    sheet = opened(tmp_path, f"{A},{B},Ann\n{C},{D},Bob\n")
    with pytest.raises(FileProblem) as caught:
        sheet.require_phone_column()
    assert caught.value.code is FileCode.TWO_PHONE_COLUMNS


def test_a_line_of_a_workbook(tmp_path: Path) -> None:
    line: list[list[Cell]] = [[], [16505550100, 16505550101, "650-555-0102"]]
    sheet = open_sheet(write_xlsx(tmp_path / "line.xlsx", {"S": rows_xml(line)}), "line.xlsx")
    assert list(sheet.rows()) == [(1, ["16505550100"]), (2, ["16505550101"]), (3, ["650-555-0102"])]


def test_a_line_longer_than_the_most_columns(tmp_path: Path) -> None:
    numbers = [f"650555{number:04}" for number in range(1000, 6000)]
    sheet = opened(tmp_path, ", ".join(numbers))
    assert [row for _, row in sheet.rows()] == [[number] for number in numbers]
    assert "5,000 numbers in one line" in describe_notes(sheet.notes)[-1]
