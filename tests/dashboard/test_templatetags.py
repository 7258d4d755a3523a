from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django import forms
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpResponse
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import path
from django.utils import timezone

from campaigns.models import Batch, Campaign
from campaigns.models.campaign import RowState
from dashboard import state_badges
from dashboard.forms.fields import Styled
from dashboard.templatetags import carillon

NOW = datetime(2026, 6, 3, 15, 41, 30, tzinfo=UTC)
"""10:41:30 in Chicago, on daylight saving time."""


def render(source: str, **context: Any) -> str:
    return Template("{% load carillon %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0"), (999, "999"), (4938, "4,938"), (1_000_000, "1,000,000"), (None, "–")],
)
def test_number(value: int | None, said: str) -> None:
    assert carillon.number(value) == said


@pytest.mark.parametrize(("value", "said"), [(0, "0 texts"), (1, "1 text"), (4938, "4,938 texts")])
def test_plural(value: int, said: str) -> None:
    assert carillon.plural(value, "text,texts") == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "cost unknown"),  # never 0, never a guess
        (Decimal("0"), "$0.00"),
        (Decimal("43.5"), "$43.50"),
        (Decimal("43.495"), "$43.50"),
        (Decimal("1234567.891"), "$1,234,567.89"),
        (Decimal("0.0087"), "$0.0087"),
        (Decimal("0.00870"), "$0.0087"),
        (Decimal("0.01400"), "$0.014"),
        (Decimal("0.02000"), "$0.02"),
        (Decimal("0.00001"), "$0.00001"),  # not 1E-5
        (Decimal("0.1044"), "$0.10"),
        (Decimal("-2"), "−$2.00"),
    ],
)
def test_money(value: Decimal | None, said: str) -> None:
    assert carillon.money(value) == said


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 0, "0%"),
        (0, 5000, "0%"),
        (1, 5000, "under 1%"),
        (2604, 5000, "52%"),
        (4999, 5000, "99%"),
        (5000, 5000, "100%"),
    ],
)
def test_percent_says_all_and_none_only_when_it_is_so(part: int, whole: int, said: str) -> None:
    assert carillon.percent(part, whole) == said


@pytest.mark.parametrize(
    ("e164", "said"),
    [
        ("+16505550100", "(650) 555-0100"),
        ("+14165550123", "(416) 555-0123"),  # Canada shares the country code
        ("+442079460018", "+44 20 7946 0018"),
        ("19876543212", "(987) 654-3212"),  # as Restcomm writes it
        ("not a number", "not a number"),
        ("12345", "12345"),  # a short code, not +1 2345
    ],
)
def test_phone(e164: str, said: str) -> None:
    assert carillon.phone(e164) == said


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (NOW, "today 10:41 CDT"),
        (NOW - timedelta(hours=11), "yesterday 23:41 CDT"),
        (NOW + timedelta(hours=14), "tomorrow 00:41 CDT"),
        (datetime(2026, 1, 9, 16, 5, tzinfo=UTC), "Jan 9, 10:05 CST"),
        (datetime(2025, 12, 31, 18, 0, tzinfo=UTC), "Dec 31, 2025, 12:00 CST"),
    ],
)
def test_when_always_carries_its_zone(moment: datetime, said: str) -> None:
    with time_machine.travel(NOW, tick=False), timezone.override("America/Chicago"):
        html = carillon.when(moment)
        assert html.endswith(f">{said}</time>")
        assert html.startswith(f'<time datetime="{timezone.localtime(moment).isoformat()}"')


@pytest.mark.parametrize("zone", ["America/Chicago", "UTC", "Asia/Tokyo"])
@pytest.mark.parametrize("year", [1, 9999])
def test_times_at_the_edge_of_the_calendar(zone: str, year: int) -> None:
    """No carrier's clock is right for ever, and what it told stands in the tables."""
    at = datetime(1, 1, 1, tzinfo=UTC) if year == 1 else datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    with timezone.override(zone):
        assert f", {year}, " in carillon.when(at)
        assert "days" in carillon.ago(at)


