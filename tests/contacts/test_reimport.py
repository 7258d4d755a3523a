"""Another column for the phone numbers of a list that is read already."""

import io
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User

from campaigns.contacts import importer, reimport, removal, stored_rows
from campaigns.contacts.reimport import Refusal
from campaigns.models import Campaign, Contact, ContactList, History, Import, ImportRow
from campaigns.sending import resend
from campaigns.worker import schedule
from tests.support import factories

pytestmark = pytest.mark.django_db

FILE = """Name,Mobile,Home phone
Ann,212-555-0101,650-555-0150
Bob,ask,650-555-0150
Cy,212-555-0102,
Di,212-555-0101,650-555-0151
Eve,212-555-0103,650-555-0152,and,more
Flo,,650-555-015
"""
BY_MOBILE = [
    (2, "usable", "", "+12125550101"),
    (3, "invalid", "letters", ""),
    (4, "usable", "", "+12125550102"),
    (5, "duplicate", "repeated", "+12125550101"),
    (6, "invalid", "too_many_cells", ""),
    (7, "invalid", "empty", ""),
]
BY_HOME = [
    (2, "usable", "", "+16505550150"),
    (3, "duplicate", "repeated", "+16505550150"),
    (4, "invalid", "empty", ""),
    (5, "usable", "", "+16505550151"),
    (6, "invalid", "too_many_cells", ""),
    (7, "invalid", "too_short", ""),
]


@pytest.fixture(autouse=True)
def _own_uploads(settings: LazySettings, tmp_path: Path) -> None:
    settings.UPLOAD_DIR = tmp_path / "uploads"


def made(text: str = FILE, **fields: Any) -> ContactList:
    record = importer.receive(
        io.BytesIO(text.encode()), "people.csv", list_name="People", user=None, **fields
    )
    importer.run(record.pk)
    return record.contact_list


def rows(contact_list: ContactList) -> list[tuple[int, str, str, str]]:
    found = ImportRow.objects.filter(source__contact_list=contact_list).order_by("number")
    return list(found.values_list("number", "outcome", "problem", "phone"))


def phones(contact_list: ContactList) -> list[str]:
    found = Contact.objects.filter(contact_list=contact_list).order_by("pk")
    return list(found.values_list("phone", flat=True))


def record_of(contact_list: ContactList) -> Import:
    return Import.objects.get(contact_list=contact_list)


def assert_adds_up(contact_list: ContactList) -> None:
    contact_list.refresh_from_db()
    record = record_of(contact_list)
    assert record.state == Import.State.DONE
    assert record.row_count == len(rows(contact_list))
    assert record.usable_count == contact_list.contact_count == len(phones(contact_list))
    outcomes = [row[1] for row in rows(contact_list)]
    assert record.duplicate_count == outcomes.count("duplicate")
    assert record.invalid_count == outcomes.count("invalid")


def test_every_row_is_decided_again(admin: User) -> None:
    people = made()
    before = list(ImportRow.objects.order_by("pk").values_list("pk", "number", "cells"))
    assert rows(people) == BY_MOBILE
    assert reimport.change_phone_column(people, 2, user=admin) is None
    record = record_of(people)
    assert (record.state, record.row_count, record.claimed_at) == (Import.State.WAITING, 0, None)
    assert ContactList.objects.get(pk=people.pk).contact_count == 0
    importer.run(record.pk)
    assert rows(people) == BY_HOME
    assert phones(people) == ["+16505550150", "+16505550151"]
    assert list(ImportRow.objects.order_by("pk").values_list("pk", "number", "cells")) == before
    assert_adds_up(people)
    event = History.objects.get(kind="phone_column_changed")
    assert (event.actor_id, event.data) == (admin.pk, {"list": people.pk, "before": 2, "after": 3})
    assert History.objects.filter(kind="file_read").count() == 1


def test_there_and_back_is_as_it_was() -> None:
    people = made()
    for place in (2, 1):
        assert reimport.change_phone_column(people, place, user=None) is None
        importer.run(record_of(people).pk)
    assert rows(people) == BY_MOBILE
    assert_adds_up(people)


def test_the_worker_does_it() -> None:
    people = made()
    reimport.change_phone_column(people, 2, user=None)
    schedule.tick()
    assert record_of(people).claimed_at is not None


