"""Throwing a draft away, with one question before. What was launched stays."""

from campaigns.models import Campaign, ContactList
from tests.dashboard import campaign_factories
from tests.dashboard.page_client import PageClient


def path(campaign: Campaign) -> str:
    return f"/campaigns/{campaign.pk}/delete/"


def test_asks_first_and_then_deletes_the_draft_alone(as_composer: PageClient) -> None:
    draft = campaign_factories.draft()
    assert "Delete the draft “Spring sale”?" in as_composer.page(path(draft))
    assert Campaign.objects.exists(), "looking changes nothing"
    assert "Nobody was texted." in as_composer.send(path(draft)).content.decode()
    assert not Campaign.objects.exists()
    assert ContactList.objects.exists()


def test_a_second_press_finds_nothing(as_composer: PageClient) -> None:
    draft = campaign_factories.draft()
    as_composer.send(path(draft))
    assert as_composer.post(path(draft)).status_code == 404


def test_what_was_launched_stays(as_composer: PageClient) -> None:
    campaign = campaign_factories.launched()
    for ask in (as_composer.get, as_composer.post):
        assert ask(path(campaign))["Location"] == f"/campaigns/{campaign.pk}/"
    assert "its record stays" in as_composer.page(f"/campaigns/{campaign.pk}/")
    assert Campaign.objects.exists()
