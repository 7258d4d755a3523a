from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Consent, OptOut
from tests.dashboard.page_client import PageClient
from tests.support import factories

PAGE, ADD = "/opt-outs/", "/opt-outs/add/"


def in_force() -> list[str]:
    return sorted(OptOut.objects.filter(ended_at__isnull=True).values_list("phone", flat=True))


def test_empty_page_says_what_an_opt_out_does(as_composer: PageClient) -> None:
    html = as_composer.page(PAGE)
    assert "Nobody has opted out yet" in html
    assert "once more right before each batch" in html


@pytest.mark.parametrize(
    ("typed", "phones", "said"),
    [
        ("(512) 555-0101", ["+15125550101"], "(512) 555-0101 will not be texted any more."),
        ("+44 20 7946 0018", ["+442079460018"], "+44 20 7946 0018 will not be texted any more."),
        (
            "512-555-0101\r\n\r\n  512.555.0102 \r\n",
            ["+15125550101", "+15125550102"],
            "2 numbers will not be texted any more.",
        ),
        ("512-555-0101\n(512) 555-0101", ["+15125550101"], "(512) 555-0101 will not be texted any more."),
        ("512-555-0101, 512-555-0102", ["+15125550101", "+15125550102"], "2 numbers will not"),
    ],
)
def test_adds(as_composer: PageClient, typed: str, phones: list[str], said: str) -> None:
    html = as_composer.send(ADD, numbers=typed, note="Called the store").content.decode()
    assert said in html
    assert "Called the store" in html
    assert in_force() == phones


def test_number_that_opted_out_before(as_composer: PageClient) -> None:
    factories.opt_out("+15125550101")
    html = as_composer.send(ADD, numbers="512 555 0101").content.decode()
    assert "(512) 555-0101 had opted out before." in html
    assert len(in_force()) == 1


def test_good_numbers_are_kept_and_bad_ones_stay_in_the_box(as_composer: PageClient) -> None:
    html = as_composer.refused(ADD, numbers="512 555 0101\n555-0107\n<b>Tom", note="Austin")
    assert in_force() == ["+15125550101"]
    assert "(512) 555-0101 will not be texted any more." in html
    assert "555-0107: This number has too few digits." in html
    assert "&lt;b&gt;Tom: " in html
    assert "\n555-0107\n&lt;b&gt;Tom</textarea>" in html
    assert 'value="Austin"' in html


def test_many_bad_ones_are_not_all_said(as_composer: PageClient) -> None:
    html = as_composer.refused(ADD, numbers="\n".join(f"x{number}" for number in range(25)))
    assert "x19: " in html
    assert "x20: " not in html
    assert "And 5 more like these." in html


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"numbers": ""}, "Enter a phone number."),
        ({"numbers": " \n "}, "Enter a phone number."),
        ({"numbers": "1" * 100_001}, "This is too much at once."),
        ({"numbers": "512 555 0101", "note": "x" * 201}, "This note is too long: 200 characters"),
    ],
)
def test_what_cannot_be_added(as_composer: PageClient, fields: dict[str, str], said: str) -> None:
    assert said in as_composer.refused(ADD, **fields)
    assert in_force() == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("(512) 555-0101", ["0101"]),
        ("+15125550101", ["0101"]),
        ("0101", ["0101"]),
        ("01", ["0101"]),
        ("555-0102", ["0102"]),
        ("9999", []),
        ("Tom", []),
        ("%", []),
        ("  ", ["0101", "0102"]),
    ],
)
def test_search(as_viewer: PageClient, query: str, found: list[str]) -> None:
    factories.opt_out("+15125550101")
    factories.opt_out("+15125550102")
    html = as_viewer.get(PAGE, {"q": query}).content.decode()
    assert [last for last in ("0101", "0102") if f"(512) 555-{last}<" in html] == found
    assert ("has opted out" in html) is (not found)


def test_a_page_of_commas_is_no_list_of_numbers(as_composer: PageClient) -> None:
    html = as_composer.refused(ADD, numbers="1," * 10_001)
    assert "This is too much at once. Enter it in several parts." in html
    assert "20 more like these" not in html


def test_a_long_text_is_not_repeated_whole(as_composer: PageClient) -> None:
    html = as_composer.refused(ADD, numbers="x" * 5_000)
    assert f"{'x' * 60}…: This has more than 250 characters, so it is not a phone number." in html


def test_nobody_has_a_number_of_thousands_of_digits(as_viewer: PageClient) -> None:
    factories.opt_out("+15125550101")
    assert "(512) 555-0101" not in as_viewer.page(f"{PAGE}?q={'1' * 60_000}")


def test_search_is_said_as_text(as_viewer: PageClient) -> None:
    html = as_viewer.get(PAGE, {"q": '"><script>'}).content.decode()
    assert "<script>" not in html


