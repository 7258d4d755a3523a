"""A file of recipients into rows and contacts: every row counted, repeatable, nothing half done."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import IntegrityError
from django.utils import timezone

from campaigns.contacts import importer
from campaigns.contacts.delimited import Layout
from campaigns.contacts.spreadsheet import FileCode, FileProblem, Sheet
from campaigns.labels.files import describe_failure, describe_notes, describe_refusal
from campaigns.labels.reasons import REASONS
from campaigns.models import Contact, ContactList, History, Import, ImportRow

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_uploads(settings: LazySettings, tmp_path: Path) -> None:
    settings.UPLOAD_DIR = tmp_path / "uploads"


def received(content: str | bytes, filename: str = "people.csv", **fields: str) -> Import:
    raw = content.encode() if isinstance(content, str) else content
    given: dict[str, Any] = {"list_name": "People"} | fields
    return importer.receive(io.BytesIO(raw), filename, user=None, **given)


def read(content: str | bytes, filename: str = "people.csv", **fields: str) -> Import:
    record = received(content, filename, **fields)
    importer.run(record.pk)
    record.refresh_from_db()
    return record


def rows(record: Import) -> list[tuple[int, str, str, str]]:
    found = ImportRow.objects.filter(source=record).order_by("id")
    return list(found.values_list("number", "outcome", "problem", "phone"))


def uploads(settings: LazySettings) -> list[str]:
    return [path.name for path in settings.UPLOAD_DIR.glob("*")] if settings.UPLOAD_DIR.exists() else []


def assert_adds_up(record: Import) -> None:
    assert record.row_count == ImportRow.objects.filter(source=record).count()
    assert record.row_count == record.usable_count + record.duplicate_count + record.invalid_count
    assert record.usable_count == Contact.objects.filter(contact_list=record.contact_list).count()
    assert ContactList.objects.get(pk=record.contact_list_id).contact_count == record.usable_count


def test_numbers_in_one_line_are_as_many_rows() -> None:
    record = read("650-555-0100, 650-555-0101, 555-0102, 650-555-0100\n", "numbers.txt")
    assert rows(record) == [
        (1, "usable", "", "+16505550100"),
        (2, "usable", "", "+16505550101"),
        (3, "invalid", "too_short", ""),
        (4, "duplicate", "repeated", "+16505550100"),
    ]
    assert_adds_up(record)
    assert "4 numbers in one line" in describe_notes(record.notes)[0]


NASTY = """Name,Mobile,City
Ann,(555) 010-0001,Austin
Ann,212-555-0101,Austin
Ben,+12125550101,Waco
Cy,212.555.0102,
,2125550103,
Di,not a number,Waco
Eve,,Waco
Flo,1.21256E+10,Waco
Gus,"212-555-0104, 212-555-0105",Waco
,,
Hal,212-555-0106,Waco,and,more
"""


def test_every_row_is_kept_with_what_became_of_it() -> None:
    record = read(NASTY)
    assert rows(record) == [
        (2, "invalid", "invalid", ""),  # 555 is no area code
        (3, "usable", "", "+12125550101"),
        (4, "duplicate", "repeated", "+12125550101"),
        (5, "usable", "", "+12125550102"),
        (6, "usable", "", "+12125550103"),
        (7, "invalid", "letters", ""),
        (8, "invalid", "empty", ""),
        (9, "invalid", "shortened", ""),
        (10, "invalid", "several", ""),
        (12, "invalid", "too_many_cells", ""),  # row 11 is blank
    ]
    assert (record.state, record.row_count) == (Import.State.DONE, 10)
    assert (record.usable_count, record.duplicate_count, record.invalid_count) == (3, 1, 6)
    assert record.finished_at is not None
    assert_adds_up(record)
    for _, _, problem, _ in rows(record):
        assert not problem or problem in REASONS


@pytest.mark.parametrize(
    "spelling",
    [
        "(212) 555-0101", "212-555-0101", "212.555.0101", "2125550101", "12125550101", "+1 212 555 0101",
        "1-212-555-0101", "+12125550101", "'+12125550101", "\N{NO-BREAK SPACE}212\N{NO-BREAK SPACE}5550101",
        "２１２５５５０１０１", "212\N{NON-BREAKING HYPHEN}555\N{NON-BREAKING HYPHEN}0101",
        "\N{LEFT-TO-RIGHT EMBEDDING}+12125550101\N{POP DIRECTIONAL FORMATTING}", "tel:+12125550101",
        "2125550101.0",
    ],
)  # fmt: skip
def test_one_number_in_another_spelling_is_one_person(spelling: str) -> None:
    record = read(f"Phone,Name\n(212) 555-0101,Ann\n{spelling},Ann again\n")
    assert rows(record)[1][1:] == ("duplicate", "repeated", "+12125550101")
    assert_adds_up(record)


def test_the_first_row_of_a_person_speaks_for_them() -> None:
    record = read("Phone,Name\n2125550101,First\n2125550101,Second\n")
    contact = Contact.objects.get()
    assert contact.row.number == 2
    assert [view.cells for view in importer.contacts_page(record.contact_list)] == [["2125550101", "First"]]


@pytest.mark.parametrize("chunk", [1, 2, 3, 5000])
def test_pieces_change_nothing(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    whole = rows(read(NASTY))
    monkeypatch.setattr(importer, "CHUNK", chunk)
    record = read(NASTY)
    assert rows(record) == whole
    assert_adds_up(record)


@pytest.mark.parametrize("phone_column", ["Second phone", "second phone", "second_phone"])
def test_the_phone_column_chosen_by_hand(phone_column: str) -> None:
    file = "Phone,Second phone\n2125550101,2125550102\n2125550103,\n"
    record = read(file, phone_column=phone_column)
    assert [row[3] for row in rows(record)] == ["+12125550102", ""]
    assert record.contact_list.phone_column == 1


def test_a_column_that_nobody_would_guess() -> None:
    file = "Contact,Code\nx,2125550101\n"
    record = read(file, phone_column="Code")
    assert rows(record)[0][3] == "+12125550101"


REFUSED = [
    ("", "people.csv", {}, "empty"),
    ("Phone,Name\n", "people.csv", {}, "no_rows"),
    ("Name,City\nAnn,Austin\n", "people.csv", {}, "no_phone_column"),
    ("Phone,Name\n2125550101,Ann\n", "people.csv", {"phone_column": "Mobile"}, "no_such_column"),
    (b"\x89PNG\r\n\x1a\n" + b"\0" * 500, "people.csv", {}, "not_a_spreadsheet"),
    (b"PK\x03\x04broken", "people.xlsx", {}, "damaged"),
]


@pytest.mark.parametrize(("content", "filename", "fields", "code"), REFUSED, ids=[row[3] for row in REFUSED])
def test_a_refused_file_leaves_nothing_behind(
    settings: LazySettings, content: str | bytes, filename: str, fields: dict[str, str], code: str
) -> None:
    with pytest.raises(FileProblem) as problem:
        received(content, filename, **fields)
    assert problem.value.code == code
    assert describe_refusal(problem.value)
    assert uploads(settings) == []
    assert not ContactList.objects.exists()
    assert not Import.objects.exists()
    assert not History.objects.exists()


def test_the_columns_to_choose_from_come_with_the_refusal() -> None:
    with pytest.raises(FileProblem) as problem:
        received("Name,City\nAnn,Austin\n")
    assert problem.value.columns == ("Name", "City")


LATE = "Phone,Name\n" + "2125550101,Ann\n" * 5 + '2125550102,"Ben\n'


def test_a_file_that_turns_out_bad_is_refused_whole(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault stands in the last row; the rows before it are forgotten."""
    monkeypatch.setattr(importer, "CHUNK", 2)
    record = received("Phone,Name\n" + "2125550101,Ann\n" * 5)
    (settings.UPLOAD_DIR / record.stored_filename).write_text(LATE)
    importer.run(record.pk)
    record.refresh_from_db()
    assert (record.state, record.problem_code) == (Import.State.FAILED, "quote")
    assert "Row 7" in describe_failure(record)
    assert record.finished_at is not None
    assert uploads(settings) == []
    assert_adds_up(record)
    assert record.row_count == 0
    importer.run(record.pk)
    record.refresh_from_db()
    assert record.state == Import.State.FAILED


