"""The question which column of a file gets the texts."""

import json

import pytest

from campaigns.contacts import importer
from campaigns.models import Contact, ContactList, Import
from tests.dashboard.page_client import PageClient
from tests.dashboard.test_list_new import PAGE, flat, upload

TWO = b"""Name,Home phone,Fax,Work phone
Ann,212-555-0101,212-555-0191,650-555-0150
Bob,,,650-555-0151
Cy <b>,212-555-0102,,n/a
"""
COLUMNS = json.dumps(["Name", "Home phone", "Fax", "Work phone"])


def cards(html: str) -> list[str]:
    """What each card says, without its tags."""
    parts = flat(html).split('<label class="choice-card">')[1:]
    return [" ".join(_words(part.partition("</label>")[0])) for part in parts]


def _words(part: str) -> list[str]:
    return [word for tag in part.split("<") for word in tag.partition(">")[2].split()]


def test_two_columns_are_a_question_with_what_they_hold(as_composer: PageClient) -> None:
    html = as_composer.refused(PAGE, file=upload(TWO), name="My people")
    assert "Which column should get the texts?" in html
    assert "More than one column may hold the phone numbers: “Home phone”, “Work phone”." in html
    assert cards(html) == [
        "Home phone filled in 2 of 3 rows looked at · 2 look like phone numbers 212-555-0101 212-555-0102",
        "Work phone filled in 3 of 3 rows looked at · 2 look like phone numbers "
        "650-555-0150 650-555-0151 n/a",
        "Name filled in 3 of 3 rows looked at · none looks like a phone number Ann Bob Cy &lt;b&gt;",
        "Fax filled in 1 of 3 rows looked at · 1 looks like a phone number 212-555-0191",
    ]
    assert "2 other columns" in html
    assert "Choose the column with the phone numbers." not in html, "nobody was asked before"
    assert "checked" not in html
    assert not ContactList.objects.exists()
    assert not Import.objects.exists()


@pytest.mark.parametrize(
    ("column", "phones"),
    [("Home phone", ["+12125550101", "+12125550102"]), ("Work phone", ["+16505550150", "+16505550151"])],
)
def test_the_answer_makes_the_list_of_the_kept_file(
    as_composer: PageClient, column: str, phones: list[str]
) -> None:
    as_composer.refused(PAGE, file=upload(TWO), name="My people")
    response = as_composer.post(PAGE, {"columns": COLUMNS, "phone_column": column, "name": "My people"})
    record = Import.objects.get()
    assert response["Location"] == f"/imports/{record.pk}/"
    importer.run(record.pk)
    assert list(Contact.objects.order_by("pk").values_list("phone", flat=True)) == phones
    html = as_composer.page(f"/imports/{record.pk}/")
    assert f"Phone numbers were read from the column “{column}”." in html


def test_without_an_answer_it_asks_again_with_the_same_cells(as_composer: PageClient) -> None:
    first = as_composer.refused(PAGE, file=upload(TWO))
    again = as_composer.refused(PAGE, columns=COLUMNS)
    assert "Choose the column with the phone numbers." in again
    assert cards(again) == cards(first)


def test_a_heading_that_stands_twice(as_composer: PageClient) -> None:
    html = as_composer.refused(
        PAGE, file=upload(b"Phone,Name,Phone\n6505550100,Ann,6505550150\n,Bob,6505550151\n")
    )
    assert [card.partition(" filled")[0] for card in cards(html)[:2]] == ["Phone", "Phone 2"]
    columns = json.dumps(["Phone", "Name", "Phone 2"])
    as_composer.post(PAGE, {"columns": columns, "phone_column": "Phone 2"})
    assert ContactList.objects.get().phone_column == 2


def test_only_numbers_of_which_no_heading_says_that_they_may_be_texted(as_composer: PageClient) -> None:
    html = as_composer.refused(PAGE, file=upload(b"Name,Fax\nAnn,212-555-0191\n"))
    assert "Phone numbers stand only in “Fax”, and the heading does not say" in html
    assert cards(html)[0].startswith("Fax filled in 1 of 1 row looked at")


def test_a_clear_file_is_not_asked_about(as_composer: PageClient) -> None:
    file = b"Name,Mobile,Home phone\nAnn,650-555-010,650-555-0150\nBob,650-555-0101,650-555-0151\n"
    assert as_composer.post(PAGE, {"file": upload(file)}).status_code == 302
    made = ContactList.objects.get()
    assert made.columns[made.phone_column] == "Mobile"