def test_pages(as_viewer: PageClient) -> None:
    made = [factories.opt_out(factories.phone(number)) for number in range(53)]
    first = as_viewer.page(PAGE)
    assert "555-0152<" in first
    assert "555-0102<" not in first
    assert f'href="/opt-outs/?before={made[3].pk}"' in first
    second = as_viewer.page(f"{PAGE}?before={made[3].pk}")
    assert "555-0102<" in second
    assert 'id="page-first" href="/opt-outs/"' in second
    assert "?q=" not in first
    assert "There are no older ones." in as_viewer.page(f"{PAGE}?before={made[0].pk}")


def test_older_ones_after_a_mistake_in_the_form(as_composer: PageClient) -> None:
    """The page then stands at the address of the form, and its links must not."""
    made = [factories.opt_out(factories.phone(number)) for number in range(53)]
    older = f"/opt-outs/?before={made[3].pk}"
    page = as_composer.refused(ADD, numbers="555-0107")
    assert f'rel="next" href="{older}"' in " ".join(page.split())
    assert "555-0102<" in as_composer.page(older)


def test_undo_asks_first(as_composer: PageClient) -> None:
    made = factories.opt_out("+15125550101", note="Called the store")
    path = f"/opt-outs/{made.pk}/end/"
    assert "Called the store" in as_composer.page(path)
    assert in_force() == ["+15125550101"]
    html = as_composer.send(path).content.decode()
    assert "(512) 555-0101 may be texted again, from the next campaign on." in html
    assert in_force() == []
    made.refresh_from_db()
    assert made.ended_by is not None
    assert made.ended_by.username == "carlo"


def held_back(*senders: str, opted_out: bool = True, account: str = "") -> None:
    """What the provider itself keeps about our numbers and this person."""
    for sender in senders:
        Consent.objects.create(
            account=account or registry.default().known_id(),
            sender=sender,
            phone="+15125550101",
            opted_out=opted_out,
            changed_at=timezone.now(),
            simulated=True,
        )


@pytest.mark.parametrize(
    ("senders", "said"),
    [
        (
            ["+16505550100"],
            "RingCentral itself still blocks texts from (650) 555-0100 to this person: "
            "they are not delivered until the person texts START to that number.",
        ),
        (["+16505550100", "+18885550100"], "texts START to each of these numbers."),
        (["*", "+16505550100"], "blocks texts from your numbers to this person"),
        ([""], "texts START to the number that texts them."),
    ],
)
def test_undoing_promises_nothing_that_the_provider_holds_back(
    as_composer: PageClient, senders: list[str], said: str
) -> None:
    made = factories.opt_out("+15125550101", source="reply")
    held_back(*senders)
    page = as_composer.page(f"/opt-outs/{made.pk}/end/")
    assert said in page
    assert "Then this opt-out ends by itself" in page
    assert "Campaigns will reach this number again" not in page
    after = as_composer.send(f"/opt-outs/{made.pk}/end/").content.decode()
    assert "The opt-out of (512) 555-0101 is undone here." in after
    assert said in after
    assert "may be texted again" not in after
    assert in_force() == []


def test_what_staff_entered_does_not_end_by_itself(as_composer: PageClient) -> None:
    made = factories.opt_out("+15125550101")
    held_back("+16505550100")
    page = as_composer.page(f"/opt-outs/{made.pk}/end/")
    assert "ask the person to text START, and undo this too" in page
    assert "ends by itself" not in page


@pytest.mark.parametrize("held", [{"opted_out": False}, {"account": "another"}], ids=str)
def test_what_the_provider_lets_through_is_promised(as_composer: PageClient, held: dict[str, Any]) -> None:
    made = factories.opt_out("+15125550101", source="reply")
    held_back("+16505550100", **held)
    assert "Campaigns will reach this number again" in as_composer.page(f"/opt-outs/{made.pk}/end/")
    assert "may be texted again" in as_composer.send(f"/opt-outs/{made.pk}/end/").content.decode()


def test_undone_already(as_composer: PageClient) -> None:
    made = factories.opt_out("+15125550101")
    as_composer.post(f"/opt-outs/{made.pk}/end/")
    made.refresh_from_db()
    ended_at = made.ended_at
    for ask in (as_composer.get, as_composer.post):
        html = ask(f"/opt-outs/{made.pk}/end/", follow=True).content.decode()
        assert "had been undone before" in html
    made.refresh_from_db()
    assert made.ended_at == ended_at


def test_viewer_changes_nothing(as_viewer: PageClient) -> None:
    factories.opt_out("+15125550101")
    html = as_viewer.page(PAGE)
    assert "To add numbers you need the role composer." in html
    assert ADD not in html
    assert "/end/" not in html


# --- Replies that may be opt-outs ---------------------------------------------------------------------------


def asked(words: str = "stop please", number: str = "+15125550101", **fields: Any) -> OptOut:
    known = {"kind": OptOut.Kind.PENDING, "source": OptOut.Source.REPLY, "stated_at": timezone.now()}
    return factories.opt_out(number, words=words, **known | fields)


