"""The provider store takes pages in any order, moves forward only, and loses no known value."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import AccountState, Batch, Message, ProviderBatch, ProviderMessage
from campaigns.providers.types import BatchState, BatchStatus, Direction, MessageStatus, RemoteMessage
from campaigns.receipts import store
from tests.simulator.running import RunningSimulator
from tests.support import scenario

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
OURS, THEIRS = "+16505550100", "+12125550101"


@pytest.fixture
def owner() -> AccountState:
    return AccountState.objects.create(account="a", provider="ringcentral", credentials_fingerprint="x")


def item(status: str = "Sent", minutes: float = 0, **fields: Any) -> RemoteMessage:
    """A message of a page, modified this many minutes after noon."""
    defaults: dict[str, Any] = {
        "provider_id": "m-1",
        "batch_id": "b-1",
        "sender": OURS,
        "to": THEIRS,
        "direction": Direction.OUTBOUND,
        "status": MessageStatus(status),
        "unknown_status": "" if MessageStatus(status) else status,
        "error_code": "",
        "segments": 1,
        "cost": None,
        "text": "",
        "created_at": NOON,
        "modified_at": NOON + timedelta(minutes=minutes),
    }
    return RemoteMessage(**defaults | fields)


def batch(provider_id: str = "b-1", **fields: Any) -> BatchState:
    defaults: dict[str, Any] = {
        "sender": OURS,
        "batch_size": 10,
        "processed_count": 4,
        "status": BatchStatus.PROCESSING,
        "created_at": NOON,
        "modified_at": NOON,
        "cost": None,
    }
    return BatchState(provider_id=provider_id, **defaults | fields)


@pytest.mark.parametrize(
    ("story", "end"),
    [
        ("Queued Sent Delivered", "Delivered"),
        ("Delivered Sent Queued", "Delivered"),  # pages in the wrong order
        ("Sent Queued", "Sent"),
        ("Delivered DeliveryFailed", "Delivered"),  # final is final
        ("DeliveryFailed Delivered", "DeliveryFailed"),
        ("SendingFailed Queued", "SendingFailed"),
        ("Resting Queued", "Queued"),  # a word that we do not know gives way to any that we do
        ("Queued Resting", "Queued"),
        ("Resting Delivered", "Delivered"),
        ("Delivered Resting", "Delivered"),
        ("Queued DeliveryFailed", "DeliveryFailed"),
    ],
)
@pytest.mark.parametrize("later", [1, -1])
def test_forward_only(owner: AccountState, story: str, end: str, later: int) -> None:
    for place, status in enumerate(story.split()):
        store.record_messages(owner, [item(status, minutes=place * later)])
    stored = ProviderMessage.objects.get()
    assert stored.provider_status == end
    assert store.status_of(stored.undelivered) is MessageStatus(end)


def test_what_is_known_is_not_lost(owner: AccountState) -> None:
    store.record_messages(owner, [item("Sent", cost=Decimal("0.007"), segments=2, text="Hi")])
    store.record_messages(owner, [item("Delivered", 5, cost=None, segments=None, text="Hi")])
    stored = ProviderMessage.objects.get()
    assert (stored.provider_status, stored.cost, stored.segments) == ("Delivered", Decimal("0.00700"), 2)
    assert stored.modified_at == NOON + timedelta(minutes=5)


def test_a_cost_that_comes_later(owner: AccountState) -> None:
    store.record_messages(owner, [item("Delivered")])
    store.record_messages(owner, [item("Delivered", cost=Decimal("0.007"))])
    assert ProviderMessage.objects.get().cost == Decimal("0.00700")


def test_the_same_page_again_changes_no_row(owner: AccountState) -> None:
    page = [item("Delivered", text="Hi", cost=Decimal("0.007"))]
    store.record_messages(owner, page)
    ProviderMessage.objects.update(text="as it was")
    store.record_messages(owner, page)
    assert ProviderMessage.objects.get().text == "as it was"


def test_numbers_by_direction(owner: AccountState) -> None:
    store.record_messages(
        owner,
        [
            item(),
            item(provider_id="m-2", direction=Direction.INBOUND, sender=THEIRS, to=OURS, batch_id=""),
        ],
    )
    numbers = ProviderMessage.objects.values_list(
        "inbound", "own_number", "other_number", "batch__provider_id"
    )
    assert sorted(numbers) == [(False, OURS, THEIRS, "b-1"), (True, OURS, THEIRS, None)]


def test_odd_pages(owner: AccountState) -> None:
    """No id, no time, duplicates, values that are too long, an empty page."""
    assert store.record_messages(owner, []) == set()
    store.record_messages(
        owner,
        [
            item(provider_id=""),
            item(),
            item("Delivered", 1),
            item(provider_id="2", created_at=None, modified_at=None, batch_id=""),
            item(provider_id="3", created_at=None, error_code="E" * 99, status="S" * 99, to="+" + "1" * 99),
        ],
    )
    stored = {item.provider_id: item for item in ProviderMessage.objects.all()}
    assert set(stored) == {"m-1", "2", "3"}
    assert stored["m-1"].provider_status == "Delivered"
    assert stored["2"].created_at > NOON
    assert stored["3"].created_at == NOON
    assert len(stored["3"].error_code) == 20


def test_accounts_are_apart(owner: AccountState) -> None:
    other = AccountState.objects.create(account="b", provider="ringcentral")
    for one in (owner, other):
        store.record_messages(one, [item()])
    assert ProviderMessage.objects.count() == ProviderBatch.objects.count() == 2


def test_batches(owner: AccountState) -> None:
    store.record_batches(owner, [batch(), batch("b-2"), batch("")])
    store.record_batches(
        owner, [batch(processed_count=10, status=BatchStatus.COMPLETED, cost=Decimal("0.07"))]
    )
    store.record_batches(owner, [batch(processed_count=7, status=BatchStatus.PROCESSING)])
    store.record_batches(owner, [batch(processed_count=10, status=BatchStatus.COMPLETED)])
    stored = ProviderBatch.objects.get(provider_id="b-1")
    assert (stored.status, stored.processed, stored.size, stored.cost) == (
        "Completed",
        10,
        10,
        Decimal("0.07"),
    )
    assert ProviderBatch.objects.count() == 2


def test_a_batch_known_by_its_messages_is_described_later(owner: AccountState) -> None:
    store.record_messages(owner, [item(), item(provider_id="m-2")])
    bare = ProviderBatch.objects.get()
    assert (bare.status, bare.size, bare.sender, bare.created_at) == ("", 0, OURS, NOON)
    store.record_batches(owner, [batch(batch_size=2)])
    store.record_messages(owner, [item("Delivered", 1)])
    described = ProviderBatch.objects.get()
    assert (described.pk, described.status, described.size) == (bare.pk, "Processing", 2)


def test_recount(owner: AccountState) -> None:
    price = Decimal("0.007")
    store.record_messages(
        owner,
        [
            *(item("Delivered", provider_id=f"d{n}", cost=price) for n in range(3)),
            item("DeliveryFailed", provider_id="f1", error_code="SMS-CAR-411", cost=price),
            item("SendingFailed", provider_id="f2", error_code="SMS-RC-413"),
            item("Resting", provider_id="r"),
            item("Delivered", provider_id="else", batch_id="b-2", cost=price),
        ],
    )
    made = ProviderBatch.objects.get(provider_id="b-1")
    store.recount([made.pk])
    made.refresh_from_db()
    assert made.totals == {
        "delivered": {"count": 3, "cost": "0.02100", "error_codes": {}},
        "not_delivered": {
            "count": 2,
            "cost": "0.00700",
            "error_codes": {"SMS-CAR-411": 1, "SMS-RC-413": 1},
        },
        "other": {"count": 1, "cost": "0.00000", "error_codes": {}},
    }


def test_the_poller_feeds_it(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(5), size=2)
    scenario.submit_all(campaign)
    scenario.poll()
    assert ProviderMessage.objects.count() == 5
    assert set(ProviderMessage.objects.values_list("text", "undelivered")) == {("", None)}
    sent = dict(Message.objects.values_list("to", "provider_id"))
    assert dict(ProviderMessage.objects.values_list("other_number", "provider_id")) == sent
    for stored in ProviderBatch.objects.all():
        ours = Batch.objects.get(provider_id=stored.provider_id)
        assert stored.messages.count() == ours.size == stored.size == stored.processed
        assert stored.cost == ours.cost


@pytest.mark.parametrize("reader", ["poll", "store"])
def test_campaigns_are_locked_before_anything_that_both_readers_write(
    carrier: RunningSimulator, reader: str
) -> None:
    """Otherwise a poll and a sync could deadlock."""
    for size in (2, 3):
        scenario.submit_all(scenario.launched(scenario.people(4), size=size))
    page = list(next(registry.default().provider.messages(date_from=timezone.now() - timedelta(hours=1))))
    written = re.compile(r'(INSERT INTO|UPDATE) "campaigns_(providermessage|message|counters)"')
    with CaptureQueriesContext(connection) as queries:
        if reader == "poll":
            scenario.poll()
        else:
            (owner,) = store.owners()
            store.record_page(owner, page)
    statements = [query["sql"] for query in queries]
    writes = [place for place, sql in enumerate(statements) if written.search(sql)]
    locked = [place for place, sql in enumerate(statements) if 'FROM "campaigns_campaign"' in sql]
    assert writes
    assert locked[0] < writes[0]
