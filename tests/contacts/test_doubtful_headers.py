"""Mobiles with a word beside them that may name somebody else, or a reason not to text."""

from pathlib import Path

import pytest

from campaigns.contacts.spreadsheet import FileProblem, open_sheet


def column(tmp_path: Path, headings: str) -> str:
    """The column that is read from a file with good numbers everywhere; ASK for a question."""
    path = tmp_path / "people.csv"
    names = headings.split(",")
    rows = [
        ",".join("Ann" if "Name" in name else f"650-555-01{row}{place}" for place, name in enumerate(names))
        for row in range(5)
    ]
    path.write_text("\n".join([headings, *rows]), encoding="utf-8")
    sheet = open_sheet(path, path.name)
    try:
        return sheet.columns[sheet.require_phone_column()]
    except FileProblem:
        return "ASK"


@pytest.mark.parametrize(
    "headings",
    [
        "Name,Owner Cell,Phone",
        "Name,Loan Officer Cell,Borrower Phone",
        "Name,Coborrower Cell,Home Phone",
        "Name,Salesman cell,Home phone",
        "Name,Therapist cell,Work phone",
        "Name,Assigned to mobile,Home phone",
        "Name,Grandson cell,Phone",
        "Name,Mobil Ehefrau,Telefon",
        "Name,Celular esposa,Teléfono",
        "Name,Mobile (2019),Phone",
        "Name,POA cell,Landline",
    ],
)
def test_whose_mobile_it_is_is_asked(tmp_path: Path, headings: str) -> None:
    assert column(tmp_path, headings) == "ASK"


@pytest.mark.parametrize(
    ("headings", "chosen"),
    [
        ("Name,Therapist cell,Mobile", "Mobile"),
        ("Name,Salesman cell", "Salesman cell"),  # the only one: the page names it
        ("Name,Mobile (refused),Phone", "Phone"),
        ("Name,Cell (NIS),Phone", "Phone"),
        ("Name,Cell (disc.),Home phone", "Home phone"),
        ("Name,Cell (d/c),Phone", "Phone"),
        ("Name,Mobile (no good),Phone", "Phone"),
        ("Name,Cell out of service,Phone", "Phone"),
        ("Name,Mobile no longer valid,Home phone", "Home phone"),
        ("Name,Mobile Blocklist,Phone", "Phone"),
        ("Name,Excluded Mobile,Landline", "Landline"),
        ("Name,Altes Handy,Telefon", "Telefon"),
        ("Name,Mobile (undeliverable),Phone", "Phone"),
        ("Name,Mobile (new),Home", "Mobile (new)"),
        ("Name,Cell #2,Cell #1", "Cell #1"),
    ],
)
def test_nobody_is_asked_where_it_is_clear(tmp_path: Path, headings: str, chosen: str) -> None:
    assert column(tmp_path, headings) == chosen
