from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from django.conf import LazySettings, settings
from django.core.files.uploadedfile import SimpleUploadedFile

from campaigns.contacts import importer, pending_upload
from campaigns.models import ContactList, Import
from dashboard.forms.contacts import name_from
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
    pending_upload.delete_expired()
    assert path.exists()

    os.utime(path, (0, 0))
    pending_upload.delete_expired()
    assert not path.exists()
    html = as_composer.refused(PAGE, columns='["Who"]', phone_column="Who")
    assert "Choose a file first." in html


@pytest.mark.parametrize("name", ["../secret-key", "kept-x", "", "kept-" + "0" * 32])
def test_only_kept_files_are_found(name: str) -> None:
    assert pending_upload.find(name) is None
