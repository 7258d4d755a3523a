import io
import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings, settings
from django.core.files.uploadedfile import SimpleUploadedFile

from campaigns.contacts import importer, uploads
from campaigns.models import ContactList, Import, ImportRow
from dashboard.forms.contacts import name_from
from tests.contacts.workbooks import Cell, rows_xml, write_xlsx
from tests.dashboard.page_client import PageClient

PAGE = "/lists/new/"
GOOD = b"Phone,First name\n(512) 555-0101,Maria\n"


def upload(content: bytes, name: str = "texas_stores.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def flat(html: str) -> str:
    return " ".join(html.split())


def nothing_left() -> bool:
    folder: Path = settings.UPLOAD_DIR
    return not ContactList.objects.exists() and not (folder.exists() and list(folder.iterdir()))


def test_file_becomes_a_list(as_composer: PageClient) -> None:
    assert "up to 50 MB" in as_composer.page(PAGE)
    response = as_composer.post(PAGE, {"file": upload(GOOD)})
    record = Import.objects.get()
    assert response["Location"] == f"/imports/{record.pk}/"
    assert (record.filename, record.contact_list.name) == ("texas_stores.csv", "Texas stores")
    assert record.created_by is not None
    assert record.created_by.username == "carlo"


def test_name_as_typed(as_composer: PageClient) -> None:
    as_composer.post(PAGE, {"file": upload(GOOD), "name": "  Spring customers "})
    assert ContactList.objects.get().name == "Spring customers"


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("texas_stores.csv", "Texas stores"),
        ("Customers.2026.xlsx", "Customers.2026"),
        ("été.csv", "Été"),
        ("   .csv", "Recipients"),
        (".csv", ".csv"),
        ("a" * 300 + ".csv", "A" + "a" * 119),
    ],
)
def test_list_is_called_after_its_file(filename: str, name: str) -> None:
    assert name_from(filename) == name


@pytest.mark.parametrize(
    ("content", "filename", "said"),
    [
        (b"", "empty.csv", "The file is empty."),
        (b"\n\n \n", "blank.csv", "The file is empty."),
        (b"Phone,First name\n", "heading.csv", "The file has column headings but no rows below them."),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 64, "people.csv", "This is a picture (PNG), not a spreadsheet."),
        (b"%PDF-1.7 ...", "people.xlsx", "This is a PDF document, not a spreadsheet."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "people.xls", "This is an old Excel file (.xls)"),
        (b"PK\x03\x04 broken", "people.xlsx", "The workbook seems to be damaged."),
        (b'Phone,Name\n"(512) 555-0101,Maria\n', "quote.csv", "quotation mark"),
        (b"Phone" + b",x" * 300 + b"\n5125550101\n", "wide.csv", "columns; the most is 200"),
    ],
)
def test_file_that_cannot_be_used(as_composer: PageClient, content: bytes, filename: str, said: str) -> None:
    html = as_composer.refused(PAGE, file=upload(content, filename), name="My people")
    assert said in html.replace("&quot;", '"')
    assert 'value="My people"' in html
    assert 'id="id_file_error"' in html
    assert nothing_left()


def test_zip_that_is_no_workbook(as_composer: PageClient) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("readme.txt", "hello")
    html = as_composer.refused(PAGE, file=upload(packed.getvalue(), "people.xlsx"))
    assert 'id="id_file_error"' in html
    assert nothing_left()


def test_no_file(as_composer: PageClient) -> None:
    html = as_composer.refused(PAGE, name="My people")
    assert "Choose a file first." in html
    assert 'value="My people"' in html


def test_name_that_is_too_long(as_composer: PageClient) -> None:
    html = as_composer.refused(PAGE, file=upload(GOOD), name="x" * 121)
    assert "This name is too long: 120 characters are the most." in html
    assert nothing_left()


NO_PHONES = b"Name,Who,Contact detail\nAnna,x,none\nBob,y,none\n"