def test_a_file_that_is_gone_is_said_to_be(settings: LazySettings) -> None:
    record = received("Phone,Name\n2125550101,Ann\n")
    (settings.UPLOAD_DIR / record.stored_filename).unlink()
    importer.run(record.pk)
    record.refresh_from_db()
    assert (record.state, record.problem_code) == (Import.State.FAILED, "file_gone")


def test_the_uploaded_file_goes_when_it_is_read(settings: LazySettings) -> None:
    record = received("Phone,Name\n2125550101,Ann\n")
    stored = settings.UPLOAD_DIR / record.stored_filename
    assert stored.stat().st_mode & 0o777 == 0o600
    importer.run(record.pk)
    assert uploads(settings) == []


class KilledError(Exception):
    pass


def sheet(path: Path, found: Iterator[tuple[int, list[str]]]) -> Sheet:
    """A file whose rows come from elsewhere."""

    class Scripted(Sheet):
        def rows(self) -> Iterator[tuple[int, list[str]]]:
            return found

    return Scripted(
        columns=("Phone", "Name"), field_names=("phone", "name"), encoding="UTF-8",
        delimiter=",", notes=(), path=path, layout=Layout("utf-8", ","), header_row=1,
    )  # fmt: skip


def claimed(record: Import) -> Import:
    """As `run` leaves it when it begins to read."""
    record.state, record.claimed_at = Import.State.READING, timezone.now()
    record.save()
    return record


