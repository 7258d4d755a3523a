"""The people behind a count."""

import csv
import io

import pytest
from django.utils import timezone

from campaigns.models import Campaign, Message, RowState
from campaigns.sending import counters
from tests.dashboard import campaign_factories
from tests.dashboard.page_client import PageClient
from tests.support import factories


def path(campaign: Campaign, query: str = "", page: str = "people/") -> str:
    return f"/campaigns/{campaign.pk}/{page}{query}"


def launched(people: int = 3) -> Campaign:
    bad = [factories.bad_row(people + 2, "12", "too_short"), factories.bad_row(people + 3, "", "repeated")]
    columns = ("Phone", "First name", "City", "Shop", "Points")
    for row in bad:
        row["cells"] = '["12","Kim","x","x","x"]'
    return campaign_factories.launched(factories.contact_list(people=people, bad=bad, columns=columns))


def failed(campaign: Campaign) -> None:
    """The first person's text was handed over and did not arrive."""
    message = Message.objects.filter(campaign=campaign).earliest("pk")
    Message.objects.filter(pk=message.pk).update(
        state=Message.State.NOT_DELIVERED,
        error_code="SMS-UP-410",
        provider_id="m-1",
        cost="0.00850",
        changed_at=timezone.now(),
    )
    counters.move(campaign.pk, RowState.QUEUED, RowState.NOT_DELIVERED, 1)


def test_everyone_in_file_order(as_viewer: PageClient) -> None:
    page = as_viewer.page(path(launched()))
    assert "Where everyone is" in page
    assert page.index("Person 0") < page.index("Person 2") < page.index("Kim")
    assert "Hi Person 1, 20% off today." in page
    assert "<dt>Shop</dt>" in page
    assert "+1201" not in page
    assert "(201) 555-0100" in page


def test_those_behind_one_count_and_why(as_viewer: PageClient) -> None:
    campaign = launched()
    failed(campaign)
    page = as_viewer.page(path(campaign, "?state=not_delivered"))
    assert "1 person: Not delivered" in page
    assert "Person 0" in page
    assert "Person 1" not in page
    assert "(SMS-UP-410)" in page
    assert "$0.0085" in page
    bad = as_viewer.page(path(campaign, "?state=invalid"))
    assert "too few digits" in bad
    assert "too_short" not in bad
    assert "Person" not in bad.split("<tbody>")[1]


def test_pages_by_place_in_the_file(as_viewer: PageClient) -> None:
    campaign = launched(people=60)
    first = as_viewer.page(path(campaign, "?state=queued"))
    assert "Person 49" in first
    assert "Person 50" not in first
    following = first.split('rel="next"')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")
    second = as_viewer.page(following)
    assert "Person 50" in second
    assert "Person 49" not in second
    assert "page-first" in second
    assert 'rel="next"' not in second


def test_people_who_moved_on_meanwhile(as_viewer: PageClient) -> None:
    assert "Nobody is here now" in as_viewer.page(path(launched(), "?state=delivered"))
    campaign = Campaign.objects.get()
    assert "Back to the first page" in as_viewer.page(path(campaign, "?after=99999"))


@pytest.mark.parametrize("query", ["?state=nonsense", "?state=DELIVERED", "?state=draft"])
def test_unknown_state_is_no_page(as_viewer: PageClient, query: str) -> None:
    campaign = launched()
    assert as_viewer.get(path(campaign, query)).status_code == 404
    assert as_viewer.get(path(campaign, query, "people.csv")).status_code == 404


def test_file_of_those_behind_a_count(as_viewer: PageClient) -> None:
    campaign = launched()
    failed(campaign)
    answer = as_viewer.get(path(campaign, "?state=not_delivered", "people.csv"))
    assert (
        answer["Content-Disposition"] == f'attachment; filename="spring-sale-{campaign.pk}-not_delivered.csv"'
    )
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert [(row["First name"], row["Row"], row["Code"]) for row in rows] == [("Person 0", "2", "SMS-UP-410")]


def test_draft_has_no_people_yet(as_viewer: PageClient) -> None:
    draft = campaign_factories.draft()
    assert as_viewer.get(path(draft))["Location"] == f"/campaigns/{draft.pk}/review/"
    assert as_viewer.get(path(draft, page="people.csv")).status_code == 404
