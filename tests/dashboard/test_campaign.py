"""The live page and the part of it that is polled."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from campaigns.labels.holds import why_it_waits
from campaigns.models import Batch, Campaign, History
from campaigns.sending import lifecycle
from tests.dashboard import campaign_factories
from tests.dashboard.page_client import PageClient
from tests.support import factories


def path(campaign: Campaign) -> str:
    return f"/campaigns/{campaign.pk}/"


def running(state: str = "sending", /, **counts: int) -> Campaign:
    campaign = factories.campaign(name="Spring sale", state=state, segments=5000, price="0.0087")
    factories.counters(campaign, **(counts or {"delivered": 2, "with_carrier": 1}))
    return campaign


def batch(campaign: Campaign, number: int, **fields: Any) -> Batch:
    return Batch.objects.create(campaign=campaign, number=number, sender=campaign.sender, **fields)


def test_says_where_everyone_is_and_that_it_adds_up(as_viewer: PageClient) -> None:
    counts = {"delivered": 2604, "sent": 311, "with_carrier": 61, "queued": 1938, "not_delivered": 21}
    campaign = running(**counts, rejected=3, invalid=62)
    page = as_viewer.page(path(campaign))
    assert "adds up to" in page
    assert "the 5,000 rows" in page
    assert "of texas.csv" in page
    for count, state in [("2,604", "delivered"), ("311", "sent"), ("61", "with_carrier"), ("62", "invalid")]:
        assert f"/people/?state={state}" in page
        assert f">{count}<" in page
    assert "cannot be recalled" in page
    assert "4,938 texts" in page
    assert "$43.50 expected" in page


def test_sent_is_never_called_delivered(as_viewer: PageClient) -> None:
    page = as_viewer.page(path(running(sent=311)))
    assert "Sent, no receipt yet" in page
    assert "Delivered" not in page


def test_fragment_asks_again_by_itself_until_the_end(as_viewer: PageClient) -> None:
    campaign = running()
    fragment = as_viewer.fragment(f"{path(campaign)}batches/").content.decode()
    for text in (as_viewer.page(path(campaign)), fragment):
        assert f'hx-get="{path(campaign)}batches/"' in text
        assert 'hx-trigger="every ' in text
        assert "data-poll" in text
    Campaign.objects.filter(pk=campaign.pk).update(state="finished", finished_at=timezone.now())
    last = as_viewer.fragment(f"{path(campaign)}batches/", status=286).content.decode()
    assert "hx-get" not in last
    assert "Read the delivery report" in last
    assert 'id="campaign-state"' in last
    assert "Finished" in last
    assert "hx-get" not in as_viewer.page(path(campaign))


def test_unchanged_fragment_is_not_sent_again(as_viewer: PageClient, as_sender: PageClient) -> None:
    campaign = running()
    address = f"{path(campaign)}batches/"
    etag = as_viewer.fragment(address)["ETag"]
    asked = {"HX-Request": "true", "If-None-Match": etag}
    assert as_viewer.get(address, headers=asked).status_code == 304
    assert as_sender.get(address, headers=asked).status_code == 200
    factories.counters(campaign, delivered=3, with_carrier=0)
    assert as_viewer.get(address, headers=asked).status_code == 200


def test_what_is_announced_has_the_numbers(as_viewer: PageClient) -> None:
    page = as_viewer.fragment(f"{path(running(delivered=2, queued=3))}batches/").content.decode()
    assert 'data-announce="0 of 5 processed by RingCentral. 2 went to RingCentral and cannot be' in page


def test_poll_reads_counters_only(as_viewer: PageClient, django_assert_max_num_queries: Any) -> None:
    campaign = campaign_factories.launched(factories.contact_list(people=40), batch_size=10)
    as_viewer.fragment(f"{path(campaign)}batches/")
    with django_assert_max_num_queries(20) as queries:
        as_viewer.fragment(f"{path(campaign)}batches/")
    assert not [q["sql"] for q in queries.captured_queries if "campaigns_message" in q["sql"]]


def test_preparing_says_that_nothing_has_left(as_viewer: PageClient) -> None:
    campaign = running("preparing", queued=2)
    page = as_viewer.page(path(campaign))
    assert "Writing the texts: 2 of 3 rows done" in page
    assert "Nothing has been sent yet" in page
    assert 'id="batches"' not in page


def test_batches_say_how_far_each_is(as_viewer: PageClient) -> None:
    campaign = running(with_carrier=2000, in_doubt=1000)
    now = timezone.now()
    taken = {"state": "with_carrier", "size": 1000, "polled_at": now}
    moving = {"provider_size": 998, "processed_count": 940, "provider_status": "Processing"}
    done = {"provider_size": 1000, "processed_count": 1000, "provider_status": "Completed", "cost": "8.80000"}
    batch(campaign, 1, provider_id="b-1", **taken, **moving)
    batch(campaign, 2, provider_id="b-2", **taken, **done)
    batch(campaign, 3, size=1000, state="in_doubt")
    batch(
        campaign,
        4,
        size=9,
        provider_size=5,
        state="with_carrier",
        provider_id="b-4",
        provider_status="Paused",
    )
    page = as_viewer.page(path(campaign))
    assert "940 of 998" in page
    assert '<progress class="progress progress-thin" value="940" max="998"' in " ".join(page.split())
    assert "Processing" in page
    assert "$8.80" in page
    assert "Nobody in it is texted again" in page
    assert "Paused" not in page  # a word that nobody knows yet: our own stands for it
    assert f"read from RingCentral {timezone.localtime(now):%H:%M:%S %Z}" in page


def test_more_batches_than_fit(as_viewer: PageClient) -> None:
    campaign = running(queued=60)
    for number in range(1, 61):
        batch(campaign, number, size=1)
    assert "10 more batches are not shown" in as_viewer.page(path(campaign))


def test_doubt_is_explained(as_viewer: PageClient) -> None:
    page = as_viewer.page(path(running(in_doubt=500, delivered=1)))
    assert "500 texts are in doubt" in page
    assert "Nobody is texted again until its own records are read" in page
    assert "?state=in_doubt" in page


def test_trouble_that_passes_says_when_it_is_tried_again(as_viewer: PageClient) -> None:
    campaign = running(queued=5)
    later = timezone.now() + timedelta(minutes=5)
    wait = {
        "wait_reason": "provider_error",
        "wait_data": {"said": [{"text": "RingCentral cannot be reached.", "params": {}}]},
    }
    Campaign.objects.filter(pk=campaign.pk).update(**wait, next_retry_at=later)
    page = as_viewer.page(path(campaign))
    assert "Nothing is handed over at the moment" in page
    assert "The next try is" in page
    assert f"{timezone.localtime(later):%H:%M %Z}" in page


def held() -> Campaign:
    campaign = campaign_factories.launched()
    assert lifecycle.hold(
        campaign.pk,
        Campaign.HoldReason.PROVIDER_ERROR,
        said=[{"text": "RingCentral refused the credentials.", "params": {}}],
    )
    campaign.refresh_from_db()
    return campaign


def test_held_campaign_goes_on_when_a_sender_says_so(as_sender: PageClient) -> None:
    campaign = held()
    page = as_sender.page(path(campaign))
    assert "RingCentral refused the credentials." in page
    assert "3 texts are held here" in page
    assert "It goes on." in as_sender.send(f"{path(campaign)}try-again/").content.decode()
    campaign.refresh_from_db()
    assert (campaign.state, why_it_waits(campaign)) == (Campaign.State.SENDING, "")
    assert "somebody was quicker" in as_sender.send(f"{path(campaign)}try-again/").content.decode()


def test_only_a_sender_may_try_again(as_composer: PageClient) -> None:
    campaign = held()
    page = as_composer.page(path(campaign))
    assert "Ask someone with the sender role to let it go on." in page
    assert f"{path(campaign)}try-again/" not in page


def test_a_sender_pauses_and_lets_it_go_on(as_sender: PageClient, as_composer: PageClient) -> None:
    campaign = campaign_factories.launched()
    assert f"{path(campaign)}pause/" not in as_composer.page(path(campaign))
    assert f"{path(campaign)}pause/" in as_sender.page(path(campaign))
    page = as_sender.send(f"{path(campaign)}pause/").content.decode()
    assert "Paused. 3 are held here." in page
    assert "Paused by sofia at" in page
    assert "3 texts are held here" in page
    assert "Go on" in page
    assert "Try again" not in page
    assert "There was nothing to pause" in as_sender.send(f"{path(campaign)}pause/").content.decode()
    assert "It goes on." in as_sender.send(f"{path(campaign)}try-again/").content.decode()
    verbs = list(History.objects.filter(actor="sofia").values_list("kind", flat=True))
    assert verbs == ["resumed", "paused"]


def test_what_needs_a_decision_leads_to_it(as_viewer: PageClient) -> None:
    page = as_viewer.page(path(running(needs_review=412)))
    assert "412 texts need a decision" in page
    assert 'href="/review/"' in page


def test_nothing_left_to_stop(as_sender: PageClient) -> None:
    campaign = running(with_carrier=5, needs_review=2)
    page = as_sender.page(path(campaign))
    assert f"{path(campaign)}pause/" not in page
    assert f"{path(campaign)}cancel/" not in page


def test_a_pause_does_not_hide_a_doubt(as_viewer: PageClient) -> None:
    campaign = running("held", held=2, in_doubt=1)
    Campaign.objects.filter(pk=campaign.pk).update(**factories.PAUSED)
    page = as_viewer.page(path(campaign))
    assert "1 text is in doubt" in page
    assert page.count("Paused by sofia at ") == 1


def test_drafts_have_no_live_page(as_viewer: PageClient, as_composer: PageClient) -> None:
    draft = campaign_factories.draft()
    assert as_composer.get(path(draft))["Location"] == f"{path(draft)}edit/"
    assert as_viewer.get(path(draft))["Location"] == f"{path(draft)}review/"
    assert as_viewer.get(f"{path(draft)}batches/").status_code == 404
