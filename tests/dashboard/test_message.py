"""One message of the provider's store."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from campaigns.models import Attempt, Batch, Campaign, ProviderMessage
from tests.dashboard import store_factories as store
from tests.dashboard.page_client import PageClient


def path(found: ProviderMessage) -> str:
    return f"/messages/{found.pk}/"


def attempt(batch: Batch, state: str, **fields: object) -> Attempt:
    now = timezone.now()
    return Attempt.objects.create(
        batch=batch,
        account=batch.account,
        sender=batch.sender,
        size=3,
        payload_hash="0" * 64,
        state=state,
        owner="here",
        prepared_at=now,
        sending_at=now,
        ended_at=now,
        **fields,
    )


def test_the_whole_life_of_one_of_ours(as_viewer: PageClient, sender: User) -> None:
    campaign = store.handed_over("b-1")
    Campaign.objects.filter(pk=campaign.pk).update(launched_by=sender)
    batch = Batch.objects.get(campaign=campaign)
    attempt(batch, "absent", note="missed")
    attempt(batch, "accepted", provider_id="b-1", http_status=201, request_id="req-7")
    found = ProviderMessage.objects.get(provider_id="b-1-2")
    html = as_viewer.page(path(found))
    steps = [
        "Row 3 of texas.csv",
        "Launched by sofia",
        "Handed to RingCentral",
        "Proved that the batch had never arrived",
        "RingCentral took the batch",
        "In RingCentral's store".replace("'", "&#x27;"),
        "Delivered",
    ]
    places = [html.index(f"{step}</p>") for step in steps]
    assert places == sorted(places)
    assert "HTTP 201, request req-7." in html
    assert "into batch 1 of “Autumn sale”" in html
    assert "As message b-1-2, in batch b-1." in html
    assert "Hi Person 1, 20% off today." in html
    assert f'href="/lists/{campaign.contact_list_id}/"' in html
    assert 'href="/batches/b-1/"' in html


def test_a_failure_says_why_and_what_to_do(as_viewer: PageClient) -> None:
    html = as_viewer.page(path(store.failed("f-1", text="Hi {{ x }} <b>")))
    assert "The number is not in use, or it cannot take texts." in html
    assert "Ask the person for a mobile number." in html
    assert "Not delivered (DeliveryFailed)" in html
    assert "another program: no campaign of Carillon sent it" in html
    assert "Hi &#123;&#123; x &#125;&#125; &lt;b&gt;" in html


def test_one_that_came_in(as_viewer: PageClient) -> None:
    found = store.message("i-1", inbound=True, text="Yes please")
    html = as_viewer.page(path(found))
    assert "A text from (212) 555-0101" in html
    assert "Received</p>" in html
    assert "Yes please" in html
    assert "/messages/?number=%2B12125550101" in html
    assert "another program" not in html


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"undelivered": "Queued", "segments": None, "cost": None}, "With RingCentral"),
        ({"undelivered": "Sent"}, "Sent to the carrier (Sent)"),
        ({"provider_status": "Parked", "undelivered": ""}, "Another state (Parked)"),
        ({"undelivered": ""}, "Unknown"),
        ({"text": ""}, "The text was not read yet."),
    ],
)
def test_every_state(as_viewer: PageClient, fields: dict[str, Any], said: str) -> None:
    assert said in as_viewer.page(path(store.message("m-1", **fields)))


def test_a_late_receipt_is_dated(as_viewer: PageClient) -> None:
    at = timezone.now() - timedelta(days=2)
    found = store.message("m-1", created_at=at, modified_at=at + timedelta(hours=3))
    html = as_viewer.page(path(found))
    assert html.count("<time") >= 3
    assert (at + timedelta(hours=3)).astimezone(timezone.get_default_timezone()).isoformat(
        "T", "seconds"
    ) in html
