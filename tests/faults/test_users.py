"""People who press twice or too late, and numbers that are written in many ways.

Faults F45 to F47; what happens at the very same moment is in `test_users_at_once`. The ledger of the carrier
is the judge.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from campaigns.accounts import registry
from campaigns.models import Campaign, Counters, History
from campaigns.sending import attempts, dispatch
from campaigns.sending.prepared import Prepared
from dashboard.views.campaign_review import seen
from tests.dashboard.page_client import PageClient
from tests.faults import invariants
from tests.faults.fault_scenario import PEOPLE, SIZE, Worker, assert_right, launched, worker
from tests.support import scenario

__all__ = ["worker"]

# --- F45: Send, more than once -----------------------------------------------------------------------------


def review(campaign: Campaign) -> str:
    return f"/campaigns/{campaign.pk}/review/"


def pressed(campaign: Campaign) -> dict[str, Any]:
    """What the page's button sends."""
    return {"batch_size": 100, "seen": seen(campaign)}


def back_and_resubmit(client: PageClient, draft: Campaign, then: Callable[[], None]) -> None:
    """The second press comes when everything was sent long ago."""
    fields = pressed(draft)
    client.post(review(draft), fields)
    then()
    page = client.send(review(draft), **fields).content.decode()
    assert "nobody is texted twice" in page


def double_click(client: PageClient, draft: Campaign, then: Callable[[], None]) -> None:
    fields = pressed(draft)
    assert [client.post(review(draft), fields).status_code for _ in range(2)] == [302, 302]
    then()


def two_tabs(client: PageClient, draft: Campaign, then: Callable[[], None]) -> None:
    """Both show the button; the one that is pressed second had been open for long."""
    other = PageClient(User.objects.get(username="sofia"))
    for tab in (client, other):
        assert 'id="send-now"' in tab.page(review(draft))
    fields = pressed(draft)
    client.post(review(draft), fields)
    assert "was already sending" in other.send(review(draft), **fields).content.decode()
    then()


def reload(client: PageClient, draft: Campaign, then: Callable[[], None]) -> None:
    """The browser asks whether to send the form again, and somebody says yes, three times."""
    fields = pressed(draft)
    for _ in range(4):
        client.post(review(draft), fields)
        then()


@pytest.mark.django_db
@pytest.mark.parametrize("press", [double_click, two_tabs, back_and_resubmit, reload])
def test_f45_send_pressed_more_than_once(
    worker: Worker, sender: User, press: Callable[[PageClient, Campaign, Callable[[], None]], None]
) -> None:
    draft = scenario.drafted(PEOPLE)
    press(PageClient(sender), draft, worker.turn)
    worker.rest(draft)
    assert History.objects.filter(kind="launched").count() == 1
    assert_right(worker.carrier, draft)
    assert scenario.counts(draft) == {"delivered": len(PEOPLE)}


# --- F46: a press, or a wish not to be texted, while texts are leaving -------------------------------------


def while_it_leaves(campaign: Campaign, meanwhile: Callable[[], object]) -> None:
    """The next batch is handed over; something happens when all of it is written and no answer is there."""
    chosen = dispatch.choose_next(campaign.pk, registry.default())
    assert isinstance(chosen, Prepared)
    happened: list[bool] = []

    def once() -> None:
        meanwhile()
        happened.append(True)

    assert dispatch.send(chosen, registry.default(), once).result != "blocked"
    assert happened


def pause(client: PageClient, campaign: Campaign) -> None:
    assert "Paused." in client.send(f"/campaigns/{campaign.pk}/pause/").content.decode()


def cancel(client: PageClient, campaign: Campaign) -> None:
    client.send(f"/campaigns/{campaign.pk}/cancel/")


def edit(client: PageClient, campaign: Campaign) -> None:
    fields = {
        "name": "x",
        "contact_list": campaign.contact_list_id,
        "sender": scenario.LOCAL,
        "text": "Other",
    }
    page = client.send(f"/campaigns/{campaign.pk}/edit/", **fields).content.decode()
    assert "can no longer be changed" in page
    assert client.post(f"/campaigns/{campaign.pk}/preview/", fields)["HX-Redirect"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("press", "told", "sent"),
    [
        (pause, {"with_carrier": 2, "held": 4}, 2),
        (cancel, {"with_carrier": 2, "cancelled": 4}, 2),
        (edit, {"with_carrier": 2, "queued": 4}, 6),
    ],
)
def test_f46_pressed_while_a_batch_is_on_its_way(
    worker: Worker,
    sender: User,
    press: Callable[[PageClient, Campaign], None],
    told: dict[str, int],
    sent: int,
) -> None:
    campaign = scenario.launched(PEOPLE, size=SIZE)
    client = PageClient(sender)
    while_it_leaves(campaign, lambda: press(client, campaign))
    assert scenario.counts(campaign) == told
    worker.minutes(8)
    assert len(worker.carrier.ledger()) == sent
    assert_right(worker.carrier, campaign)
    if press is pause:
        client.send(f"/campaigns/{campaign.pk}/try-again/")
        worker.rest(campaign)
        assert_right(worker.carrier, campaign)
        assert scenario.counts(campaign) == {"delivered": 6}