def test_when_in_another_zone_and_style() -> None:
    with time_machine.travel(NOW, tick=False), timezone.override("UTC"):
        assert ">15:41 UTC<" in carillon.when(NOW, "time")
        assert carillon.when(None) == "not yet"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"),
        (-1, "just now"),  # two clocks that differ a little
        (4, "4 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3 * 3600 + 60, "3 h ago"),
        (86400, "1 day ago"),
        (5 * 86400, "5 days ago"),
        (-40, "in 40 s"),
    ],
)
def test_ago(seconds: int, said: str) -> None:
    with time_machine.travel(NOW, tick=False):
        assert carillon.ago(NOW - timedelta(seconds=seconds)) == said


def test_ago_of_what_never_was() -> None:
    assert carillon.ago(None) == "never"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "time unknown"),
        (0, "under a minute"),
        (59.9, "under a minute"),
        (60, "about 1 min"),
        (32 * 60 + 5, "about 32 min"),
        (3580, "about 1 h"),  # not "60 min"
        (5 * 3600 + 33 * 60, "about 5 h 33 min"),
        (24 * 3600 - 20, "about 1 day"),  # not "24 h"
        (51 * 3600, "about 2 days 3 h"),
        (timedelta(minutes=32), "about 32 min"),
    ],
)
def test_duration(seconds: float | timedelta | None, said: str) -> None:
    assert carillon.duration(seconds) == said


@pytest.mark.parametrize(
    ("states", "table"),
    [
        (RowState.values, state_badges.ROW),
        ([*Campaign.State.values, "cancelled"], state_badges.CAMPAIGN),
        (Batch.State.values, state_badges.BATCH),
    ],
)
def test_every_state_has_words_and_no_words_lack_a_state(
    states: list[str], table: dict[str, tuple[str, state_badges.Tone]]
) -> None:
    assert set(states) == set(table)


def test_words_name_the_provider_and_end_as_sentences() -> None:
    for kind, table in state_badges.LABELS.items():
        for state in table:
            said = state_badges.state_badge(state, kind, "RingCentral")
            assert "{" not in said.label + said.sentence
            assert said.sentence.endswith(".")
    assert state_badges.state_badge("with_carrier", provider="Restcomm").label == "With Restcomm"


def test_only_a_receipt_says_delivered() -> None:
    """ "Sent" is never dressed up as "delivered"."""
    claims = {
        state
        for state in state_badges.ROW
        if (badge := state_badges.state_badge(state)).label == "Delivered" or badge.tone == "success"
    }
    assert claims == {"delivered"}


def test_badge_has_words_icon_and_colour() -> None:
    html = render('{% badge "in_doubt" provider="RingCentral" %}')
    assert 'class="badge badge-warning"' in html
    assert "icons.svg#question-circle" in html
    assert html.endswith("In doubt</span>")


def test_badge_of_an_unknown_state_is_an_error_and_not_a_blank() -> None:
    with pytest.raises(KeyError):
        render('{% badge "lost" %}')


def test_stat_links_its_count_and_steps_back_at_none() -> None:
    html = render('{% stat 2604 "delivered" "/campaigns/7/?state=delivered" %}')
    assert 'class="stat stat-success" href="/campaigns/7/?state=delivered"' in html
    assert ">2,604<" in html
    assert "stat-empty" in render('{% stat 0 "rejected" "/x/" %}')


def test_stat_escapes_what_it_is_given() -> None:
    html = render('{% stat 1 "delivered" href note=note %}', href='"><script>', note="<b>")
    assert "<script>" not in html
    assert "<b>" not in html


def test_share_bar_fills_its_width_and_shows_the_few() -> None:
    html = render("{% share_bar parts %}", parts=[("delivered", 999_997), ("held", 0), ("rejected", 3)])
    assert 'viewBox="0 0 1004.00 10"' in html
    assert 'class="share-success share-delivered" x="0.00" width="1000.00"' in html
    assert 'class="share-danger share-rejected" x="1000.00" width="4.00"' in html
    assert "held" not in html


def test_share_bar_of_nobody() -> None:
    assert "<rect" not in render("{% share_bar parts %}", parts=[("delivered", 0)])


class SampleForm(Styled, forms.Form):
    name = forms.CharField(widget=forms.TextInput(attrs={"class": "wide"}))
    sender = forms.ChoiceField(choices=[("+16505550100", "(650) 555-0100")])
    agreed = forms.BooleanField()
    keep = forms.ChoiceField(widget=forms.RadioSelect, choices=[("first", "First"), ("last", "Last")])


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("name", "form-control wide is-invalid"),
        ("sender", "form-select is-invalid"),
        ("agreed", "form-check-input is-invalid"),
        ("keep", "choices is-invalid"),
    ],
)
def test_control_looks_like_its_kind_and_says_that_it_is_wrong(name: str, classes: str) -> None:
    assert f'class="{classes}"' in str(SampleForm({})[name])


