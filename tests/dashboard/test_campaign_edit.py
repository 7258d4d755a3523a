"""Step 2 of 3: the text, and how it will arrive."""

from decimal import Decimal
from html import unescape
from typing import Any

import pytest

from campaigns.models import Campaign, Contact, ContactList, Import, ImportRow
from dashboard.templatetags.compose import exact_money
from tests.dashboard import campaign_factories
from tests.dashboard.campaign_factories import LOCAL, TOLL_FREE
from tests.dashboard.page_client import PageClient
from tests.support import factories

FRAGMENT = {"HX-Request": "true"}


def path(campaign: Campaign, page: str = "edit") -> str:
    return f"/campaigns/{campaign.pk}/{page}/"


def typed(campaign: Campaign, text: str, **more: Any) -> dict[str, Any]:
    return {
        "name": campaign.name,
        "contact_list": campaign.contact_list_id or "",
        "sender": campaign.sender,
        "text": text,
    } | more


def people(*rows: tuple[str, str]) -> ContactList:
    """A list of (first name, city)."""
    contacts = factories.contact_list(people=0, columns=("Phone", "First name", "City"))
    source = Import.objects.get(contact_list=contacts)
    for number, (first_name, city) in enumerate(rows):
        phone = factories.phone(number)
        row = ImportRow.objects.create(
            source=source,
            number=number + 2,
            outcome="usable",
            phone=phone,
            cells=f'["{phone}","{first_name}","{city}"]',
        )
        Contact.objects.create(contact_list=contacts, phone=phone, row=row)
    Import.objects.filter(pk=source.pk).update(row_count=len(rows), usable_count=len(rows))
    ContactList.objects.filter(pk=contacts.pk).update(contact_count=len(rows))
    contacts.refresh_from_db()
    return contacts


def test_columns_become_chips(as_composer: PageClient) -> None:
    page = as_composer.page(path(campaign_factories.draft(people(("Ana", "Waco")))))
    shown = unescape(page)
    assert 'data-insert="{{ first_name or "there" }}"' in shown
    assert 'data-insert="{{ city }}"' in shown
    assert "{{ phone" not in shown


def test_a_column_with_gaps_says_something_in_its_place(as_composer: PageClient) -> None:
    page = as_composer.page(path(campaign_factories.draft(people(("Ana", "Waco"), ("", " ")))))
    assert 'data-insert="{{ city or "…" }}"' in unescape(page)


def test_shows_the_text_as_a_real_person_will_read_it(as_composer: PageClient) -> None:
    draft = campaign_factories.draft(people(("Ana", "Waco"), ("Zoë", "Coeur d'Alene")))
    page = as_composer.page(path(draft))
    assert 'Hi <mark class="merge-field">Ana</mark>, 20% off' in page
    assert "As row 2 will read it" in page
    assert "1 of 2" in page
    assert "$0.017" in page  # two segments at $0.0085
    second = as_composer.page(f"{path(draft)}?show=1")
    assert '<mark class="merge-field">Zoë</mark>' in second
    assert "2 of 2" in second


@pytest.mark.parametrize(
    ("show", "reader"),
    [
        ("longest", "Bartholomew"),
        ("dearest", "Łukasz"),
        ("empty", "row 3"),
        ("99", "row 5"),
        ("-1", "row 2"),
        ("9" * 30, "row 2"),
        ("most%20expensive", "row 2"),
    ],
)
def test_whose_text_is_shown(as_composer: PageClient, show: str, reader: str) -> None:
    contacts = people(("Ana", "Waco"), ("", "Waco"), ("Łukasz", "Waco"), ("Bartholomew", "Waco"))
    draft = campaign_factories.draft(contacts, text="Hi {{ first_name }}, " + "x" * 60)
    bubble = as_composer.page(f"{path(draft)}?show={show}").split('id="phone"')[1]
    assert reader in bubble


def test_names_the_signs_that_make_it_dear(as_composer: PageClient) -> None:
    page = as_composer.page(path(campaign_factories.draft(people(("Łukasz", "Waco")))))
    assert '<mark class="costly-character">Ł</mark>' in page


