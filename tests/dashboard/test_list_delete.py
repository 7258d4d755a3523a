import pytest

from campaigns.models import Contact, ContactList, History, Import, ImportRow
from tests.dashboard.page_client import PageClient
from tests.support import factories


def test_asks_first_then_deletes_the_people(as_composer: PageClient) -> None:
    made = factories.contact_list(people=3)
    path = f"/lists/{made.pk}/delete/"
    assert "<strong>3 people</strong>" in as_composer.page(path)
    assert ContactList.objects.count() == 1
    html = as_composer.send(path).content.decode()
    assert "“Texas stores” is deleted, and the people in it with it." in html
    assert "No list yet" in html
    assert not ContactList.objects.exists()
    assert not Contact.objects.exists()
    assert set(ImportRow.objects.values_list("phone", "cells")) == {("", "[]")}
    assert History.objects.get().kind == "list_removed"
    as_composer.page(f"/lists/{made.pk}/", status=404)


def test_second_press_finds_nothing(as_composer: PageClient) -> None:
    made = factories.contact_list()
    as_composer.post(f"/lists/{made.pk}/delete/")
    assert as_composer.post(f"/lists/{made.pk}/delete/").status_code == 404
    assert History.objects.count() == 1


def test_list_of_a_campaign_stays(as_composer: PageClient) -> None:
    made = factories.contact_list()
    factories.campaign(made)
    assert "/delete/" not in as_composer.page(f"/lists/{made.pk}/")
    for ask in (as_composer.get, as_composer.post):
        response = ask(f"/lists/{made.pk}/delete/", follow=True)
        assert "A campaign uses this list, so it stays." in response.content.decode()
    assert Contact.objects.count() == 3


@pytest.mark.parametrize("state", [Import.State.WAITING, Import.State.READING])
def test_list_that_is_being_read_stays(as_composer: PageClient, state: str) -> None:
    made = factories.contact_list(state=state)
    html = as_composer.send(f"/lists/{made.pk}/delete/").content.decode()
    assert "still being read" in html
    assert ContactList.objects.exists()


def test_others_keep_their_people(as_composer: PageClient) -> None:
    gone, kept = factories.contact_list(), factories.contact_list("Kept")
    as_composer.post(f"/lists/{gone.pk}/delete/")
    assert Contact.objects.filter(contact_list=kept).count() == 3
    assert not ImportRow.objects.filter(source__contact_list=kept, phone="").exists()
