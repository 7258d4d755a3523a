import pytest

from campaigns.models import Campaign, ContactList, Import
from tests.dashboard.page_client import PageClient
from tests.support import factories


def test_people_columns_files_and_campaigns(as_composer: PageClient) -> None:
    made = factories.contact_list(people=3, bad=[factories.bad_row(9, "x", "letters")])
    campaign = factories.campaign(made, state=Campaign.State.FINISHED)
    factories.counters(campaign, delivered=2, not_delivered=1, invalid=1)
    html = as_composer.page(f"/lists/{made.pk}/")
    assert "(201) 555-0100" in html
    assert "Person 2" in html
    assert "{{ first_name }}" in html
    assert "the phone number" in html
    assert f'href="/imports/{made.imports.get().pk}/"' in html
    assert f'href="/campaigns/{campaign.pk}/"' in html
    assert "Start a campaign to these 3 people" in html


def test_people_whom_the_account_cannot_reach(as_composer: PageClient) -> None:
    made = factories.contact_list(people=3)
    assert 'id="far"' not in as_composer.page(f"/lists/{made.pk}/")
    factories.give_phones(made, "+525512345678")
    html = as_composer.page(f"/lists/{made.pk}/")
    assert "1 person is in a country that your RingCentral account cannot text" in html
    assert "Mexico 1. 2 of 3 people can be texted." in " ".join(html.split())
    assert "Start a campaign to these 2 people" in html


def test_column_that_is_markup(as_viewer: PageClient) -> None:
    made = factories.contact_list(columns=("Phone", "First name", "<b>City</b>"))
    assert "<b>City" not in as_viewer.page(f"/lists/{made.pk}/")


def test_pages_of_people(as_viewer: PageClient) -> None:
    made = factories.contact_list(people=120)
    contacts = list(made.contacts.order_by("pk"))
    first = as_viewer.page(f"/lists/{made.pk}/")
    assert "Person 49<" in first
    assert "Person 50<" not in first
    more = f"?after={contacts[49].pk}"
    assert f'href="/lists/{made.pk}/{more}#people"' in first
    second = as_viewer.page(f"/lists/{made.pk}/{more}")
    assert "Person 50<" in second
    assert "Person 99<" in second
    assert f'href="/lists/{made.pk}/#people"' in second
    last = as_viewer.page(f"/lists/{made.pk}/?after={contacts[99].pk}")
    assert "Person 119<" in last
    assert "page-next" not in last
    assert "nobody further down" in as_viewer.page(f"/lists/{made.pk}/?after={contacts[119].pk}")


def test_list_of_nobody(as_composer: PageClient) -> None:
    made = factories.contact_list(people=0, state=Import.State.FAILED)
    html = as_composer.page(f"/lists/{made.pk}/")
    assert "Nobody here can be texted" in html
    assert "Start a campaign" not in html


def test_viewer_changes_nothing(as_viewer: PageClient) -> None:
    made = factories.contact_list()
    html = as_viewer.page(f"/lists/{made.pk}/")
    for way in ("rename/", "delete/", "/campaigns/new/"):
        assert way not in html


def test_rename(as_composer: PageClient) -> None:
    made = factories.contact_list()
    path = f"/lists/{made.pk}/rename/"
    assert 'value="Texas stores"' in as_composer.page(path)
    html = as_composer.send(path, name=" Stores in Texas ").content.decode()
    assert "The list is called “Stores in Texas” now." in html
    made.refresh_from_db()
    assert made.name == "Stores in Texas"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "Give it a name, so that you find it again."),
        ("   ", "Give it a name, so that you find it again."),
        ("x" * 121, "This name is too long: 120 characters are the most."),
    ],
)
def test_name_that_cannot_be(as_composer: PageClient, name: str, said: str) -> None:
    made = factories.contact_list()
    assert said in as_composer.refused(f"/lists/{made.pk}/rename/", name=name)
    assert ContactList.objects.get().name == "Texas stores"


def test_same_name_again_says_nothing(as_composer: PageClient) -> None:
    made = factories.contact_list()
    html = as_composer.send(f"/lists/{made.pk}/rename/", name="Texas stores").content.decode()
    assert "is called" not in html
