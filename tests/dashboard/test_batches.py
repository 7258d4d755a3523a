"""The provider's batches."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from campaigns.models import Batch, Message, ProviderMessage
from tests.dashboard import campaign_factories
from tests.dashboard import store_factories as store
from tests.dashboard.page_client import PageClient

PATH = "/batches/"


def shown(html: str) -> list[str]:
    return re.findall(r'href="/batches/([^"/]+)/"', html)


def test_never_read_and_empty(as_viewer: PageClient) -> None:
    assert "Nothing was read from RingCentral yet" in as_viewer.page(PATH)
    store.account()
    assert "A campaign leaves in batches of up to 10,000 texts." in as_viewer.page(PATH)


def test_ours_lead_to_their_campaign(as_viewer: PageClient) -> None:
    campaign = store.handed_over("b-ours", size=3, processed=1, status="Processing")
    store.batch("b-else", sender=store.TOLL_FREE, size=2000, processed=2000, cost="14")
    store.batch("b-bare", status="", size=0, processed=0)
    html = as_viewer.page(PATH)
    assert f'href="/campaigns/{campaign.pk}/"' in html
    assert "batch 1 · (650) 555-0100" in html
    assert "1 of 3" in html
    assert html.count("another program") == 2
    assert "2,000 of 2,000" in html
    assert "$14.00" in html
    assert "Not described yet" in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "new old slow"),
        ("sender=%2B16505550100", "new old"),
        ("status=Processing", "slow"),
        ("status=Completed&sender=%2B18885550100", ""),
        ("status=Processing&sender=%2B18885550100", "slow"),
        ("start=TODAY", "new slow"),
        ("end=YESTERDAY", "old"),
    ],
)
def test_search(as_viewer: PageClient, query: str, found: str) -> None:
    store.account()
    campaign_factories.numbers(store.OURS, store.TOLL_FREE)
    noon = timezone.localtime().replace(hour=12, minute=0)
    store.batch("new", created_at=noon)
    store.batch("old", created_at=noon - timedelta(days=3))
    store.batch("slow", created_at=noon, status="Processing", sender=store.TOLL_FREE)
    for word, moment in (("TODAY", noon), ("YESTERDAY", noon - timedelta(days=1))):
        query = query.replace(word, moment.date().isoformat())
    html = as_viewer.page(f"{PATH}?{query}")
    assert sorted(shown(html)) == found.split()
    assert ("No batch like this" in html) is (not found)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sender=%2B15550000000", "This is no number of the account."),
        ("status=Lost", "Choose one of these."),
        ("start=2026-13-01", "This is no date."),
        ("start=2026-11-03&end=2026-11-01", "This day is before the first one."),
    ],
)
def test_silly_searches_get_a_sentence(as_viewer: PageClient, query: str, said: str) -> None:
    store.batch()
    html = as_viewer.page(f"{PATH}?{query}")
    assert said in html
    assert shown(html) == []


def test_pages(as_viewer: PageClient) -> None:
    now = timezone.now()
    made = [store.batch(f"b-{n:02}", created_at=now - timedelta(minutes=n)) for n in range(53)]
    first = as_viewer.page(PATH)
    assert shown(first) == [f"b-{n:02}" for n in range(50)]
    assert f'href="?before={made[49].pk}"' in first
    second = as_viewer.page(f"{PATH}?before={made[49].pk}")
    assert shown(second) == ["b-50", "b-51", "b-52"]
    assert shown(as_viewer.page(f"{PATH}?after={made[50].pk}")) == shown(first)
    assert "Nothing further this way" in as_viewer.page(f"{PATH}?before={made[52].pk}")


def test_refresh_is_for_composers(as_viewer: PageClient, as_composer: PageClient) -> None:
    store.account()
    assert "Refresh" not in as_viewer.page(PATH)
    html = as_composer.page(f"{PATH}?status=Completed")
    assert 'name="back" value="/batches/?status=Completed"' in " ".join(html.split())


@pytest.mark.parametrize("at", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)])
@pytest.mark.parametrize("zone", ["America/Chicago", "Asia/Tokyo"])
def test_times_that_were_never_true_stop_no_page(as_sender: PageClient, at: datetime, zone: str) -> None:
    """They were taken in before such times were refused."""
    campaign = store.handed_over("b-ours", created_at=at, modified_at=at, last_listed_at=at)
    text = ProviderMessage.objects.order_by("id").last()
    assert text is not None
    ProviderMessage.objects.update(created_at=at, modified_at=at)
    Batch.objects.update(provider_created_at=at, completed_at=at)
    Message.objects.update(state=Message.State.DELIVERED, changed_at=at)
    own, number = f"/campaigns/{campaign.pk}/", f"number=%2B{text.other_number[1:]}"
    pages = (
        *(PATH, f"{PATH}b-ours/", "/messages/", f"/messages/{text.pk}/", "/reports/", "/", "/numbers/"),
        *(own, f"{own}report/", f"{own}people/?state=delivered", f"/why/?{number}"),
    )
    with timezone.override(zone):
        for path in pages:
            assert as_sender.get(path).status_code in (200, 286), path
        assert as_sender.fragment(f"{own}batches/")
        for path in (f"{own}report.csv", f"{own}people.csv?state=delivered", f"/why.csv?{number}"):
            assert as_sender.get(path).getvalue(), path