def test_asks_which_column_holds_the_phones(as_composer: PageClient) -> None:
    html = as_composer.refused(PAGE, file=upload(NO_PHONES), name="My people")
    assert "No column looks like phone numbers." in html
    assert 'id="id_phone_column_error"' in html
    for column in ("Name", "Who", "Contact detail"):
        assert f'name="phone_column" value="{column}"' in flat(html)
    assert 'value="My people"' in html
    assert "texas_stores.csv is kept." in html
    assert not ContactList.objects.exists()

    columns = '["Name", "Who", "Contact detail"]'
    chosen = {"columns": columns, "phone_column": "Contact detail", "name": "My people"}
    assert as_composer.post(PAGE, chosen).status_code == 302
    made = ContactList.objects.get()
    assert (made.name, made.columns[made.phone_column]) == ("My people", "Contact detail")


def test_asks_whose_the_numbers_are(as_composer: PageClient) -> None:
    numbers = b"(512) 555-0101,(512) 555-0102\n(512) 555-0103,(512) 555-0104\n"
    html = as_composer.refused(PAGE, file=upload(numbers))
    assert "If each is a person of its own, put one number in each line" in html
    assert not ContactList.objects.exists()
    chosen = {"columns": '["Column 1", "Column 2"]', "phone_column": "Column 2"}
    assert as_composer.post(PAGE, chosen).status_code == 302
    assert ContactList.objects.get().phone_column == 1


def test_column_of_another_file(as_composer: PageClient) -> None:
    fields = {"columns": '["Who"]', "phone_column": "Who"}
    html = as_composer.refused(PAGE, file=upload(GOOD), **fields)
    assert "There is no column called Who." in html
    assert 'name="phone_column" value="First name"' in flat(html)
    assert 'value="Who"' not in html
    assert not ContactList.objects.exists()


def test_column_must_be_chosen_once_it_is_asked(as_composer: PageClient) -> None:
    html = as_composer.refused(PAGE, file=upload(NO_PHONES), columns='["Name"]', phone_column="")
    assert "Choose the column with the phone numbers." in html


@pytest.mark.parametrize(
    "columns", ["{", "3", '{"a": 1}', "[1, null]", "[[]]", '"x"', "[" * 5000, '["\\ud800"]']
)
def test_columns_that_nobody_offered(as_composer: PageClient, columns: str) -> None:
    html = as_composer.refused(PAGE, columns=columns, phone_column="x")
    assert "Choose a file first." in html
    assert "id_phone_column" not in html


def test_column_names_are_text_and_never_markup(as_composer: PageClient) -> None:
    html = as_composer.refused(PAGE, file=upload(b"<script>alert(1)</script>,b\nx,y\n"))
    assert "<script>alert" not in html


def test_too_large_is_refused_before_it_is_read(as_composer: PageClient, settings: LazySettings) -> None:
    settings.MAX_UPLOAD_BYTES = 1024 * 1024
    response = as_composer.post(PAGE, {"file": upload(GOOD * 60_000)})
    assert response.status_code == 413
    html = response.content.decode()
    assert "This file is too large" in html
    assert "It has 2 MB; 1 MB is the most. Nothing of it was kept." in html
    assert nothing_left()


def test_wrong_method(as_composer: PageClient) -> None:
    assert as_composer.put(PAGE).status_code == 405


@pytest.mark.parametrize("method", ["get", "post"])
def test_viewer_uploads_nothing(as_viewer: PageClient, method: str) -> None:
    assert getattr(as_viewer, method)(PAGE, {"file": upload(GOOD)}).status_code == 403
    assert nothing_left()


def test_stranger_uploads_nothing(stranger: PageClient) -> None:
    assert stranger.post(PAGE, {"file": upload(GOOD)})["Location"].startswith("/sign-in/")
    assert nothing_left()


def test_same_file_twice_is_two_lists(as_composer: PageClient) -> None:
    for _ in range(2):
        as_composer.post(PAGE, {"file": upload(GOOD)})
    assert ContactList.objects.count() == 2


