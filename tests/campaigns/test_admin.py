from decimal import Decimal

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.admin import DEEPEST, ReadOnlyAdmin, UncountedPaginator
from campaigns.models import (
    AccessToken,
    AccountState,
    Discrepancy,
    History,
    ImportRow,
    Installation,
    Lease,
    OptOut,
    Price,
    RateLimitState,
    Webhook,
)
from campaigns.providers.base import ProviderError
from tests.support import factories

HIDDEN = {AccessToken, Installation, Lease, RateLimitState}
"""What the program keeps for itself."""
SHOWN = sorted(
    (model for model in admin.site._registry if model._meta.app_label == "campaigns"),
    key=lambda model: model.__name__,
)


@pytest.fixture
def browser(admin: object) -> Client:
    client = Client()
    client.force_login(admin)  # type: ignore[arg-type]
    return client


def test_every_table_is_there_but_the_secret_ones() -> None:
    assert set(SHOWN) == set(apps.get_app_config("campaigns").get_models()) - HIDDEN


def path(model: type[Model], rest: str = "") -> str:
    return f"/admin/campaigns/{model._meta.model_name}/{rest}"


@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model.__name__)
def test_tables_open_and_are_not_changed(browser: Client, model: type[Model]) -> None:
    factories.campaign(factories.contact_list(bad=[factories.bad_row(9, "x", "letters")]))
    factories.opt_out("+15125550101")
    assert browser.get(path(model)).status_code == 200
    if model is Price:
        return
    assert browser.get(path(model, "add/")).status_code == 403
    first = model._default_manager.first()
    if first is not None:
        assert browser.get(path(model, f"{first.pk}/change/")).status_code == 200
        assert browser.post(path(model, f"{first.pk}/change/"), {"name": "x"}).status_code == 403
        assert browser.post(path(model, f"{first.pk}/delete/"), {"post": "yes"}).status_code == 403


def test_the_history_is_told_in_sentences(browser: Client) -> None:
    History.objects.record(History.Kind.CANCELLED, campaign=factories.campaign(), texts=1500)
    html = browser.get(path(History)).content.decode()
    assert "Cancelled: 1,500 texts that waited are not sent." in html


REFUSED = ProviderError("The JWT is wrong.", kind="credentials").as_json()


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (AccountState(account="1", provider="ringcentral", error=REFUSED), "The JWT is wrong."),
        (Webhook(provider="ringcentral", error=REFUSED), "it is asked instead. The JWT is wrong."),
        (
            Discrepancy(account="1", kind="unknown_text", about="m-1"),
            "took a text from this number, in no batch at all",
        ),
    ],
    ids=lambda row: type(row).__name__,
)
def test_codes_are_told_in_sentences(browser: Client, row: Model, sentence: str) -> None:
    row.save()
    html = browser.get(path(type(row))).content.decode()
    assert sentence in html
    assert "&#x27;said&#x27;" not in html, "not as the table holds it"


def test_prices_are_entered_here(browser: Client) -> None:
    response = browser.post(path(Price, "add/"), {"kind": "local", "per_segment": "0.0087"})
    assert response.status_code == 302
    assert Price.objects.get().per_segment == Decimal("0.0087")


@pytest.mark.parametrize("amount", ["-0.0087", "-1"])
def test_a_price_below_0_is_refused(browser: Client, amount: str) -> None:
    html = browser.post(path(Price, "add/"), {"kind": "local", "per_segment": amount}).content.decode()
    assert "A price cannot be below 0." in html
    assert not Price.objects.exists()


@pytest.mark.parametrize(("query", "found"), [("+15125550101", 1), ("5550101", 0), ("+1512", 0)])
def test_phones_are_searched_whole(browser: Client, query: str, found: int) -> None:
    factories.opt_out("+15125550101")
    html = browser.get(path(OptOut), {"q": query}).content.decode()
    assert html.count("Entered by hand</td>") == found


@pytest.mark.django_db
@pytest.mark.parametrize(("people", "counted"), [(0, 0), (7, 7), (30, DEEPEST)])
def test_count_ends_where_the_pages_end(people: int, counted: int) -> None:
    factories.contact_list(people=people)
    assert UncountedPaginator(ImportRow.objects.order_by("pk"), 1).count == counted


def test_big_tables_are_never_counted(browser: Client) -> None:
    factories.contact_list(people=5)
    with CaptureQueriesContext(connection) as seen:
        for name in ("importrow", "message", "contact", "campaignrow"):
            assert browser.get(f"/admin/campaigns/{name}/").status_code == 200
    assert not [query for query in seen if "COUNT(" in query["sql"].upper()]


def test_index_says_whose_it_is(browser: Client) -> None:
    html = browser.get("/admin/").content.decode()
    assert "Carillon: the tables behind the pages" in html
    assert "Access token" not in html


@pytest.mark.parametrize("role", ["viewer", "sender"])
def test_roles_alone_open_no_admin(role: str, db: None) -> None:
    client = Client()
    client.force_login(factories.user(role))
    assert client.get("/admin/", follow=True).status_code == 403


def test_read_only_for_staff_with_every_permission(browser: Client) -> None:
    assert all(
        isinstance(admin.site._registry[model], ReadOnlyAdmin) for model in SHOWN if model is not Price
    )