@pytest.mark.parametrize("address", ["/", PAGE])
def test_a_reply_that_may_mean_stop_waits_for_one_press(as_composer: PageClient, address: str) -> None:
    asked("stop {{ please }}")
    html = as_composer.page(address)
    assert "1 reply may mean “stop”" in html
    assert "“stop &#123;&#123; please &#125;&#125;”" in html
    assert "Stop texting (512) 555-0101" in html


@pytest.mark.parametrize("address", ["/", PAGE])
def test_pages_without_such_replies_do_not_speak_of_them(as_composer: PageClient, address: str) -> None:
    factories.opt_out("+15125550102")
    assert "may mean “stop”" not in as_composer.page(address)


@pytest.mark.parametrize(
    ("back", "leads_to"), [("overview", "/"), ("opt_outs", PAGE), ("https://evil", PAGE)]
)
@pytest.mark.parametrize(("means", "texted"), [("stop", False), ("other", True)])
def test_one_press_decides(
    as_composer: PageClient, composer: User, back: str, leads_to: str, means: str, texted: bool
) -> None:
    held = asked()
    response = as_composer.post(f"{PAGE}{held.pk}/decide/", {"means": means, "back": back})
    assert response["Location"] == leads_to
    assert in_force() == ([] if texted else ["+15125550101"])
    held.refresh_from_db()
    assert (held.kind, held.created_by) == (("pending", None) if texted else ("opt_out", composer))
    html = as_composer.page(PAGE)
    assert "may mean “stop”" not in html
    assert ("Replied “stop please”" in html) != texted


def test_a_second_press_changes_nothing(as_composer: PageClient) -> None:
    held = asked()
    as_composer.send(f"{PAGE}{held.pk}/decide/", means="stop")
    html = as_composer.send(f"{PAGE}{held.pk}/decide/", means="other").content.decode()
    assert "had been decided before" in html
    assert in_force() == ["+15125550101"]


def test_who_wrote_again_meanwhile_is_read_before_it_is_decided(as_composer: PageClient) -> None:
    held = asked()
    assert held.stated_at is not None
    seen = held.stated_at.isoformat()
    OptOut.objects.update(stated_at=timezone.now(), words="stop please” · “take me off")
    html = as_composer.send(f"{PAGE}{held.pk}/decide/", means="other", seen=seen).content.decode()
    assert "wrote again meanwhile" in html
    assert "take me off" in html
    held.refresh_from_db()
    as_composer.send(f"{PAGE}{held.pk}/decide/", means="stop", seen=held.stated_at.isoformat())
    assert OptOut.objects.get().kind == OptOut.Kind.OPT_OUT


def test_undoing_one_of_two_promises_nothing(as_composer: PageClient) -> None:
    factories.opt_out("+15125550101", source="reply", words="STOP")
    staff = factories.opt_out("+15125550101")
    html = as_composer.send(f"{PAGE}{staff.pk}/end/").content.decode()
    assert "The number still gets no texts" in html
    assert in_force() == ["+15125550101"]


def test_a_press_that_names_no_decision_decides_nothing(as_composer: PageClient) -> None:
    html = as_composer.send(f"{PAGE}{asked().pk}/decide/", means="pending").content.decode()
    assert "Press one of the two buttons" in html
    assert OptOut.objects.undecided(simulated=registry.rehearses()).count() == 1


def test_who_may_only_look_sees_the_reply_and_no_button(as_viewer: PageClient) -> None:
    asked()
    html = as_viewer.page("/")
    assert "“stop please”" in html
    assert "/decide/" not in html


def test_an_opt_out_that_is_not_decided_yet_is_not_undone_but_decided(as_composer: PageClient) -> None:
    held = asked()
    assert as_composer.get(f"{PAGE}{held.pk}/end/")["Location"] == f"{PAGE}#undecided"
    assert in_force() == ["+15125550101"]


def test_of_many_replies_those_who_wait_longest_stand_first(as_composer: PageClient) -> None:
    for number in reversed(range(12)):  # the store is read newest first
        at = timezone.now() + timedelta(minutes=number)
        asked(f"please stop {number}", factories.phone(number), stated_at=at)
    html = as_composer.page("/")
    assert "12 replies may mean “stop”" in html
    assert html.index("please stop 0") < html.index("please stop 9")
    assert "please stop 10" not in html
    assert "10 of 12 are shown" in html


def test_what_a_rehearsal_left_is_not_asked_of_a_real_account(
    as_composer: PageClient, settings: LazySettings
) -> None:
    held = asked(simulated=True)
    assert "Rehearsal: this never counts for a real account." in as_composer.page("/")
    settings.REHEARSAL, settings.RINGCENTRAL_CLIENT_ID = False, "a real app"
    assert "may mean “stop”" not in as_composer.page("/")
    assert as_composer.post(f"{PAGE}{held.pk}/decide/", {"means": "stop"}).status_code == 404