def test_sample_file_shows_what_an_account_of_bad_rows_is(as_composer: PageClient) -> None:
    sample = Path(settings.BASE_DIR, "static/samples/recipients.csv")
    as_composer.post(PAGE, {"file": upload(sample.read_bytes(), sample.name)})
    record = Import.objects.get()
    importer.run(record.pk)
    record.refresh_from_db()
    counts = (record.row_count, record.usable_count, record.duplicate_count, record.invalid_count)
    assert counts == (12, 10, 1, 1)


def test_kept_file_is_forgotten_after_a_day(as_composer: PageClient, settings: LazySettings) -> None:
    as_composer.refused(PAGE, file=upload(NO_PHONES))
    (path,) = settings.UPLOAD_DIR.iterdir()
    uploads.delete_expired()
    assert path.exists()

    os.utime(path, (0, 0))
    uploads.delete_expired()
    assert not path.exists()
    html = as_composer.refused(PAGE, columns='["Who"]', phone_column="Who")
    assert "Choose a file first." in html


@pytest.mark.parametrize("name", ["../secret-key", "x", "", "0" * 32])
def test_only_kept_files_are_found(name: str) -> None:
    assert uploads.find(name) is None


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The processes that were started to convert workbooks."""
    started: list[object] = []
    run = subprocess.run

    def counted(command: list[str], **options: Any) -> object:
        started.append(command)
        return run(command, **options)

    monkeypatch.setattr(subprocess, "run", counted)
    return started


def workbook(folder: Path, rows: list[list[Cell]]) -> SimpleUploadedFile:
    book = write_xlsx(folder / "book.xlsx", {"People": rows_xml(rows), "Other": rows_xml([["x"]])})
    return upload(book.read_bytes(), "people.xlsx")


def test_workbook_is_converted_once(as_composer: PageClient, converted: list[object], tmp_path: Path) -> None:
    file = workbook(tmp_path, [["Phone", "Name"], ["650-555-0100", "Ann"], ["x", "Bob"]])
    as_composer.post(PAGE, {"file": file})
    record = Import.objects.get()
    assert record.notes == [["one_sheet", {"sheet": "People"}]]
    importer.run(record.pk)
    record.refresh_from_db()
    assert (record.usable_count, record.invalid_count) == (1, 1)
    assert len(converted) == 1
    assert list(settings.UPLOAD_DIR.iterdir()) == []


def test_workbook_is_converted_once_if_its_column_is_asked(
    as_composer: PageClient, converted: list[object], tmp_path: Path
) -> None:
    file = workbook(tmp_path, [["Name", "Who"], ["Ann", "none"], ["Bob", "none"]])
    assert "No column looks like phone numbers." in as_composer.refused(PAGE, file=file)
    as_composer.refused(PAGE, columns='["Name", "Who"]', phone_column="")
    as_composer.post(PAGE, {"columns": '["Name", "Who"]', "phone_column": "Who"})
    importer.run(Import.objects.get().pk)
    assert Import.objects.get().invalid_count == 2
    assert len(converted) == 1
    assert list(settings.UPLOAD_DIR.iterdir()) == []


def test_conversion_that_was_killed_half_way_is_repeated(
    as_composer: PageClient, converted: list[object], tmp_path: Path
) -> None:
    as_composer.post(PAGE, {"file": workbook(tmp_path, [["Phone"], ["650-555-0100"]])})
    record = Import.objects.get()
    (told,) = settings.UPLOAD_DIR.glob("*.json")
    told.unlink()
    importer.run(record.pk)
    assert ImportRow.objects.get().phone == "+16505550100"
    assert len(converted) == 2
    assert list(settings.UPLOAD_DIR.iterdir()) == []


def test_file_that_waits_to_be_read_is_never_too_old(as_composer: PageClient) -> None:
    as_composer.post(PAGE, {"file": upload(GOOD)})
    (path,) = settings.UPLOAD_DIR.iterdir()
    os.utime(path, (0, 0))
    uploads.delete_expired()
    assert path.exists()
