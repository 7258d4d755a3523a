"""The database itself refuses what must never be, on SQLite and on PostgreSQL."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from campaigns.models import (
    AccountState,
    Attempt,
    Batch,
    Campaign,
    CampaignRow,
    Contact,
    ContactList,
    Counters,
    Import,
    ImportRow,
    Message,
    OptOut,
    Price,
    RowState,
    SenderNumber,
)
from campaigns.runtime.bulk_sql import claim, insert, update
from tests.support import factories

pytestmark = pytest.mark.django_db

Make = Callable[[], Any]


@pytest.fixture
def campaign() -> Campaign:
    return factories.campaign(factories.contact_list(people=3), state=Campaign.State.SENDING)


@pytest.fixture
def batch(campaign: Campaign) -> Batch:
    return Batch.objects.create(campaign=campaign, number=1, size=2, sender=campaign.sender)


def attempt(batch: Batch, state: str, **fields: Any) -> Attempt:
    fields = {"account": "a", "sender": batch.sender, "sending_at": timezone.now()} | fields
    return Attempt.objects.create(
        batch=batch, size=2, payload_hash="0", owner="me", prepared_at=timezone.now(), state=state, **fields
    )


def message(batch: Batch, **fields: Any) -> Message:
    row = ImportRow.objects.order_by("id").first()
    fields = {"to": factories.phone(0), "import_row": row} | fields
    return Message.objects.create(campaign=batch.campaign, batch=batch, text="Hi", segments=1, **fields)


def refused(make: Make) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make()


LIVE = ["prepared", "sending", "accepted", "ambiguous", "reconciling", "review", "marked_sent"]


@pytest.mark.parametrize("first", LIVE)
@pytest.mark.parametrize("second", ["prepared", "sending"])
def test_a_batch_has_one_live_attempt(batch: Batch, first: str, second: str) -> None:
    attempt(batch, first, provider_id="1" if first == "accepted" else "", sender="+1")
    refused(lambda: attempt(batch, second, sender="+2"))


@pytest.mark.parametrize("dead", ["rejected", "not_sent", "absent"])
def test_a_dead_attempt_makes_room_for_another(batch: Batch, dead: str) -> None:
    attempt(batch, dead)
    attempt(batch, dead)
    attempt(batch, "prepared")


@pytest.mark.parametrize("state", ["rejected", "not_sent", "absent"])
def test_a_dead_attempt_cannot_come_back_beside_a_live_one(batch: Batch, state: str) -> None:
    old = attempt(batch, state)
    attempt(batch, "prepared")
    refused(lambda: Attempt.objects.filter(pk=old.pk).update(state="sending"))


@pytest.mark.parametrize("first", ["sending", "ambiguous", "reconciling"])
def test_a_sender_has_one_unresolved_attempt(campaign: Campaign, first: str) -> None:
    one, two = (
        Batch.objects.create(campaign=campaign, number=number, size=1, sender=campaign.sender)
        for number in (1, 2)
    )
    attempt(one, first)
    second = attempt(two, "prepared")
    refused(lambda: Attempt.objects.filter(pk=second.pk).update(state="sending"))
    Attempt.objects.filter(pk=second.pk).update(state="sending", slot=1)
    Attempt.objects.filter(pk=second.pk).update(state="prepared", slot=0)
    Attempt.objects.filter(pk=second.pk).update(state="sending", account="another")


def test_a_reviewed_attempt_frees_its_sender(campaign: Campaign) -> None:
    one, two = (
        Batch.objects.create(campaign=campaign, number=number, size=1, sender=campaign.sender)
        for number in (1, 2)
    )
    attempt(one, "review")
    attempt(two, "sending")


def test_a_provider_id_belongs_to_one_attempt_and_one_batch(campaign: Campaign) -> None:
    one, two = (
        Batch.objects.create(campaign=campaign, number=number, size=1, sender=campaign.sender)
        for number in (1, 2)
    )
    attempt(one, "accepted", provider_id="77")
    refused(lambda: attempt(two, "accepted", provider_id="77"))
    Batch.objects.filter(pk=one.pk).update(account="a", provider_id="77")
    refused(lambda: Batch.objects.filter(pk=two.pk).update(account="a", provider_id="77"))
    Batch.objects.filter(pk=two.pk).update(account="another", provider_id="77")
    attempt(two, "accepted", provider_id="77", account="another")


def test_accepted_without_an_id_cannot_be(batch: Batch) -> None:
    refused(lambda: attempt(batch, "accepted"))
    prepared = attempt(batch, "prepared")
    refused(lambda: Attempt.objects.filter(pk=prepared.pk).update(state="accepted"))


@pytest.mark.parametrize("state", ["sending", "accepted", "ambiguous", "rejected", "review"])
def test_what_may_have_left_is_dated(batch: Batch, state: str) -> None:
    refused(lambda: attempt(batch, state, sending_at=None, provider_id="1" if state == "accepted" else ""))


@pytest.mark.parametrize(
    "counts",
    [
        {"rows": 1},
        {"queued": 1},
        {"rows": 3, "queued": 1, "delivered": 1},
        {"rows": 0, "queued": -1, "delivered": 1},
        {"rows": 1, "queued": 2, "excluded": -1},
    ],
    ids=str,
)
def test_counters_add_up_and_are_never_negative(campaign: Campaign, counts: dict[str, int]) -> None:
    refused(lambda: Counters.objects.filter(campaign=campaign).update(**counts))


@pytest.mark.parametrize("state", list(RowState))
def test_every_state_counts_in_the_sum(campaign: Campaign, state: RowState) -> None:
    Counters.objects.filter(campaign=campaign).update(rows=2, **{state.value: 2})
    counts = Counters.objects.get(campaign=campaign)
    assert (counts.total, counts.balanced, counts.count(state)) == (2, True, 2)
    refused(lambda: Counters.objects.filter(campaign=campaign).update(**{state.value: 3}))


def test_one_message_a_person_and_campaign(campaign: Campaign, batch: Batch) -> None:
    message(batch)
    refused(lambda: message(batch))
    other = Batch.objects.create(campaign=campaign, number=2, size=1, sender=campaign.sender)
    refused(lambda: message(other))
    second = factories.campaign(campaign.contact_list, state=Campaign.State.SENDING)
    message(Batch.objects.create(campaign=second, number=1, size=1, sender=second.sender))


def test_a_row_is_frozen_once(campaign: Campaign) -> None:
    row = ImportRow.objects.earliest("id")
    CampaignRow.objects.create(campaign=campaign, import_row=row, outcome="message")
    refused(lambda: CampaignRow.objects.create(campaign=campaign, import_row=row, outcome="excluded"))


def test_a_batch_number_is_given_once(batch: Batch) -> None:
    refused(lambda: Batch.objects.create(campaign=batch.campaign, number=1, size=1, sender=batch.sender))


@pytest.mark.parametrize(
    "lacks", [{"contact_list": None}, {"account": ""}, {"sender": ""}, {"text": ""}, {"launched_at": None}]
)
def test_a_launched_campaign_is_whole(lacks: dict[str, Any]) -> None:
    draft = factories.campaign(**(lacks | {"state": Campaign.State.DRAFT}))
    whole = {"launched_at": timezone.now(), "account": "1"} | lacks
    for state in Campaign.LAUNCHED:
        refused(
            lambda state=state: Campaign.objects.filter(pk=draft.pk).update(  # type: ignore[misc]
                state=state, **whole
            )
        )


@pytest.mark.parametrize(
    "counts",
    [{"row_count": 1}, {"usable_count": 1}, {"row_count": 3, "usable_count": 1, "duplicate_count": 1}],
    ids=str,
)
def test_an_import_adds_up(counts: dict[str, int]) -> None:
    contacts = ContactList.objects.create(name="x")
    refused(lambda: Import.objects.create(contact_list=contacts, filename="x", **counts))


def test_a_usable_row_has_a_phone_and_a_number_of_its_own() -> None:
    source = Import.objects.create(contact_list=ContactList.objects.create(name="x"), filename="x")
    refused(lambda: ImportRow.objects.create(source=source, number=2, outcome="usable", cells="[]"))
    ImportRow.objects.create(source=source, number=2, outcome="invalid", cells="[]")
    refused(lambda: ImportRow.objects.create(source=source, number=2, outcome="invalid", cells="[]"))


def test_a_person_is_in_a_list_once() -> None:
    contacts = factories.contact_list(people=1)
    row = ImportRow.objects.get()
    refused(lambda: Contact.objects.create(contact_list=contacts, phone=factories.phone(0), row=row))


def test_one_opt_out_in_force_and_any_number_ended() -> None:
    first = factories.opt_out(factories.phone(0))
    refused(lambda: factories.opt_out(factories.phone(0)))
    OptOut.objects.filter(pk=first.pk).update(ended_at=timezone.now())
    factories.opt_out(factories.phone(0))
    factories.opt_out(factories.phone(0), ended_at=timezone.now())


def test_one_row_an_account_and_number() -> None:
    AccountState.objects.create(account="a", provider="x")
    refused(lambda: AccountState.objects.create(account="a", provider="x"))
    SenderNumber.objects.create(account="a", phone="+1", last_listed_at=timezone.now())
    refused(lambda: SenderNumber.objects.create(account="a", phone="+1", last_listed_at=timezone.now()))


def test_people_s_numbers_are_not_in_what_objects_call_themselves(batch: Batch) -> None:
    """They end up in logs and error pages."""
    named = [
        message(batch),
        Contact.objects.create(
            contact_list=ContactList.objects.create(name="x"),
            phone="+12125550147",
            row=ImportRow.objects.earliest("id"),
        ),
        factories.opt_out("+12125550147"),
    ]
    for thing in named:
        assert not any(number in str(thing) for number in ("212555", "201555"))


# --- Writing in bulk --------------------------------------------------------------------------------------

COLUMNS = ("state", "provider_id", "error_code", "billed_segments", "cost", "changed_at")
MOMENT = datetime(2026, 11, 21, 10, 30, 15, 123456, tzinfo=UTC)


def test_rows_are_inserted_as_they_are(campaign: Campaign, batch: Batch) -> None:
    nasty = ['plain "quoted"', "tab\tline\nend\r\n", "back\\slash \\N \\.", "\N{PARTY POPPER} é", "", "NULL"]
    rows = list(ImportRow.objects.order_by("id"))
    source = rows[0].source
    extra = [
        ImportRow(source=source, number=100 + place, outcome="invalid", cells="[]")
        for place in range(len(nasty))
    ]
    ImportRow.objects.bulk_create(extra)
    keys = list(ImportRow.objects.filter(number__gte=100).order_by("id").values_list("id", flat=True))
    insert(
        Message,
        ("campaign", "batch", "import_row", "to", "text", "segments", "state", "provider_id", "error_code"),
        [
            (campaign.pk, batch.pk, key, factories.phone(place), text, 1, "waiting", "", "")
            for place, (key, text) in enumerate(zip(keys, nasty, strict=True))
        ],
    )
    stored = Message.objects.order_by("id")
    assert [message.text for message in stored] == nasty
    assert {message.cost for message in stored} == {None}
    assert [message.to for message in stored] == [factories.phone(place) for place in range(len(nasty))]


def test_inserting_nothing_is_nothing(campaign: Campaign) -> None:
    insert(CampaignRow, ("campaign", "import_row", "outcome", "reason"), [])
    update(Message, COLUMNS, [])
    assert not CampaignRow.objects.exists()


def test_a_refused_row_is_django_s_own_error(campaign: Campaign) -> None:
    row = ImportRow.objects.earliest("id")
    refused(
        lambda: insert(
            CampaignRow,
            ("campaign", "import_row", "outcome", "reason"),
            [(campaign.pk, row.pk, "message", ""), (campaign.pk, row.pk, "message", "")],
        )
    )


@pytest.mark.parametrize("count", [1, 3, 900])
def test_many_rows_are_updated_each_with_its_own_values(campaign: Campaign, batch: Batch, count: int) -> None:
    source = Import.objects.get()
    ImportRow.objects.bulk_create(
        ImportRow(source=source, number=100 + place, outcome="invalid", cells="[]") for place in range(count)
    )
    keys = ImportRow.objects.filter(number__gte=100).order_by("id").values_list("id", flat=True)
    insert(
        Message,
        ("campaign", "batch", "import_row", "to", "text", "segments", "state", "provider_id", "error_code"),
        [
            (campaign.pk, batch.pk, key, f"+1{place}", "Hi", 1, "waiting", "", "")
            for place, key in enumerate(keys)
        ],
    )
    ours = list(Message.objects.order_by("id").values_list("id", flat=True))
    values = [
        (pk, "sent", f"id{pk}", "", None, None, None)
        if place % 3 == 0
        else (pk, "delivered", f"id{pk}", "X-1", place, Decimal("0.00850"), MOMENT)
        for place, pk in enumerate(ours)
    ]
    update(Message, COLUMNS, values)
    assert list(Message.objects.order_by("id").values_list("id", *COLUMNS)) == values


@pytest.mark.parametrize("column", range(3, 6))
def test_a_column_of_nothing_but_nulls(campaign: Campaign, batch: Batch, column: int) -> None:
    only = message(batch)
    row: list[Any] = [only.pk, "sent", "id", "", 1, Decimal("0.1"), MOMENT]
    row[column + 1] = None
    update(Message, COLUMNS, [row])
    assert list(Message.objects.values_list("id", *COLUMNS).get()) == row


@pytest.mark.parametrize(
    "same",
    [
        ("delivered", "id", "", 1, Decimal("0.00850"), MOMENT),
        ("sent", "id", "X-1", None, None, None),
        ("delivered", "id", "", 1, Decimal("0.00850"), MOMENT.astimezone(ZoneInfo("America/Chicago"))),
    ],
)
def test_what_all_rows_share_is_written_to_each_and_read_as_django_writes_it(
    batch: Batch, same: tuple[Any, ...]
) -> None:
    ours = [message(batch, to=factories.phone(place)).pk for place in range(3)]
    update(Message, COLUMNS, [(pk, *same) for pk in ours])
    assert list(Message.objects.order_by("id").values_list("id", *COLUMNS)) == [(pk, *same) for pk in ours]
    filters = dict(zip(COLUMNS, same, strict=True))
    if same[-1] is not None:
        assert Message.objects.filter(**filters).count() == 3


def test_an_update_leaves_others_alone(batch: Batch) -> None:
    one = message(batch)
    two = message(batch, to=factories.phone(1))
    update(Message, ("state",), [(one.pk, "delivered")])
    two.refresh_from_db()
    assert two.state == "waiting"


def test_claiming_is_true_for_one_call_only(batch: Batch) -> None:
    queued = Batch.objects.filter(pk=batch.pk, state="queued")
    assert [claim(queued, state="submitting") for _ in range(3)] == [True, False, False]


def test_no_price_is_below_0() -> None:
    Price.objects.create(kind=Price.Kind.LOCAL, per_segment=Decimal(0))
    with pytest.raises(IntegrityError), transaction.atomic():
        Price.objects.create(kind=Price.Kind.TOLL_FREE, per_segment=Decimal("-0.0087"))