def test_empty_fields_are_counted(as_composer: PageClient) -> None:
    draft = campaign_factories.draft(people(("Ana", "Waco"), ("", "Waco"), (" ", "Waco")))
    assert "2 people have nothing in <strong>first_name</strong>" in as_composer.page(path(draft))


def test_cost_is_unknown_without_a_price(as_composer: PageClient, as_admin: PageClient) -> None:
    campaign_factories.numbers(LOCAL)
    draft = factories.campaign(people(("Ana", "Waco")), sender=LOCAL, text="Hello")
    assert "cost unknown" in as_composer.page(path(draft))
    assert "/admin/campaigns/price/" in as_admin.page(path(draft))


def test_typing_shows_and_keeps(as_composer: PageClient) -> None:
    draft = campaign_factories.draft(people(("Ana", "Waco")))
    answer = as_composer.post(
        path(draft, "preview"), typed(draft, "New words for {{ city }}"), headers=FRAGMENT
    )
    html = answer.content.decode()
    assert 'New words for <mark class="merge-field">Waco</mark>' in html
    assert 'hx-swap-oob="morph"' in html
    assert "<html" not in html
    draft.refresh_from_db()
    assert draft.text == "New words for {{ city }}"


def test_typing_a_wrong_field_says_which_was_meant(as_composer: PageClient) -> None:
    draft = campaign_factories.draft(people(("Ana", "Waco")))
    answer = as_composer.post(path(draft, "preview"), typed(draft, "Hi {{ frist_name }}"), headers=FRAGMENT)
    shown = unescape(answer.content.decode())
    assert "There is no column for {{ frist_name }}. Did you mean {{ first_name }}?" in shown


def test_line_ends_count_once(as_composer: PageClient) -> None:
    draft = campaign_factories.draft(people(("Ana", "Waco")))
    answer = as_composer.post(path(draft, "preview"), typed(draft, "One\r\nTwo"), headers=FRAGMENT)
    assert "7 characters" in answer.content.decode()
    draft.refresh_from_db()
    assert draft.text == "One\nTwo"


def test_typing_without_a_name_shows_but_does_not_keep(as_composer: PageClient) -> None:
    draft = campaign_factories.draft(people(("Ana", "Waco")), text="Old")
    answer = as_composer.post(path(draft, "preview"), typed(draft, "New", name=""), headers=FRAGMENT)
    assert '<p class="bubble">New</p>' in answer.content.decode()
    draft.refresh_from_db()
    assert draft.text == "Old"


@pytest.mark.parametrize(
    "text", ["", "   ", "{{", "{% if x %}", "{{ a.b() }}", "😀" * 400, "x" * 20_000, "\0"]
)
def test_nothing_that_is_typed_breaks_the_preview(as_composer: PageClient, text: str) -> None:
    draft = campaign_factories.draft(people(("Ana", "Waco")))
    assert as_composer.post(path(draft, "preview"), typed(draft, text), headers=FRAGMENT).status_code == 200
    assert as_composer.post(path(draft), typed(draft, text)).status_code in {200, 302}


def test_cells_are_never_read_as_html(as_composer: PageClient) -> None:
    draft = campaign_factories.draft(
        people(("<b>Ana</b>", "{{ phone }}")), text="{{ first_name }} {{ city }}"
    )
    page = as_composer.page(path(draft))
    assert "<b>Ana</b>" not in page.replace("&lt;b&gt;Ana&lt;/b&gt;", "")
    assert "&lt;b&gt;Ana" in page


def test_saving_and_closing(as_composer: PageClient) -> None:
    draft = campaign_factories.draft()
    page = as_composer.send(path(draft), **typed(draft, "Come soon", close="1")).content.decode()
    assert "saved as a draft. Nothing was sent." in page
    draft.refresh_from_db()
    assert draft.text == "Come soon"