@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_pieces_change_nothing(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    for name in ("CHUNK", "CONTACTS"):
        monkeypatch.setattr(importer, name, chunk)
    monkeypatch.setattr(stored_rows.StoredRows.__init__, "__defaults__", (chunk,))
    people = made()
    reimport.change_phone_column(people, 2, user=None)
    importer.run(record_of(people).pk)
    assert rows(people) == BY_HOME
    assert_adds_up(people)


class KilledError(Exception):
    pass


@pytest.mark.parametrize("steps", range(1, 11))
def test_killed_at_any_write_it_is_done_again(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    monkeypatch.setattr(importer, "CHUNK", 2)
    monkeypatch.setattr(importer, "CONTACTS", 2)
    people = made()
    reimport.change_phone_column(people, 2, user=None)
    alive = importer.renew_claim
    left = steps

    def dying(record: Import, **changes: Any) -> bool:
        nonlocal left
        left -= 1
        if not left:
            raise KilledError
        return alive(record, **changes)

    with monkeypatch.context() as patched, suppress(KilledError):
        patched.setattr(importer, "renew_claim", dying)
        importer.run(record_of(people).pk)
    assert left <= 0, "it died on the way"
    importer.run(record_of(people).pk)
    assert rows(people) == BY_HOME
    assert_adds_up(people)


def test_of_two_that_decide_one_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "CHUNK", 2)
    people = made()
    reimport.change_phone_column(people, 2, user=None)
    record = record_of(people)
    whole = stored_rows.StoredRows.rows

    def overtaken(self: stored_rows.StoredRows) -> Iterator[tuple[int, list[str]]]:
        for number, cells in whole(self):
            if number == 5:
                monkeypatch.setattr(stored_rows.StoredRows, "rows", whole)
                importer.run(record.pk)
            yield number, cells

    monkeypatch.setattr(stored_rows.StoredRows, "rows", overtaken)
    importer.run(record.pk)
    assert rows(people) == BY_HOME
    assert_adds_up(people)


@pytest.mark.parametrize("state", Campaign.State.values)
def test_a_campaign_keeps_the_column_of_its_list(state: str) -> None:
    people = made()
    factories.campaign(people, state=state)
    assert reimport.change_phone_column(people, 2, user=None) == Refusal.USED
    assert rows(people) == BY_MOBILE
    assert_adds_up(people)
    assert not History.objects.filter(kind="phone_column_changed").exists()


@pytest.mark.parametrize("state", [Import.State.WAITING, Import.State.READING])
def test_not_while_it_is_read(state: str) -> None:
    people = made()
    Import.objects.update(state=state)
    assert reimport.change_phone_column(people, 2, user=None) == Refusal.BUSY
    assert ContactList.objects.get().phone_column == 1


def test_a_second_press_finds_it_under_way() -> None:
    people = made()
    assert reimport.change_phone_column(people, 2, user=None) is None
    assert reimport.change_phone_column(people, 1, user=None) == Refusal.BUSY


@pytest.mark.parametrize(
    ("place", "why"),
    [(1, Refusal.SAME), (3, Refusal.NO_COLUMN), (-1, Refusal.NO_COLUMN), (10**9, Refusal.NO_COLUMN)],
)
def test_a_column_that_cannot_be_taken(place: int, why: Refusal) -> None:
    people = made()
    assert reimport.change_phone_column(people, place, user=None) == why
    assert_adds_up(people)


def test_a_list_that_was_deleted_meanwhile() -> None:
    people = made()
    removal.remove(people, user=None)
    assert reimport.change_phone_column(people, 2, user=None) == Refusal.GONE


def test_a_list_of_those_whom_a_campaign_did_not_reach_keeps_its_column() -> None:
    people = made()
    campaign = factories.campaign(people)
    row = ImportRow.objects.get(number=2)
    copy = resend.create_list(
        campaign, people, [resend.Person(row.pk, row.phone, "SMS-UP-430")], "1 person", None
    )
    assert reimport.change_phone_column(copy, 2, user=None) == Refusal.COPY


def test_the_rivals_of_a_column() -> None:
    people = made(
        "Name,Order,Mobile,Home phone,Fax,Zip\n" + "Ann,2125550181,212-555-0101,650-555-0150,,10001\n" * 3
    )
    assert [profile.name for profile in stored_rows.rivals(people)] == ["Home phone"]
    fields = [
        (profile.name, profile.filled, profile.samples[:1])
        for profile in stored_rows.column_profiles(people)[2:4]
    ]
    assert fields == [("Mobile", 3, ("212-555-0101",)), ("Home phone", 3, ("650-555-0150",))]
