import pytest

from campaigns.contacts import removal
from campaigns.models import Contact, ContactList, ImportRow
from tests.support import factories

pytestmark = pytest.mark.django_db


def test_rows_stay_as_empty_shells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "CHUNK", 2)
    made = factories.contact_list(people=5, bad=[factories.bad_row(9, "ask Tom", "letters")])
    assert removal.remove(made, user=None)
    assert ImportRow.objects.count() == 6
    assert set(ImportRow.objects.values_list("phone", "cells", "problem")) == {("", "[]", "erased")}
    assert not Contact.objects.exists()


def test_only_one_call_removes() -> None:
    made = factories.contact_list()
    assert removal.remove(made, user=None)
    assert not removal.remove(made, user=None)


def test_a_draft_keeps_its_list() -> None:
    made = factories.contact_list()
    factories.campaign(made)
    assert not removal.removable(made)
    assert not removal.remove(made, user=None)
    assert ContactList.objects.get().contact_count == 3
