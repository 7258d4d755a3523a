"""Cancelling the rest of a campaign, with one question before."""

from campaigns.models import Campaign, Counters, History
from tests.dashboard import campaign_factories
from tests.dashboard.page_client import PageClient
from tests.support import factories


def path(campaign: Campaign) -> str:
    return f"/campaigns/{campaign.pk}/cancel/"


def test_says_what_can_be_stopped_and_what_cannot(as_sender: PageClient) -> None:
    campaign = factories.campaign(state="sending")
    factories.counters(campaign, with_carrier=3000, queued=17000, submitting=1, in_doubt=500)
    page = " ".join(as_sender.page(path(campaign)).split())
    assert "17,000 texts were not handed over yet" in page
    assert "3,000 texts are with RingCentral and cannot be recalled" in page
    assert "1 text is being handed over at this moment" in page
    assert "500 texts are in doubt" in page
    assert Campaign.objects.get().state == "sending", "looking changes nothing"


def test_what_is_in_doubt_may_be_with_the_carrier(as_sender: PageClient) -> None:
    campaign = factories.campaign(state="sending")
    factories.counters(campaign, in_doubt=500)
    page = " ".join(as_sender.page(path(campaign)).split())
    assert "500 texts are in doubt: whatever is found or decided, they are not sent again." in page
    assert "Nothing waits here any more." in page
    assert "None is with RingCentral" not in page
    assert "Cancel 0 texts" not in page
    factories.counters(campaign, in_doubt=500, queued=10)
    assert "None is with RingCentral" not in as_sender.page(path(campaign))
    after = " ".join(as_sender.send(path(campaign)).content.decode().split())
    assert "500 texts may have left" in after
    assert "nothing was sent" not in after


def test_while_the_texts_are_written_nobody_knows_how_many_they_are(as_sender: PageClient) -> None:
    campaign = factories.campaign(state="preparing")
    factories.counters(campaign, queued=20)
    page = as_sender.page(path(campaign))
    assert "none of them will ever be sent" in page
    assert "20 texts" not in page


def test_one_press_cancels_and_the_second_says_so(as_sender: PageClient) -> None:
    campaign = campaign_factories.launched()
    page = as_sender.send(path(campaign)).content.decode()
    assert "Cancelled: 3 texts are kept from leaving." in page
    assert "Cancelled by sofia" in page
    assert "3 texts were not sent." in page
    assert Counters.objects.get().as_dict()["cancelled"] == 3
    assert Campaign.objects.get().state == "finished"
    assert "There is nothing to cancel" in as_sender.send(path(campaign)).content.decode()
    assert History.objects.filter(kind="cancelled", actor="sofia").count() == 1
    assert as_sender.get(path(campaign))["Location"] == f"/campaigns/{campaign.pk}/"


def test_a_held_campaign_can_be_cancelled(as_sender: PageClient) -> None:
    campaign = campaign_factories.launched()
    as_sender.send(f"/campaigns/{campaign.pk}/pause/")
    assert path(campaign) in as_sender.page(f"/campaigns/{campaign.pk}/")
    as_sender.send(path(campaign))
    assert Counters.objects.get().as_dict()["cancelled"] == 3


def test_only_a_sender_may_cancel(as_composer: PageClient) -> None:
    campaign = campaign_factories.launched()
    assert path(campaign) not in as_composer.page(f"/campaigns/{campaign.pk}/")


def test_a_draft_has_nothing_to_cancel(as_sender: PageClient) -> None:
    campaign = campaign_factories.draft()
    assert as_sender.post(path(campaign)).status_code == 302
    assert Campaign.objects.get().state == "draft"
