"""A press on a button after the session ended: not carried out, and nobody stands before a blank page."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User

from campaigns.models import Campaign, Discrepancy, OptOut
from campaigns.receipts import discrepancies
from tests.dashboard.page_client import PageClient
from tests.dashboard.test_campaign import path, running
from tests.support import factories

LOST = "Your press on the button was not carried out"


def press_and_sign_in(client: PageClient, user: User, button: str, **fields: Any) -> Any:
    """What somebody does whose session ended: press, sign in, and go where the sign-in leads."""
    door = client.post(button, fields)["Location"]
    [wanted] = parse_qs(urlsplit(door).query)["next"]
    signed_in = {"username": user.username, "password": factories.PASSWORD, "next": wanted}
    return client.post("/sign-in/", signed_in, follow=True)


@pytest.mark.parametrize("button", ["pause/", "try-again/", "undo/"])
def test_a_press_on_a_campaign_leads_back_to_it(stranger: PageClient, sender: User, button: str) -> None:
    campaign = running(with_carrier=1, queued=2)
    answer = press_and_sign_in(stranger, sender, f"{path(campaign)}{button}")
    assert answer.status_code == 200
    assert answer.redirect_chain[-1][0] == path(campaign)
    page = answer.content.decode()
    assert LOST in page
    assert f'action="{path(campaign)}pause/"' in page
    campaign.refresh_from_db()
    assert (campaign.state, campaign.hold_reason) == (Campaign.State.SENDING, "")
    # Pressed again, it is done.
    assert "Paused." in stranger.send(f"{path(campaign)}pause/").content.decode()


@pytest.mark.parametrize(
    ("button", "leads_to"), [("/messages/refresh/", "/messages/"), ("/sign-out/", "/")], ids=str
)
def test_other_presses_lead_to_their_pages(
    stranger: PageClient, composer: User, button: str, leads_to: str
) -> None:
    answer = press_and_sign_in(stranger, composer, button)
    assert answer.redirect_chain[-1][0] == leads_to
    assert LOST in answer.content.decode()


def test_what_somebody_knew_is_not_settled(stranger: PageClient, sender: User) -> None:
    kind = Discrepancy.Kind.UNKNOWN_BATCH
    discrepancies.record(kind, "1", "b-9", {"texts": 3}, sender="+16505550100")
    button = f"/review/known/{Discrepancy.objects.get().pk}/"
    page = press_and_sign_in(stranger, sender, button).content.decode()
    assert LOST in page
    assert f'action="{button}"' in page
    assert discrepancies.unsettled().count() == 1


def test_numbers_that_were_not_added_are_said_so(stranger: PageClient, composer: User) -> None:
    answer = press_and_sign_in(stranger, composer, "/opt-outs/add/", numbers="512 555 0101", note="Austin")
    assert answer.redirect_chain[-1][0] == "/opt-outs/"
    page = answer.content.decode()
    assert "Nothing was added just now" in page
    assert "Enter the numbers once more" in page
    assert 'action="/opt-outs/add/"' in page
    assert not OptOut.objects.exists()
    assert all("555" not in place for place, _ in answer.redirect_chain), "no number stands in an address"


def test_somebody_without_the_role_is_told_so(stranger: PageClient, viewer: User) -> None:
    campaign = running()
    answer = press_and_sign_in(stranger, viewer, f"{path(campaign)}pause/")
    assert answer.status_code == 403
    assert "Your role does not allow this" in answer.content.decode()


@pytest.mark.parametrize("address", ["/opt-outs/add/", "/campaigns/1/pause/", "/sign-out/"])
def test_another_method_is_refused_and_told_which_is_right(as_sender: PageClient, address: str) -> None:
    answer = as_sender.put(address)
    assert (answer.status_code, "POST" in answer["Allow"]) == (405, True)
    assert as_sender.head(address).status_code == 302