def test_killed_in_the_middle_it_is_read_again_from_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(importer, "CHUNK", 2)
    file = "Phone,Name\n" + "".join(f"21255501{place:02},P{place}\n" for place in range(9))
    record = received(file)

    def dying() -> Iterator[tuple[int, list[str]]]:
        for place in range(5):
            yield place + 2, [f"21255501{place:02}", f"P{place}"]
        raise KilledError

    with pytest.raises(KilledError):
        importer.stage(claimed(record), sheet(tmp_path, dying()))
    record.refresh_from_db()
    assert record.row_count == 4
    assert not Contact.objects.exists(), "what is staged counts for nothing"
    importer.run(record.pk)
    record.refresh_from_db()
    assert [row[0] for row in rows(record)] == list(range(2, 11))
    assert record.state == Import.State.DONE
    assert_adds_up(record)


def test_of_two_readers_one_gives_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The second starts while the first is in the middle, and reads to the end; the first then stops."""
    monkeypatch.setattr(importer, "CHUNK", 2)
    record = received("Phone,Name\n" + "".join(f"21255501{place:02},P{place}\n" for place in range(9)))

    def overtaken() -> Iterator[tuple[int, list[str]]]:
        for place in range(9):
            if place == 5:
                importer.run(record.pk)
            yield place + 2, [f"21255501{place:02}", f"P{place}"]

    assert not importer.stage(claimed(record), sheet(tmp_path, overtaken()))
    record.refresh_from_db()
    assert record.state == Import.State.DONE
    assert [row[0] for row in rows(record)] == list(range(2, 11))
    assert_adds_up(record)
    assert History.objects.filter(kind="file_read").count() == 1


def test_overtaken_at_its_very_end_it_gives_way_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    record = received("Phone,Name\n2125550101,Ann\n2125550102,Ben\n")

    def overtaken() -> Iterator[tuple[int, list[str]]]:
        yield 2, ["2125550101", "Ann"]
        yield 3, ["2125550102", "Ben"]

    slow = claimed(record)
    monkeypatch.setattr(importer, "CHUNK", 2)
    first = sheet(tmp_path, overtaken())
    staged = importer.decide(slow.pk, list(first.rows()), 0, set(), {})
    assert importer.write_chunk(slow, staged)
    importer.run(record.pk)
    assert not importer.mark_done(slow)
    record.refresh_from_db()
    assert record.state == Import.State.DONE
    assert_adds_up(record)


def test_overtaken_before_it_began_it_wipes_and_says_nothing() -> None:
    record = received("Phone,Name\n2125550101,Ann\n2125550102,Ben\n")
    slow = claimed(record)
    importer.run(record.pk)
    before = rows(record)
    assert not importer.discard_staged(slow)
    importer.mark_failed(slow, FileProblem(FileCode.FILE_GONE))
    record.refresh_from_db()
    assert (record.state, record.problem_code, rows(record)) == (Import.State.DONE, "", before)
    assert_adds_up(record)


def test_reading_again_what_is_done_changes_nothing() -> None:
    record = read(NASTY)
    before = rows(record)
    importer.run(record.pk)
    record.refresh_from_db()
    assert rows(record) == before
    assert_adds_up(record)


def test_the_same_file_twice_makes_two_lists() -> None:
    assert read(NASTY).contact_list_id != read(NASTY).contact_list_id


@pytest.mark.parametrize(
    ("list_name", "filename", "name"),
    [
        ("  Spring  ", "a.csv", "Spring"),
        ("", "texas stores.csv", "texas stores"),
        ("x" * 300, "a.csv", "x" * 120),
        ("", ".csv", ".csv"),
        ("", "", "Recipients"),
    ],
)
def test_a_list_has_a_name(list_name: str, filename: str, name: str) -> None:
    record = received("Phone,Name\n2125550101,Ann\n", filename, list_name=list_name)
    assert record.contact_list.name == name


def test_a_long_file_name_and_column_are_no_trouble() -> None:
    name = "n" * 300 + ".csv"
    heading = "Phone " + "h" * 300
    record = read(f"{heading},Name\n2125550101,Ann\n", name, phone_column=heading)
    assert record.state == Import.State.DONE
    assert len(record.filename) <= 255


def test_problems_are_counted_and_explained() -> None:
    record = read(NASTY)
    found = importer.problems(record)
    assert sum(problem.count for problem in found) == record.duplicate_count + record.invalid_count
    assert all(problem.code in REASONS for problem in found)
    clean = read("Phone,Name\n2125550101,Ann\n")
    assert importer.problems(clean) == []


def test_bad_rows_page_by_page_and_all_at_once() -> None:
    record = read(NASTY)
    pages = []
    after = 0
    while page := importer.bad_rows(record, after=after, limit=2):
        pages += page
        after = page[-1].number
    assert pages == list(importer.all_bad_rows(record))
    assert [row.number for row in pages] == [2, 4, 7, 8, 9, 10, 12]
    assert pages[0].phone_as_typed == "(555) 010-0001"
    assert [row.number for row in importer.bad_rows(record, code="repeated")] == [4]


def test_contacts_page_by_page() -> None:
    record = read("Phone,Name\n" + "".join(f"21255501{place:02},P{place}\n" for place in range(5)))
    first = importer.contacts_page(record.contact_list, limit=2)
    second = importer.contacts_page(record.contact_list, after=first[-1].id, limit=9)
    assert [view.row_number for view in first + second] == [2, 3, 4, 5, 6]


def test_a_count_that_does_not_add_up_is_refused() -> None:
    record = read(NASTY)
    with pytest.raises(IntegrityError):
        Import.objects.filter(pk=record.pk).update(row_count=1)
