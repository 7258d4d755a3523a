"""Step 3 of 3: the checks, and the press that sends."""

from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User

from campaigns.models import Campaign, History, Price
from dashboard.views.campaign_review import seen
from tests.dashboard import campaign_factories
from tests.dashboard.campaign_factories import LOCAL, PLAIN
from tests.dashboard.page_client import PageClient
from tests.support import factories

NOON, EVENING = "2026-11-23 18:00:00+00:00", "2026-11-24 02:59:58+00:00"
"""In Chicago, where the site's clock stands: 12:00 and 20:59:58."""


def path(campaign: Campaign) -> str:
    return f"/campaigns/{campaign.pk}/review/"


def press(campaign: Campaign, **more: Any) -> dict[str, Any]:
    """What the page's one button sends."""
    return {"batch_size": 1000, "seen": seen(campaign)} | more


def test_everything_is_said_before_the_press(sender: User) -> None:
    contacts = factories.contact_list(
        people=120,
        bad=[factories.bad_row(200, "12", "too_short"), factories.bad_row(201, "", "repeated")],
    )
    factories.opt_out(factories.phone(5))
    with time_machine.travel(NOON):
        page = PageClient(sender).page(path(campaign_factories.draft(contacts)))
    assert "Who: 119 people from “Texas stores”" in page
    assert "3 of the 122 rows are left out: 1 opted out, 1 repeated, 1 without a usable number." in page
    assert "From: (650) 555-0100, local number" in page
    assert "the last one leaves at 12:01 CST" in page
    assert "What: one text with 1 field" in page
    assert "Cost: $1.01 expected" in page
    assert "119 segments at $0.0085" in page
    assert "Send 119 texts from" in page
    assert "for about <strong>$1.01</strong>" in page
    assert ">Stop<" not in page
    assert ">Look<" not in page


def test_people_whom_the_account_cannot_reach(sender: User) -> None:
    contacts = factories.contact_list(people=5)
    factories.give_phones(contacts, "+442079460000", "+18765550100", "+442079460001")
    with time_machine.travel(NOON):
        page = PageClient(sender).page(path(campaign_factories.draft(contacts)))
    assert "3 people are in a country that the account cannot text" in page
    assert "United Kingdom 2, Jamaica 1." in page
    assert "Who: 2 people from" in page
    assert "3 of the 5 rows are left out: 3 in a country that the account cannot text." in page
    assert "2 segments at $0.0085" in page
    assert "Send 2 texts from" in page


def test_late_in_the_evening_it_says_look(sender: User) -> None:
    with time_machine.travel(EVENING):
        page = PageClient(sender).page(path(campaign_factories.draft()))
    assert "Some would arrive before 8:00 or after 21:00 CST" in page
    assert "Send 3 texts" in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"text": ""}, "There is no text yet"),
        ({"text": "Hi {{ frist_name }}"}, "Did you mean"),
        ({"text": "x" * 1001}, "3 texts are longer than 1,000 characters"),
        ({"sender": ""}, "No number chosen"),
        ({"sender": PLAIN}, "cannot send this"),
        ({"sender": "+15005550006"}, "cannot send this"),
    ],
)
def test_what_says_stop_disables_the_button(as_sender: PageClient, fields: dict[str, str], said: str) -> None:
    draft = campaign_factories.draft(**fields)
    campaign_factories.numbers(plain=PLAIN)
    page = as_sender.page(path(draft))
    assert said in page
    assert "Not yet: mend what says Stop first." in page
    assert 'id="send-now"' not in page


@pytest.mark.parametrize("people", [0, 1])
def test_nobody_left_to_text(as_sender: PageClient, people: int) -> None:
    draft = campaign_factories.draft(factories.contact_list(people=people))
    factories.opt_out(factories.phone(0))
    page = as_sender.page(path(draft))
    assert "Nobody in “Texas stores” can get" in page
    assert 'id="send-now"' not in page


def test_draft_without_a_list(as_sender: PageClient) -> None:
    assert "No list chosen" in as_sender.page(path(Campaign.objects.create(name="Nobody yet")))


def test_unknown_price_is_said_and_not_guessed(as_sender: PageClient) -> None:
    draft = campaign_factories.draft()
    Price.objects.all().delete()
    page = as_sender.page(path(draft))
    assert "Cost: unknown" in page
    assert "$" not in page
    assert 'id="send-now"' in page