def test_everything_of_step_one_can_be_changed_here(as_composer: PageClient) -> None:
    draft = campaign_factories.draft()
    campaign_factories.numbers(TOLL_FREE)
    other = factories.contact_list("Ohio stores")
    fields = {"name": "Renamed", "contact_list": other.pk, "sender": TOLL_FREE, "close": "1"}
    as_composer.send(path(draft), **typed(draft, "Hi", **fields))
    draft.refresh_from_db()
    assert (draft.name, draft.contact_list, draft.sender) == ("Renamed", other, TOLL_FREE)


def test_a_number_that_can_no_longer_send_does_not_lose_the_text(as_composer: PageClient) -> None:
    draft = campaign_factories.draft(sender="+16505550111")
    assert "(650) 555-0111, cannot send now" in as_composer.page(path(draft))
    as_composer.send(path(draft), **typed(draft, "Kept", close="1"))
    draft.refresh_from_db()
    assert draft.text == "Kept"


def test_check_leads_to_the_review(as_composer: PageClient) -> None:
    draft = campaign_factories.draft()
    answer = as_composer.post(path(draft), typed(draft, "Hi {{ first_name }}", check="1"))
    assert answer["Location"] == path(draft, "review")


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "Write the text first."), (" \n ", "Write the text first."), ("{{ nmae }}", "It has a mistake")],
)
def test_check_stops_where_the_text_cannot_work(as_composer: PageClient, text: str, said: str) -> None:
    draft = campaign_factories.draft()
    page = as_composer.refused(path(draft), **typed(draft, text, check="1"))
    assert said in page
    draft.refresh_from_db()
    assert draft.text == text.strip()


def test_without_scripts_a_chip_goes_to_the_end(as_composer: PageClient) -> None:
    draft = campaign_factories.draft()
    fields = typed(draft, "Hi", insert="{{ first_name }}")
    assert as_composer.post(path(draft), fields)["Location"].startswith(path(draft))
    draft.refresh_from_db()
    assert draft.text == "Hi {{ first_name }}"


def test_without_scripts_the_next_person_is_one_press_away(as_composer: PageClient) -> None:
    draft = campaign_factories.draft()
    answer = as_composer.post(f"{path(draft)}?show=2", typed(draft, "Hi {{ first_name }}", show="0"))
    assert answer["Location"] == f"{path(draft)}?show=2#phone"
    assert "Person 2" in as_composer.page(f"{path(draft)}?show=2")


def test_what_was_launched_cannot_be_changed(as_sender: PageClient) -> None:
    sent = campaign_factories.launched()
    before = sent.text
    assert as_sender.get(path(sent))["Location"] == f"/campaigns/{sent.pk}/"
    page = as_sender.send(path(sent), **typed(sent, "Too late")).content.decode()
    assert "can no longer be changed" in page
    answer = as_sender.post(path(sent, "preview"), typed(sent, "Too late"), headers=FRAGMENT)
    assert answer["HX-Redirect"] == f"/campaigns/{sent.pk}/"
    sent.refresh_from_db()
    assert sent.text == before


def test_draft_without_a_list(as_composer: PageClient) -> None:
    campaign_factories.numbers(LOCAL)
    draft = Campaign.objects.create(name="Nobody yet")
    assert "Choose a list first." in as_composer.page(path(draft))


def test_list_without_usable_rows(as_composer: PageClient) -> None:
    draft = campaign_factories.draft(factories.contact_list(people=0))
    assert "Nobody in this list can get a text." in as_composer.page(path(draft))


@pytest.mark.parametrize(
    ("cost", "shown"),
    [
        (Decimal("3.388"), "$3.388"),
        (Decimal("3.40"), "$3.40"),
        (Decimal("43.5"), "$43.50"),
        (Decimal("1200"), "$1,200.00"),
        (Decimal("0.01400"), "$0.014"),
        (Decimal(0), "$0.00"),
        (None, "cost unknown"),
    ],
)
def test_costs_in_a_table_keep_the_digits_that_add_up(cost: Decimal | None, shown: str) -> None:
    assert exact_money(cost) == shown
