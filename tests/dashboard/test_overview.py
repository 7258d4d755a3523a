import re

from campaigns.models import Batch, Campaign
from tests.dashboard.page_client import PageClient
from tests.support import factories

State = Campaign.State


def moving(name: str = "Spring sale", state: str = State.SENDING, **fields: object) -> Campaign:
    campaign = factories.campaign(factories.contact_list(), name=name, state=state, **fields)
    factories.counters(campaign, delivered=40, with_carrier=10, queued=50, invalid=3)
    return campaign


def test_empty_site_teaches_three_steps(as_composer: PageClient) -> None:
    html = as_composer.page("/")
    assert "<h1>Your first campaign, in three steps</h1>" in html
    assert 'href="/lists/new/"' in html
    assert "samples/recipients.csv" in html
    assert "/campaigns/new/" not in html
    assert "hx-get" not in html


def test_second_step_when_there_is_a_list(as_composer: PageClient) -> None:
    factories.contact_list()
    html = as_composer.page("/")
    assert "Done: you have 1 list of contacts." in html
    assert 'class="btn btn-primary" href="/campaigns/new/"' in html
    assert "samples/recipients.csv" not in html


def test_viewer_learns_why_there_are_no_buttons(as_viewer: PageClient) -> None:
    html = as_viewer.page("/")
    assert "you need the role composer" in html
    assert 'href="/lists/new/"' not in html


def test_running_campaign(as_viewer: PageClient) -> None:
    campaign = moving()
    Batch.objects.create(
        campaign=campaign,
        number=1,
        size=50,
        sender=campaign.sender,
        state=Batch.State.ACCEPTED,
        provider_size=50,
        processed_count=42,
    )
    html = as_viewer.page("/")
    assert "<h1>What is going out now?</h1>" in html
    assert f'href="/campaigns/{campaign.pk}/"' in html
    assert "<strong>42 of 100 texts</strong> processed by RingCentral" in html
    assert '<progress class="progress" value="42" max="100"' in " ".join(html.split())
    assert 'hx-get="/moving/"' in html


def test_trouble_is_said(as_viewer: PageClient) -> None:
    moving(state=State.HELD, **factories.refused("RingCentral refused the credentials."))
    assert "RingCentral refused the credentials." in as_viewer.page("/")


def test_what_waits_for_a_person_is_not_pushed_off_the_page(as_viewer: PageClient) -> None:
    moving("Paused", State.HELD, **factories.PAUSED)
    moving("Forgotten", State.DELIVERING)
    for number in range(1, 6):
        moving(f"Newer {number}", State.DELIVERING)
    for html in (as_viewer.page("/"), as_viewer.fragment("/moving/").content.decode()):
        names = re.findall(r'href="/campaigns/\d+/">([^<]+)</a>', html)
        assert names == ["Paused", "Newer 5", "Newer 4", "Newer 3", "Newer 2"]
        assert '<a href="/campaigns/">2 more campaigns are under way</a>' in html
    Campaign.objects.filter(name__in=["Forgotten", "Newer 1"]).update(state=State.FINISHED)
    assert "under way" not in as_viewer.page("/")


def test_finished_and_drafts(as_viewer: PageClient) -> None:
    done = factories.campaign(name="Winter sale", state=State.FINISHED)
    factories.counters(done, delivered=970, not_delivered=30, duplicate=5, excluded=5, invalid=5)
    draft = factories.campaign(name="Summer sale")
    bare = Campaign.objects.create(name="Without a list")
    html = as_viewer.page("/")
    assert "<h1>Nothing is going out right now</h1>" in html
    assert "970 of 1,000" in html
    assert f'href="/campaigns/{done.pk}/report/"' in html
    for campaign in (draft, bare):
        assert f'href="/campaigns/{campaign.pk}/review/"' in html
    assert "No list chosen" in html


def test_fragment_carries_its_next_delay(as_viewer: PageClient) -> None:
    moving(state=State.PREPARING)
    html = as_viewer.fragment("/moving/").content.decode()
    assert 'hx-trigger="every 1s, wake"' in html
    assert "<h1" not in html


def test_last_fragment_ends_the_asking(as_viewer: PageClient) -> None:
    html = as_viewer.fragment("/moving/", status=286).content.decode()
    assert "hx-get" not in html
    assert 'id="live"' in html
    assert "Nothing is going out any more." in html
    assert "handed over" not in html, "it may have been cancelled"
