"""The list of delivery reports."""

from campaigns.models import Batch
from tests.dashboard import campaign_factories
from tests.dashboard.page_client import PageClient
from tests.support import factories

PATH = "/reports/"


def test_nothing_sent_yet(as_viewer: PageClient) -> None:
    campaign_factories.draft()
    assert "No report yet" in as_viewer.page(PATH)


def test_each_campaign_with_what_became_of_it(as_viewer: PageClient) -> None:
    campaign = factories.campaign(name="Autumn", state="delivering")
    factories.counters(campaign, delivered=30, not_delivered=2, sent=8)
    Batch.objects.create(
        campaign=campaign,
        number=1,
        size=40,
        sender=campaign.sender,
        state="with_carrier",
        provider_id="b-1",
        totals={"delivered": {"count": 30, "cost": "0.25500", "error_codes": {}}},
    )
    page = as_viewer.page(PATH)
    assert f'href="/campaigns/{campaign.pk}/report/"' in page
    assert "75% of rows" in page
    assert "$0.26" in page
    assert "Waiting for receipts" in page
    assert f"/campaigns/{campaign.pk}/people/?state=not_delivered" in page


def test_pages(as_viewer: PageClient) -> None:
    contacts = factories.contact_list()
    made = [factories.campaign(contacts, name=f"Sale {n}!", state="finished") for n in range(26)]
    first = as_viewer.page(PATH)
    assert "Sale 25!" in first
    assert "Sale 0!" not in first
    second = as_viewer.page(f"{PATH}?before={made[1].pk}")
    assert "Sale 0!" in second
    assert "Nothing older" in as_viewer.page(f"{PATH}?before={made[0].pk}")
