"""A few texts of a large campaign are found without reading all of it."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import AccountState, Batch, Campaign, CampaignRow, Counters, Message, ProviderMessage
from campaigns.providers.types import Direction, MessageStatus, RemoteMessage
from campaigns.receipts import store
from campaigns.reports import exports, store_search
from tests.support import factories

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL knows how many rows there are"),
]
PEOPLE = 6


@pytest.fixture
def batch() -> Batch:
    contacts = factories.contact_list(people=PEOPLE)
    campaign = factories.campaign(contacts, state=Campaign.State.DELIVERING)
    batch = Batch.objects.create(
        campaign=campaign, number=1, size=PEOPLE, sender=campaign.sender, state=Batch.State.ACCEPTED,
        account="a", provider_id="1", provider_size=PEOPLE, accepted_at=timezone.now(),
    )  # fmt: skip
    for row in contacts.imports.get().rows.order_by("id"):
        CampaignRow.objects.create(campaign=campaign, import_row=row, outcome="message")
        Message.objects.create(
            campaign=campaign, batch=batch, import_row=row, to=row.phone, text="Hi", segments=1
        )
    Counters.objects.filter(campaign=campaign).update(rows=PEOPLE, with_carrier=PEOPLE)
    return batch


def record(people: int) -> AccountState:
    """Take in a page with the texts of this many people."""
    owner, _ = AccountState.objects.get_or_create(account="a", defaults={"provider": "ringcentral"})
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    page = [
        RemoteMessage(
            provider_id=f"m{person}", batch_id="1", sender="+16505550100", to=factories.phone(person),
            direction=Direction.OUTBOUND, status=MessageStatus.SENT, error_code="", segments=1,
            cost=Decimal("0.007"), text="", created_at=now, modified_at=now,
        )
        for person in range(people)
    ]  # fmt: skip
    store.record_page(owner, page)
    return owner


def a_page_of_the_store() -> None:
    record(PEOPLE)
    assert len(store_search.campaign_messages(list(ProviderMessage.objects.all()))) == PEOPLE


def a_page_of_the_campaign() -> None:
    assert len(exports.people(Campaign.objects.get(), None)) == PEOPLE


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda: record(PEOPLE), id="statuses of the whole batch"),
        pytest.param(lambda: record(2), id="statuses of some of it"),
        a_page_of_the_store,
        a_page_of_the_campaign,
    ],
)
def test_no_read_of_a_few_texts_scans_the_campaign(batch: Batch, read: Callable[[], object]) -> None:
    with CaptureQueriesContext(connection) as queries:
        read()
    reads = [query["sql"] for query in queries if 'FROM "campaigns_message"' in query["sql"]]
    assert reads
    with connection.cursor() as cursor:
        for sql in reads:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = "\n".join(step for *_, step in cursor.fetchall())
            assert "SEARCH campaigns_message USING INDEX" in plan, sql
            assert "message_in_campaign" not in plan, sql
