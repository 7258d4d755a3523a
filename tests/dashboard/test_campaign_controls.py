"""The live page while a campaign can be taken back, is stopped as its texts are written, or asks a person."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone

from campaigns.models import Batch, Campaign, Counters, History, RowState
from campaigns.sending import canary, counters, launch, lifecycle
from dashboard.views.campaign_review import seen
from tests.dashboard import campaign_factories
from tests.dashboard.page_client import PageClient
from tests.dashboard.test_campaign import path, running
from tests.support import factories


def leaving(*, frozen: bool = True) -> Campaign:
    """Launched a moment ago; a minute to take it back."""
    campaign = campaign_factories.draft()
    assert launch.launch(campaign, user=None, undo_seconds=60)
    if frozen:
        launch.freeze(campaign.pk)
    campaign.refresh_from_db()
    return campaign


def test_the_press_on_send_leaves_time_to_undo(as_sender: PageClient, settings: LazySettings) -> None:
    settings.UNDO_SECONDS = 90.0
    draft = campaign_factories.draft()
    review = f"{path(draft)}review/"
    assert "You can take it back for 90 seconds." in as_sender.page(review)
    page = as_sender.send(review, batch_size=1000, seen=seen(draft)).content.decode()
    draft.refresh_from_db()
    assert draft.undo_until is not None
    assert draft.launched_at is not None
    assert draft.undo_until - draft.launched_at == timedelta(seconds=90)
    assert f"Leaves at {timezone.localtime(draft.undo_until):%H:%M:%S %Z}" in page
    assert f"{path(draft)}undo/" in page


@pytest.mark.parametrize("frozen", [True, False])
def test_it_counts_down_by_the_poll(as_sender: PageClient, frozen: bool) -> None:
    campaign = leaving(frozen=frozen)
    end = campaign.undo_until
    assert end is not None
    address = f"{path(campaign)}batches/"
    with time_machine.travel(end - timedelta(seconds=42), tick=False):
        first = as_sender.fragment(address)
        page = first.content.decode()
        assert "in <strong>42 seconds</strong>" in page
        assert 'hx-trigger="every 1s, wake"' in page
    with time_machine.travel(end - timedelta(seconds=1), tick=False):
        answer = as_sender.get(address, headers={"HX-Request": "true", "If-None-Match": first["ETag"]})
        assert answer.status_code == 200
        assert "in <strong>1 second</strong>" in answer.content.decode()
    with time_machine.travel(end + timedelta(seconds=1), tick=False):
        assert "Leaves at" not in as_sender.page(path(campaign))


@pytest.mark.parametrize("frozen", [True, False])
def test_undo_opens_the_same_contents_as_a_draft_and_twice_leads_there_too(
    as_sender: PageClient, frozen: bool
) -> None:
    campaign = leaving(frozen=frozen)
    first = as_sender.post(f"{path(campaign)}undo/")
    draft = Campaign.objects.get(state=Campaign.State.DRAFT)
    assert first["Location"] == f"{path(draft)}edit/"
    assert as_sender.post(f"{path(campaign)}undo/")["Location"] == first["Location"]
    page = as_sender.page(first["Location"])
    assert page.count("Taken back: nothing was sent.") == 1
    assert campaign.text in page.replace("&quot;", '"')
    assert Campaign.objects.count() == 2
    assert History.objects.filter(kind="undone").count() == 1
    launch.freeze(campaign.pk)
    old = " ".join(as_sender.page(path(campaign)).split())
    assert "Taken back by sofia" in old
    assert "nothing was sent" in old
    assert "3 texts were not sent." in old
    assert "Nobody got a text." in old
    assert "$" not in old
    assert Counters.objects.get(campaign=campaign).cancelled == 3


def test_too_late_to_undo(as_sender: PageClient) -> None:
    campaign = running(with_carrier=3000, queued=17000)
    page = as_sender.send(f"{path(campaign)}undo/").content.decode()
    assert "It is too late to take it back." in page
    assert "3,000 are with RingCentral and cannot be recalled; 17,000 are waiting here." in page


def test_only_a_sender_takes_it_back(as_composer: PageClient) -> None:
    campaign = leaving()
    page = as_composer.page(path(campaign))
    assert "Leaves at" in page
    assert f"{path(campaign)}undo/" not in page


def test_paused_in_that_minute_it_can_still_be_taken_back(as_sender: PageClient) -> None:
    campaign = leaving()
    page = as_sender.send(f"{path(campaign)}pause/").content.decode()
    assert "Leaves at" not in page
    assert "Take it back and edit it" in page
    assert as_sender.post(f"{path(campaign)}undo/")["Location"].endswith("/edit/")


def test_while_the_texts_are_written_it_can_be_paused_and_cancelled(as_sender: PageClient) -> None:
    campaign = leaving(frozen=False)
    page = as_sender.page(path(campaign))
    assert f"{path(campaign)}pause/" in page
    assert f"{path(campaign)}cancel/" in page
    page = as_sender.send(f"{path(campaign)}pause/").content.decode()
    assert "the texts are written to the end and then held" in page
    assert "Go on" in page
    assert "It goes on." in as_sender.send(f"{path(campaign)}try-again/").content.decode()
    assert "Cancel the rest of" in as_sender.page(f"{path(campaign)}cancel/")
    address = f"{path(campaign)}batches/"
    etag = as_sender.fragment(address)["ETag"]
    page = as_sender.send(f"{path(campaign)}cancel/").content.decode()
    assert as_sender.get(address, headers={"HX-Request": "true", "If-None-Match": etag}).status_code == 200
    assert "Cancelled: nothing of it is sent." in page
    assert "Cancelled by sofia" in page
    assert f"{path(campaign)}pause/" not in page
    assert f"{path(campaign)}cancel/" not in page
    assert "There is nothing to cancel" in as_sender.send(f"{path(campaign)}cancel/").content.decode()
    launch.freeze(campaign.pk)
    assert Counters.objects.get().cancelled == 3


def asking() -> Campaign:
    campaign = running(delivered=46, not_delivered=3, sent=1, queued=950)
    Batch.objects.create(
        campaign=campaign, number=1, size=50, sender=campaign.sender, state="with_carrier",
        totals={"delivery_failed": {"count": 3, "cost": "0", "error_codes": {"SMS-UP-430": 3}}},
    )  # fmt: skip
    Campaign.objects.update(canary=50)
    assert lifecycle.hold(campaign.pk, Campaign.HoldReason.CANARY, texts=50, state="with_carrier")
    return campaign


def test_a_canary_shows_its_receipts_and_asks(as_sender: PageClient, as_composer: PageClient) -> None:
    campaign = asking()
    page = " ".join(as_sender.page(path(campaign)).split())
    assert "The first 50 texts have left. Should it go on?" in page
    assert '?state=delivered">46</a> Delivered' in page
    assert '?state=not_delivered">3</a> Not delivered' in page
    assert "3 × SMS-UP-430: A spam filter on the way to the carrier stopped the text." in page
    assert "Go on</button>" in page
    assert "Stop</a>" in page
    assert "Try again" not in page
    assert "Go on</button>" not in as_composer.page(path(campaign))
    assert "It goes on." in as_sender.send(f"{path(campaign)}try-again/").content.decode()
    campaign.refresh_from_db()
    assert campaign.canary_confirmed_at is not None


@pytest.mark.parametrize(("people", "offered"), [(canary.SIZE, False), (canary.SIZE + 1, True)])
def test_a_canary_is_offered_where_it_makes_sense(as_sender: PageClient, people: int, offered: bool) -> None:
    draft = campaign_factories.draft(factories.contact_list(people=people))
    assert (
        "First send it to 50 people and wait for me" in as_sender.page(f"{path(draft)}review/")
    ) is offered


@pytest.mark.parametrize(
    ("chosen", "stored"),
    [
        ({}, (0, "retry")),
        ({"canary": "on"}, (50, "retry")),
        ({"on_not_found": "review"}, (0, "review")),
        ({"canary": "on", "batch_size": 100, "on_not_found": "retry"}, (50, "retry")),
    ],
)
def test_what_is_chosen_before_the_press(
    as_sender: PageClient, chosen: dict[str, object], stored: tuple[int, str]
) -> None:
    draft = campaign_factories.draft(factories.contact_list(people=60))
    as_sender.send(f"{path(draft)}review/", **{"batch_size": 1000, "seen": seen(draft)} | chosen)
    draft.refresh_from_db()
    assert (draft.canary, draft.on_not_found) == stored


def test_no_third_way_for_a_lost_answer(as_sender: PageClient) -> None:
    draft = campaign_factories.draft()
    page = as_sender.refused(f"{path(draft)}review/", batch_size=1000, seen=seen(draft), on_not_found="maybe")
    assert "Choose one of the two." in page
    assert Campaign.objects.get().is_draft


@pytest.mark.parametrize(
    ("state", "counts", "said"),
    [
        ("sending", {"queued": 2}, "It goes on already: somebody was quicker."),
        ("delivering", {"sent": 2}, "there is nothing left to go on with."),
        ("finished", {"delivered": 2}, "there is nothing left to go on with."),
        ("finished", {"cancelled": 2}, "what had not been handed over is never sent."),
        ("draft", {}, "It is a draft: nothing of it was sent yet."),
    ],
)
def test_go_on_says_why_it_does_not(
    as_sender: PageClient, state: str, counts: dict[str, int], said: str
) -> None:
    campaign = factories.campaign(state=state, finished_at=timezone.now() if state == "finished" else None)
    factories.counters(campaign, **counts)
    as_sender.post(f"{path(campaign)}try-again/")
    assert said in as_sender.page("/campaigns/")


def test_a_cancelled_campaign_costs_what_was_handed_over(as_viewer: PageClient) -> None:
    campaign = running("finished", delivered=100, cancelled=4900)
    Campaign.objects.update(finished_at=timezone.now())
    assert "100 texts were handed over · not billed yet" in as_viewer.page(path(campaign))
    Batch.objects.create(
        campaign=campaign, number=1, size=100, sender=campaign.sender, state="with_carrier", cost="0.87"
    )
    page = as_viewer.page(path(campaign))
    assert "100 texts were handed over · $0.87 billed so far" in page
    assert "$43.50" not in page
    assert "Cancelled</span>" in page
    assert "4,900 cancelled" in as_viewer.page("/campaigns/")


def with_quarantine() -> Campaign:
    """Its first batch is kept back for having killed too many programs; another one leaves."""
    campaign = campaign_factories.launched(batch_size=2)
    first = Batch.objects.get(number=1)
    Batch.objects.filter(pk=first.pk).update(state=Batch.State.HELD, hold_reason="quarantine")
    counters.move(campaign.pk, RowState.QUEUED, RowState.HELD, first.size)
    return campaign


def test_a_batch_that_is_kept_back_while_others_leave_is_tried_again(as_sender: PageClient) -> None:
    campaign = with_quarantine()
    page = as_sender.page(path(campaign))
    assert "Some texts are held back; the others leave" in page
    assert "Batch 1 is held back" in page
    assert "2 texts are held here" in page
    assert "It goes on." in as_sender.send(f"{path(campaign)}try-again/").content.decode()
    batch = Batch.objects.get(number=1)
    assert (batch.state, batch.hold_reason) == (Batch.State.QUEUED, "")
    assert (Counters.objects.get().held, Counters.objects.get().queued) == (0, 3)
    assert History.objects.get(kind="batch_released").actor == "sofia"
    assert "somebody was quicker" in as_sender.send(f"{path(campaign)}try-again/").content.decode()


def test_who_may_not_send_is_told_whom_to_ask_about_a_batch_that_is_kept_back(as_viewer: PageClient) -> None:
    campaign = with_quarantine()
    page = as_viewer.page(path(campaign))
    assert "Ask someone with the sender role to let it go on." in page
    assert f"{path(campaign)}try-again/" not in page