def test_control_in_order_is_not_marked() -> None:
    assert "is-invalid" not in str(SampleForm()["name"])


def test_field_says_its_error_beside_it_and_the_summary_links_to_it() -> None:
    form = SampleForm({})
    field = form["name"].as_field_group()
    assert 'aria-describedby="id_name_error"' in field
    assert '<ul class="errors" id="id_name_error">' in field
    summary = render('{% include "parts/_errors.html" %}', form=form)
    assert '<a href="#id_name">' in summary
    assert "That did not work yet" in summary


def _page(*_: Any, **__: Any) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("", _page, name="overview"),
    path("campaigns/", _page, name="campaigns"),
    path("lists/", _page, name="lists"),
    path("sign-in/", _page, name="sign_in"),
    path("sign-out/", _page, name="sign_out"),
]

Nav = Callable[..., str]


@pytest.fixture
def nav(settings: Any, rf: RequestFactory) -> Nav:
    settings.ROOT_URLCONF = __name__

    def show(where: str, *, staff: bool = False) -> str:
        return render("{% nav %}", request=rf.get(where), user=User(username="dana", is_staff=staff))

    return show


@pytest.mark.parametrize(
    ("where", "current"),
    [
        ("/", 'href="/" aria-current="page"'),
        ("/campaigns/", 'href="/campaigns/" aria-current="page"'),
        ("/campaigns/7/report/", 'href="/campaigns/" aria-current="true"'),
        ("/imports/3/", 'href="/lists/" aria-current="true"'),
    ],
)
def test_nav_marks_where_we_are_and_nothing_else(nav: Nav, where: str, current: str) -> None:
    html = " ".join(nav(where).split())
    assert current in html
    assert html.count("aria-current") == 1


def test_nav_shows_only_pages_that_exist(nav: Nav) -> None:
    html = nav("/")
    assert "Contacts" in html
    assert "Opt-outs" not in html
    assert "Look closer" not in html


def test_nav_shows_the_admin_site_to_staff_only(settings: Any, rf: RequestFactory) -> None:
    settings.ROOT_URLCONF = "dashboard.urls"
    request = rf.get("/")
    assert "Admin" in render("{% nav %}", request=request, user=User(is_staff=True))
    assert "Admin" not in render("{% nav %}", request=request, user=User())


def test_nav_without_a_request_marks_nothing() -> None:
    assert "aria-current" not in render("{% nav %}")


def test_a_page_says_its_title_once_and_it_is_the_heading_too(nav: Nav, rf: RequestFactory) -> None:
    page = Template('{% extends "base.html" %}{% block title %}Fish & {{ what }}{% endblock %}')
    html = page.render(Context({"request": rf.get("/"), "user": AnonymousUser(), "what": "<chips>"}))
    assert "<title>Fish & &lt;chips&gt; · Carillon</title>" in html
    assert "<h1>Fish & &lt;chips&gt;</h1>" in html


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (SimpleNamespace(rehearsal=True, undecided=0), "simulated carrier, no text leaves this machine"),
        (SimpleNamespace(account_error="It cannot be reached.", undecided=0), "It cannot be reached."),
    ],
)
def test_base_says_what_is_true_of_every_page(nav: Nav, standing: SimpleNamespace, said: str) -> None:
    page = Template('{% extends "base.html" %}')
    assert said in page.render(Context({"standing": standing}))
    assert said not in page.render(Context())


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_error_pages_need_neither_request_nor_database(nav: Nav, name: str) -> None:
    html = Template(f'{{% extends "{name}.html" %}}').render(Context())
    assert html.count("<h1>") == 1
    assert "Go to the overview" in html


def test_a_text_is_shortened_to_its_first_signs() -> None:
    assert [carillon.shortened("Hello", most) for most in (4, 5, 6)] == ["Hel…", "Hello", "Hello"]
    assert render("{{ text|shortened:3 }}", text="<b>bold</b>") == "&lt;b…"


def test_what_is_far_too_long_for_a_phone_number_is_said_as_it_is() -> None:
    assert carillon.phone("+1 650 555 0100" + " " * 200 + "1") == "+1 650 555 0100" + " " * 200 + "1"