def test_missing_opt_out_line_is_said(as_sender: PageClient) -> None:
    assert "Nothing in it tells people how to stop" in as_sender.page(
        path(campaign_factories.draft(text="Hi"))
    )


def test_another_remark_on_the_text_does_not_hide_that_nobody_is_told_how_to_stop(
    as_sender: PageClient,
) -> None:
    draft = campaign_factories.draft(text="Hi {first_name}, we open at nine")
    page = as_sender.page(f"/campaigns/{draft.pk}/review/")
    assert "will be sent as written" in page
    assert "Nothing in it tells people how to stop" in page


def test_one_press_launches(as_sender: PageClient, sender: User) -> None:
    draft = campaign_factories.draft()
    assert as_sender.post(path(draft), press(draft, batch_size=500))["Location"] == f"/campaigns/{draft.pk}/"
    draft.refresh_from_db()
    assert (draft.state, draft.launched_by, draft.batch_size) == (Campaign.State.PREPARING, sender, 500)


def test_double_click_launches_once(as_sender: PageClient) -> None:
    draft = campaign_factories.draft()
    as_sender.post(path(draft), press(draft))
    page = as_sender.send(path(draft), **press(draft)).content.decode()
    assert "was already sending: the first press counts" in page
    assert History.objects.filter(kind="launched").count() == 1


def test_an_edit_in_another_tab_is_not_sent_unseen(as_sender: PageClient) -> None:
    draft = campaign_factories.draft()
    fields = press(draft)
    Campaign.objects.filter(pk=draft.pk).update(text="Something else. Reply STOP to opt out")
    page = as_sender.send(path(draft), **fields).content.decode()
    assert "It was changed while you looked at it, so nothing was sent." in page
    draft.refresh_from_db()
    assert draft.is_draft
    fields = press(draft)
    assert fields["seen"] in page
    assert as_sender.post(path(draft), fields)["Location"] == f"/campaigns/{draft.pk}/"


def test_a_draft_that_is_not_ready_is_refused(as_sender: PageClient) -> None:
    draft = campaign_factories.draft(text="Hi {{ frist_name }}")
    page = as_sender.send(path(draft), **press(draft)).content.decode()
    assert "Not sent. Check the text." in page
    draft.refresh_from_db()
    assert draft.is_draft


@pytest.mark.parametrize(("seen_text", "text"), [("older", ""), ("", "Hi {{ frist_name }}")])
def test_what_was_chosen_outlives_a_refusal(as_sender: PageClient, seen_text: str, text: str) -> None:
    """Whoever asked for a canary, mends something and presses Send again must not text everybody."""
    draft = campaign_factories.draft(factories.contact_list(people=60))
    if text:
        Campaign.objects.filter(pk=draft.pk).update(text=text)
        draft.refresh_from_db()
    fields = press(draft, batch_size=500, canary="on", on_not_found="review")
    as_sender.send(path(draft), **fields | ({"seen": seen_text} if seen_text else {}))
    Campaign.objects.filter(pk=draft.pk).update(text="Mended. Reply STOP to opt out")
    page = as_sender.page(path(draft))
    for name, value in (("batch_size", 'value="500"'), ("on_not_found", 'value="review"'), ("canary", "")):
        boxes = [tag.partition(">")[0] for tag in page.split("<input")[1:]]
        [box] = [tag for tag in boxes if f'name="{name}"' in tag and value in tag]
        assert "checked" in box


@pytest.mark.parametrize("size", ["", "0", "-5", "7", "99999", "many"])
def test_batch_size_is_one_of_those_offered(as_sender: PageClient, size: str) -> None:
    draft = campaign_factories.draft()
    as_sender.refused(path(draft), **press(draft, batch_size=size))
    draft.refresh_from_db()
    assert draft.is_draft


def test_composer_may_look_but_not_send(as_composer: PageClient) -> None:
    draft = campaign_factories.draft()
    page = " ".join(as_composer.page(path(draft)).split())
    assert "You may write campaigns but not send them. Ask someone with the sender role." in page
    assert 'id="send-now"' not in page


def test_launched_campaign_leads_to_its_live_page(as_sender: PageClient) -> None:
    sent = campaign_factories.launched()
    assert as_sender.get(path(sent))["Location"] == f"/campaigns/{sent.pk}/"


def test_number_is_shown_as_people_write_it(as_sender: PageClient) -> None:
    page = as_sender.page(path(campaign_factories.draft()))
    assert f">{LOCAL}" not in page