def say_no(client: PageClient, number: str) -> None:
    """Somebody enters a number that must not be texted."""
    client.send("/opt-outs/add/", numbers=number, note="")


def before_it_is_prepared(campaign: Campaign, wish: Callable[[], None]) -> None:
    wish()


def before_the_first_byte(campaign: Campaign, wish: Callable[[], None]) -> None:
    chosen = dispatch.choose_next(campaign.pk, registry.default())
    assert isinstance(chosen, Prepared)
    wish()
    dispatch.send(chosen, registry.default())


def in_the_last_look(campaign: Campaign, wish: Callable[[], None]) -> None:
    """The connection stands already."""
    chosen = dispatch.choose_next(campaign.pk, registry.default())
    assert isinstance(chosen, Prepared)

    def hook() -> None:
        wish()
        attempts.mark_sending(chosen)

    with pytest.raises(attempts.SendAborted):
        registry.default().provider.submit(chosen.sender, chosen.texts, before_first_byte=hook)
    attempts.mark_not_taken(chosen, None, code="opt_out")


@pytest.mark.django_db
@pytest.mark.parametrize("when", [before_it_is_prepared, before_the_first_byte, in_the_last_look])
def test_f46_a_wish_not_to_be_texted_between_writing_and_sending(
    worker: Worker, sender: User, when: Callable[[Campaign, Callable[[], None]], None]
) -> None:
    campaign = scenario.launched(PEOPLE, size=SIZE)
    when(campaign, lambda: say_no(PageClient(sender), PEOPLE[0][0]))
    assert worker.carrier.ledger() == []
    worker.rest(campaign)
    assert_right(worker.carrier, campaign)
    assert scenario.counts(campaign) == {"delivered": 5, "excluded": 1}
    assert PEOPLE[0][0] not in {line["to"] for line in worker.carrier.ledger()}


@pytest.mark.django_db
@pytest.mark.parametrize(("place", "told"), [(0, {"delivered": 6}), (2, {"delivered": 5, "excluded": 1})])
def test_f46_a_wish_not_to_be_texted_while_a_batch_is_on_its_way(
    worker: Worker, sender: User, place: int, told: dict[str, int]
) -> None:
    """Too late for those in it; the others are left out of every later request."""
    campaign = scenario.launched(PEOPLE, size=SIZE)
    while_it_leaves(campaign, lambda: say_no(PageClient(sender), PEOPLE[place][0]))
    worker.rest(campaign)
    assert_right(worker.carrier, campaign)
    assert scenario.counts(campaign) == told


# --- F47: one person, written in many ways -----------------------------------------------------------------

SPELLINGS = (
    "(212) 555-1000",
    "+12125551000",
    "1 212 555 1000",
    "212.555.1000",
    "(212)\u00a0555\u20111000",
    "\uff08\uff12\uff11\uff12\uff09\uff15\uff15\uff15\uff0d\uff11\uff10\uff10\uff10",
    "\u202a+1 212 555 1000\u202c",
    " 2125551000\u200b",
    "tel:+1-212-555-1000",
)


@pytest.mark.django_db
def test_f47_one_number_in_many_spellings_gets_one_text(worker: Worker, sender: User) -> None:
    contacts = scenario.imported(
        scenario.file_of([*[(typed, "Ada") for typed in SPELLINGS], *scenario.people(3)[1:]])
    )
    campaign = scenario.drafted(contacts)
    client = PageClient(sender)
    review_page = client.page(review(campaign))
    assert f"{len(SPELLINGS) - 1} repeated" in review_page
    client.send(review(campaign), batch_size=1000, seen=seen(campaign))
    worker.rest(campaign)
    assert invariants.violations(worker.carrier.ledger(), campaign) == []
    assert scenario.counts(campaign) == {"delivered": 3, "duplicate": len(SPELLINGS) - 1}
    assert Counters.objects.get().rows == len(SPELLINGS) + 2
    texted = [line["to"] for line in worker.carrier.ledger()]
    assert sorted(texted) == [scenario.phone(0), scenario.phone(1), scenario.phone(2)]


@pytest.mark.django_db
@pytest.mark.parametrize("typed", SPELLINGS)
def test_f47_an_opt_out_counts_in_every_spelling(worker: Worker, sender: User, typed: str) -> None:
    say_no(PageClient(sender), typed)
    campaign = launched(PEOPLE)
    worker.rest(campaign)
    assert scenario.counts(campaign) == {"delivered": 5, "excluded": 1}
    assert scenario.phone(0) not in {line["to"] for line in worker.carrier.ledger()}
