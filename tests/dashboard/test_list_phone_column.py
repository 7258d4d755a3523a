"""Another column for the phone numbers of a list, while no campaign uses it."""

import io
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.contacts import importer
from campaigns.models import Contact, ContactList, History, Import
from tests.dashboard.page_client import PageClient
from tests.dashboard.test_list_new import flat
from tests.dashboard.test_list_new_columns import cards
from tests.support import factories

FILE = b"""Name,Mobile,Home phone,Order
Ann,212-555-0101,650-555-0150,2125550181
Bob,ask,650-555-0151,2125550182
"""
BY_HOME = {"phone_column": "2"}


def made() -> ContactList:
    record = importer.receive(io.BytesIO(FILE), "people.csv", list_name="People", user=None)
    importer.run(record.pk)
    return record.contact_list


def path_of(people: ContactList) -> str:
    return f"/lists/{people.pk}/phone-column/"


def test_pages_name_the_column_and_its_rivals(as_composer: PageClient, as_viewer: PageClient) -> None:
    people = made()
    for path in (f"/lists/{people.pk}/", f"/imports/{people.imports.get().pk}/"):
        html = flat(as_composer.page(path))
        assert "Phone numbers were read from the column “Mobile”." in html
        assert "“Home phone” holds phone numbers too. These are not texted." in html
        assert f'href="{path_of(people)}"' in html
        assert path_of(people) not in as_viewer.page(path)
    factories.campaign(people)
    for path in (f"/lists/{people.pk}/", f"/imports/{people.imports.get().pk}/"):
        html = as_composer.page(path)
        assert "“Mobile”" in html
        assert "A campaign uses this list, so the column stays." in html
        assert path_of(people) not in html


def test_a_list_without_rivals_says_so(as_composer: PageClient) -> None:
    record = importer.receive(io.BytesIO(b"Phone,Name\n2125550101,Ann\n"), "a.csv", list_name="A", user=None)
    importer.run(record.pk)
    assert "No other column holds phone numbers." in as_composer.page(f"/imports/{record.pk}/")


def test_it_shows_what_the_columns_hold_and_takes_another(as_composer: PageClient) -> None:
    people = made()
    html = as_composer.page(path_of(people))
    assert cards(html) == [
        "Mobile filled in 2 of 2 rows looked at · 1 looks like a phone number 212-555-0101 ask",
        "Home phone filled in 2 of 2 rows looked at · 2 look like phone numbers 650-555-0150 650-555-0151",
        "Name filled in 2 of 2 rows looked at · none looks like a phone number Ann Bob",
        "Order filled in 2 of 2 rows looked at · 2 look like phone numbers 2125550181 2125550182",
    ]
    assert flat(html).count(" checked>") == 1
    record = people.imports.get()
    Import.objects.update(created_at=timezone.now() - timedelta(hours=1))
    answer = as_composer.send(path_of(people), **BY_HOME)
    html = answer.content.decode()
    assert answer.request["PATH_INFO"] == f"/imports/{record.pk}/"
    assert "The phone numbers are read from the column “Home phone” now." in html
    assert "Waiting for its turn" in html
    assert "Nobody has begun to read it yet" not in html
    event = History.objects.get(kind="phone_column_changed")
    assert event.actor == "carlo"

    importer.run(record.pk)
    assert "read from the column “Home phone”" in as_composer.page(f"/imports/{record.pk}/")
    phones = Contact.objects.order_by("pk").values_list("phone", flat=True)
    assert list(phones) == ["+16505550150", "+16505550151"]
    assert "(650) 555-0150" in as_composer.page(f"/lists/{people.pk}/")


def test_no_campaign_can_take_the_list_meanwhile(as_sender: PageClient) -> None:
    people = made()
    as_sender.post(path_of(people), BY_HOME)
    assert "The rows of this list are being read" in as_sender.page(f"/lists/{people.pk}/")
    assert "Start a campaign" not in as_sender.page(f"/lists/{people.pk}/")
    html = as_sender.refused("/campaigns/new/", name="Sale", contact_list=people.pk)
    assert "This list is not there any more." in html


def test_the_same_column_again_changes_nothing(as_composer: PageClient) -> None:
    people = made()
    html = as_composer.send(path_of(people), phone_column="1").content.decode()
    assert "The phone numbers are read from this column already." in html
    assert people.imports.get().state == Import.State.DONE


@pytest.mark.parametrize("choice", ["", "4", "-1", "x", "9" * 40, "１", "Mobile", "[[[["])
def test_a_column_that_nobody_offered(as_composer: PageClient, choice: str) -> None:
    people = made()
    html = as_composer.refused(path_of(people), phone_column=choice)
    assert "The column was not changed yet" in html
    assert people.imports.get().state == Import.State.DONE


def test_too_late_a_campaign_uses_it(as_composer: PageClient) -> None:
    people = made()
    as_composer.page(path_of(people))
    factories.campaign(people)
    for ask in (as_composer.get, as_composer.post):
        html = ask(path_of(people), BY_HOME, follow=True).content.decode()
        assert "A campaign uses this list, so its column stays." in html
    assert Contact.objects.get().phone == "+12125550101"


def test_a_second_press_finds_it_being_read(as_composer: PageClient) -> None:
    people = made()
    for _ in range(2):
        html = as_composer.send(path_of(people), **BY_HOME).content.decode()
    assert "The rows of this list are being read. Change the column when that is done." in html
    assert History.objects.filter(kind="phone_column_changed").count() == 1


def test_a_list_that_was_not_made_of_a_file(as_composer: PageClient) -> None:
    people = factories.contact_list()
    assert path_of(people) not in as_composer.page(f"/lists/{people.pk}/")
    html = as_composer.send(path_of(people), phone_column="1").content.decode()
    assert "This list was made from a campaign, not from a file" in html


def test_a_deleted_list_is_not_read_anew(as_composer: PageClient) -> None:
    people = made()
    as_composer.post(f"/lists/{people.pk}/delete/")
    assert as_composer.post(path_of(people), BY_HOME).status_code == 404
