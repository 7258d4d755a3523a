"""Every campaign."""

from django.contrib.auth.models import User

from campaigns.models import Campaign
from tests.dashboard import campaign_factories
from tests.dashboard.page_client import PageClient
from tests.support import factories

PATH = "/campaigns/"


def test_empty_site_teaches_the_first_step(as_composer: PageClient) -> None:
    assert "no list of people" in as_composer.page(PATH)
    factories.contact_list()
    assert "Start the first campaign" in as_composer.page(PATH)


def test_each_stage_has_its_section(as_sender: PageClient) -> None:
    draft = campaign_factories.draft(name="Still a draft")
    held = factories.campaign(
        name="Stuck", state="held", **factories.refused("The credentials were refused.")
    )
    done = factories.campaign(name="All done", state="finished")
    factories.counters(held, held=2, delivered=1)
    factories.counters(done, delivered=1204, not_delivered=3)
    page = as_sender.page(PATH)
    for title in ("Under way", "Drafts", "Finished"):
        assert f">{title}<" in page
    assert f"/campaigns/{draft.pk}/edit/" in page
    assert "The credentials were refused." in page
    assert "1,204" in page
    assert f"/campaigns/{done.pk}/people/?state=delivered" in page


def test_viewer_gets_no_way_to_write(as_viewer: PageClient) -> None:
    draft = campaign_factories.draft()
    page = as_viewer.page(PATH)
    assert f"/campaigns/{draft.pk}/review/" in page
    assert f"/campaigns/{draft.pk}/edit/" not in page
    assert "/campaigns/new/" not in page


def test_finished_campaigns_come_in_pages(as_viewer: PageClient) -> None:
    contacts = factories.contact_list()
    made = [factories.campaign(contacts, name=f"Sale {n}", state="finished") for n in range(27)]
    first = as_viewer.page(PATH)
    assert "Sale 26" in first
    assert f">{made[1].name}<" not in first
    second = as_viewer.page(f"{PATH}?before={made[2].pk}")
    assert f">{made[1].name}<" in second
    assert f">{made[26].name}<" not in second
    assert "Nothing older" in as_viewer.page(f"{PATH}?before={made[0].pk}")


def test_deleting_a_draft_asks_first(as_composer: PageClient, composer: User) -> None:
    draft = campaign_factories.draft(name="Old idea")
    asked = as_composer.page(f"/campaigns/{draft.pk}/delete/")
    assert "Delete the draft “Old idea”?" in asked
    assert Campaign.objects.count() == 1
    assert "is deleted" in as_composer.send(f"/campaigns/{draft.pk}/delete/").content.decode()
    assert Campaign.objects.count() == 0


def test_what_was_launched_cannot_be_deleted(as_sender: PageClient) -> None:
    sent = campaign_factories.launched()
    for call in (as_sender.get, as_sender.post):
        response = call(f"/campaigns/{sent.pk}/delete/", follow=True)
        assert "its record stays" in response.content.decode()
    assert Campaign.objects.count() == 1
