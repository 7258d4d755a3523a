"""Step 1 of 3: name, list and number."""

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User

from campaigns.models import AccountState, Campaign, Import, SenderNumber
from tests.dashboard import campaign_factories
from tests.dashboard.campaign_factories import LOCAL, PLAIN, TOLL_FREE
from tests.dashboard.page_client import PageClient
from tests.simulator.running import running_simulator
from tests.support import factories

PATH = "/campaigns/new/"


@pytest.fixture(autouse=True)
def _nobody_answers(settings: LazySettings) -> None:
    """Port 1 is refused at once; a carrier that happens to run on this machine is not asked."""
    settings.RINGCENTRAL_SERVER_URL = "http://127.0.0.1:1"


def test_first_comes_a_list(as_composer: PageClient) -> None:
    assert "First, a list of people" in as_composer.page(PATH)


def test_numbers_say_what_they_are(as_composer: PageClient) -> None:
    factories.contact_list()
    campaign_factories.numbers(LOCAL, TOLL_FREE, plain=PLAIN)
    page = as_composer.page(PATH)
    assert "(650) 555-0100" in page
    assert "Local number, about 60 texts a minute" in page
    assert "Toll-free number" in page
    assert f'value="{LOCAL}"' in page
    assert f'value="{PLAIN}"' not in page
    assert "(650) 555-0199</strong> cannot send campaigns" in page


def test_a_draft_is_made_and_its_text_comes_next(as_composer: PageClient, composer: User) -> None:
    contacts = factories.contact_list()
    campaign_factories.numbers(LOCAL)
    answer = as_composer.post(PATH, {"name": " Spring ", "contact_list": contacts.pk, "sender": LOCAL})
    made = Campaign.objects.get()
    assert answer["Location"] == f"/campaigns/{made.pk}/edit/"
    assert (made.name, made.contact_list, made.sender, made.created_by) == (
        "Spring",
        contacts,
        LOCAL,
        composer,
    )
    assert made.is_draft


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "Give it a name"),
        ({"name": "   "}, "Give it a name"),
        ({"name": "x" * 121}, "at most 120 characters"),
        ({"contact_list": ""}, "Choose the list"),
        ({"contact_list": "999"}, "not there any more"),
        ({"contact_list": "abc"}, "not there any more"),
        ({"sender": ""}, "Choose the number"),
        ({"sender": PLAIN}, "cannot send campaigns. Choose another"),
        ({"sender": "+15005550006"}, "cannot send campaigns. Choose another"),
    ],
)
def test_bad_input_keeps_what_was_typed(as_composer: PageClient, typed: dict[str, str], said: str) -> None:
    contacts = factories.contact_list()
    campaign_factories.numbers(LOCAL, plain=PLAIN)
    good = {"name": "Autumn sale", "contact_list": str(contacts.pk), "sender": LOCAL}
    page = as_composer.refused(PATH, **(good | typed))
    assert said in page
    if "name" not in typed:
        assert 'value="Autumn sale"' in page
    assert not Campaign.objects.exists()


def test_list_that_is_still_being_read_cannot_be_chosen(as_composer: PageClient) -> None:
    factories.contact_list("Ready")
    reading = factories.contact_list("Still reading", state=Import.State.READING)
    campaign_factories.numbers(LOCAL)
    assert "Still reading" not in as_composer.page(PATH)
    page = as_composer.refused(PATH, name="x", contact_list=reading.pk, sender=LOCAL)
    assert "not there any more" in page


def test_the_link_from_a_list_chooses_it(as_composer: PageClient) -> None:
    contacts = factories.contact_list()
    factories.contact_list("Another")
    campaign_factories.numbers(LOCAL)
    assert f'<option value="{contacts.pk}" selected' in as_composer.page(f"{PATH}?list={contacts.pk}")
    assert "selected" not in as_composer.page(f"{PATH}?list=nonsense").replace('value="" selected', "")


def test_number_of_last_time_is_chosen(as_composer: PageClient, composer: User) -> None:
    campaign_factories.numbers(LOCAL, TOLL_FREE)
    factories.campaign(sender=TOLL_FREE, created_by=composer)
    page = as_composer.page(PATH)
    assert f'value="{TOLL_FREE}"' in page
    assert page.index("checked") > page.index(f'value="{TOLL_FREE}"')


def test_unreachable_provider_is_said_and_stops_nobody_from_writing(as_composer: PageClient) -> None:
    contacts = factories.contact_list()
    page = as_composer.page(PATH)
    assert "RingCentral cannot be reached" in page
    assert AccountState.objects.exists()
    answer = as_composer.post(PATH, {"name": "Later", "contact_list": contacts.pk})
    assert answer.status_code == 302
    assert Campaign.objects.get().sender == ""


def test_look_again_says_that_it_is_still_unreachable(as_composer: PageClient) -> None:
    factories.contact_list()
    page = as_composer.refused(PATH, look_again="1", name="Half typed")
    assert "RingCentral cannot be reached" in page
    assert 'value="Half typed"' in page


def test_look_again_finds_numbers(as_composer: PageClient, settings: LazySettings) -> None:
    contacts = factories.contact_list()
    with running_simulator(rate_limits="off") as simulator:
        settings.RINGCENTRAL_SERVER_URL = simulator.url
        page = as_composer.refused(PATH, look_again="1", name="Half typed", contact_list=str(contacts.pk))
    assert "The numbers were read from RingCentral just now" in page
    assert "(888) 555-0100" in page
    assert "(650) 555-0199</strong> cannot send campaigns" in page
    assert 'value="Half typed"' in page
    assert f'<option value="{contacts.pk}" selected' in page
    assert SenderNumber.objects.filter(can_send_batches=True).count() == 2


def test_refused_credentials_are_said(as_composer: PageClient, settings: LazySettings) -> None:
    factories.contact_list()
    with running_simulator(rate_limits="off") as simulator:
        settings.RINGCENTRAL_SERVER_URL = simulator.url
        settings.RINGCENTRAL_JWT = "revoked"
        page = as_composer.refused(PATH, look_again="1")
    assert "No number to send from yet" in page
    assert "RingCentral" in page
    assert 'role="alert"' in page
