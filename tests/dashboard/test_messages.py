"""The provider's messages, searched."""

import re
from datetime import datetime, timedelta
from urllib.parse import unquote

import pytest
from django.utils import timezone

from campaigns.models import ProviderMessage, SyncState, SyncWindow
from campaigns.reports.store_search import STEPS
from tests.dashboard import store_factories as store
from tests.dashboard.page_client import PageClient

PATH, REFRESH = "/messages/", "/messages/refresh/"


def shown(html: str) -> list[int]:
    """The messages on a page, from the top."""
    return [int(pk) for pk in re.findall(r'href="/messages/(\d+)/"', html)]


def link(html: str, rel: str) -> str:
    found = re.search(rf'rel="{rel}"\s+href="([^"]*)"', html)
    return found[1].replace("&amp;", "&") if found else ""


def test_never_read_says_that_it_will_be(as_viewer: PageClient) -> None:
    html = as_viewer.page(PATH)
    assert "Nothing was read from RingCentral yet" in html
    assert "not read from RingCentral yet" in html


def test_read_and_empty_is_a_lesson(as_viewer: PageClient) -> None:
    store.account()
    html = as_viewer.page(PATH)
    assert "No text yet" in html
    assert "read from RingCentral just now, back to" in html


def test_every_kind_of_message_has_its_words(as_viewer: PageClient) -> None:
    campaign = store.handed_over()
    store.failed("f-1", other_number="+12125550102", text="Your table is booked")
    store.message("i-1", inbound=True, text="On {{ sunday }} too? <b>", other_number="+12125550103")
    store.message("q-1", undelivered="Queued", segments=None, cost=None)
    store.message("o-1", provider_status="Held <i>", undelivered="")
    html = as_viewer.page(PATH)
    assert html.count(f'href="/campaigns/{campaign.pk}/"') == 3
    assert "Not delivered" in html
    assert "The number is not in use, or it cannot take texts." in html
    assert "(SMS-CAR-411)" in html
    assert "Your table is booked" in html
    assert "wrote to (650) 555-0100" in html
    assert "On &#123;&#123; sunday &#125;&#125; too? &lt;b&gt;" in html
    assert "With RingCentral" in html
    assert "Held &lt;i&gt;" in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "delivered failed inbound queued"),
        ("number=(212)+555-0101", "delivered"),
        ("number=%2B12125550102", "failed"),
        ("number=650-555-0100", "delivered failed inbound"),
        ("number=888 555 0100", "queued"),
        ("number=212-555-0199", ""),
        ("state=not_delivered", "failed"),
        ("state=delivered", "delivered inbound"),
        ("state=with_carrier", "queued"),
        ("state=sent", ""),
        ("direction=in", "inbound"),
        ("direction=out", "delivered failed queued"),
        ("direction=out&state=delivered", "delivered"),
        ("number=6505550100&direction=in", "inbound"),
        ("number=6505550100&state=not_delivered", "failed"),
        ("number=8885550100&state=not_delivered", ""),
        ("batch=b-1", "failed"),
        ("batch=b-1&state=delivered", ""),
        ("batch=b-1&number=212 555 0102&state=not_delivered", "failed"),
        ("batch=b-1&number=6505550100", "failed"),
        ("batch=b-1&number=212 555 0101", ""),
        ("start=TODAY", "delivered failed inbound"),
        ("end=YESTERDAY", "queued"),
        ("start=YESTERDAY&end=YESTERDAY", ""),
        ("start=TODAY&end=TODAY&state=delivered&direction=out", "delivered"),
    ],
)
def test_search(as_viewer: PageClient, query: str, found: str) -> None:
    noon = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    made = {
        "delivered": store.message("1", created_at=noon),
        "failed": store.failed("2", created_at=noon, other_number="+12125550102", batch=store.batch("b-1")),
        "inbound": store.message("3", created_at=noon, inbound=True, other_number="+12125550103"),
        "queued": store.message(
            "4",
            created_at=noon - timedelta(days=7),
            own_number=store.TOLL_FREE,
            other_number="+12125550104",
            undelivered="Queued",
        ),
    }
    query = query.replace("TODAY", day(noon)).replace("YESTERDAY", day(noon - timedelta(days=1)))
    html = as_viewer.page(f"{PATH}?{query}")
    assert sorted(shown(html)) == sorted(made[name].pk for name in found.split())
    assert ("No message like this" in html) is (not found)


def day(moment: datetime) -> str:
    return moment.date().isoformat()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("number=12", "This number has too few digits. It is searched for as a whole."),
        ("number=Tom", "A phone number can hold only digits"),
        ("number=" + "1" * 41, "This is too long for a phone number."),
        ("state=flying", "Choose one of these states."),
        ("direction=up", "Choose one of these directions."),
        ("start=yesterday", "This is no date."),
        ("start=2026-02-30", "This is no date."),
        ("end=0001-01-01", "Nothing was texted in that year."),
        ("end=9999-12-31", "Nothing was texted in that year."),
        ("start=2026-11-03&end=2026-11-01", "This day is before the first one."),
        ("batch=nowhere", "No batch with this id was read."),
        ("batch=" + "b" * 65, "This is too long for the id of a batch."),
        ("number=%00&state=%22%3E%3Cscript%3E", "Choose one of these states."),
    ],
)
def test_silly_searches_get_a_sentence(as_viewer: PageClient, query: str, said: str) -> None:
    store.message()
    html = as_viewer.page(f"{PATH}?{query}")
    assert said in html
    assert "This cannot be searched for yet" in html
    assert "<script>" not in html
    assert shown(html) == []


@pytest.mark.parametrize("place", ["before=x", "before=-1", "after=" + "9" * 40, "before=' OR 1=1"])
def test_nonsense_in_the_place_is_the_first_page(as_viewer: PageClient, place: str) -> None:
    made = store.message()
    assert shown(as_viewer.page(f"{PATH}?{place}")) == [made.pk]


def test_pages_lead_back_and_forth(as_viewer: PageClient) -> None:
    same = timezone.now()
    # Half of them were created at once, as the texts of a batch are.
    made = [store.message(str(n), created_at=same - timedelta(minutes=max(0, 60 - n))) for n in range(120)]
    pks = [item.pk for item in reversed(made)]
    first = as_viewer.page(PATH)
    assert shown(first) == pks[:50]
    assert link(first, "prev") == ""
    second = as_viewer.page(PATH + link(first, "next"))
    assert shown(second) == pks[50:100]
    last = as_viewer.page(PATH + link(second, "next"))
    assert shown(last) == pks[100:]
    assert link(last, "next") == ""
    assert shown(as_viewer.page(PATH + link(last, "prev"))) == pks[50:100]
    top = as_viewer.page(PATH + link(second, "prev"))
    assert shown(top) == pks[:50]
    assert link(top, "next") == link(first, "next")


def test_pages_keep_the_search(as_viewer: PageClient) -> None:
    made = [store.failed(str(n), minutes_ago=n) for n in range(52)]
    store.message("other")
    first = as_viewer.page(f"{PATH}?state=not_delivered&number=%2B12125550101")
    assert unquote(link(first, "next")) == f"?number=+12125550101&state=not_delivered&before={made[49].pk}"
    assert shown(as_viewer.page(PATH + link(first, "next"))) == [made[50].pk, made[51].pk]


def test_the_end_leads_back(as_viewer: PageClient) -> None:
    made = store.message()
    html = as_viewer.page(f"{PATH}?direction=out&before={made.pk}")
    assert "Nothing further this way" in html
    assert 'href="?direction=out"' in html


def test_rare_combinations_are_looked_for_in_pieces(as_viewer: PageClient) -> None:
    reach = sum(STEPS)
    ProviderMessage.objects.bulk_create(
        ProviderMessage(
            account=store.account(),
            provider_id=str(number),
            inbound=True,
            own_number=store.OURS,
            other_number="+12125550101",
            provider_status="Delivered",
            created_at=timezone.now() - timedelta(seconds=number),
            modified_at=timezone.now(),
        )
        for number in range(reach + 10)
    )
    wanted = store.message("wanted", minutes_ago=600)
    html = as_viewer.page(f"{PATH}?direction=out")
    assert shown(html) == []
    assert "Nothing like this down to" in html
    assert "Look further" in html
    assert shown(as_viewer.page(PATH + link(html, "next"))) == [wanted.pk]
    # And back up again.
    up = as_viewer.page(f"{PATH}?direction=out&after={wanted.pk}")
    assert "Nothing like this up to" in up
    assert up.count(link(up, "prev").replace("&", "&amp;")) == 2  # also behind "Look further"


def test_other_accounts_are_not_shown(as_viewer: PageClient) -> None:
    made = store.message()
    other = store.account()
    other.pk, other.account, other.credentials_fingerprint = None, "another", "another"
    other.save()
    ProviderMessage.objects.filter(pk=made.pk).update(account=other)
    assert shown(as_viewer.page(PATH)) == []
    assert as_viewer.get(f"/messages/{made.pk}/").status_code == 404


def test_what_is_still_being_read_is_said(as_viewer: PageClient) -> None:
    whose = store.account()
    now = timezone.now()
    SyncWindow.objects.create(
        account=whose,
        start=now - timedelta(days=90),
        end=now - timedelta(days=20),
        opened_at=now - timedelta(hours=1),
    )
    assert "what is older is still being read" in as_viewer.page(PATH)


def test_refresh_asks_once(as_composer: PageClient) -> None:
    store.account()
    assert "Refresh" in as_composer.page(PATH)
    html = as_composer.send(REFRESH, back="/messages/?state=sent").content.decode()
    assert "RingCentral is being asked. What is new shows here in a few seconds." in html
    assert SyncState.objects.get().refresh_requested_at is not None
    assert as_composer.post(REFRESH, {"back": "/messages/?state=sent"})["Location"] == "/messages/?state=sent"
    assert "being asked already" in as_composer.send(REFRESH).content.decode()


def test_refresh_before_anything_was_read(as_composer: PageClient) -> None:
    assert "Nothing was read from RingCentral yet" in as_composer.send(REFRESH).content.decode()


@pytest.mark.parametrize("back", ["", "https://evil.example/", "//evil.example/", "javascript:alert(1)", "x"])
def test_refresh_leads_to_pages_of_this_site_only(as_composer: PageClient, back: str) -> None:
    assert as_composer.post(REFRESH, {"back": back})["Location"] == PATH


def test_viewer_cannot_refresh(as_viewer: PageClient) -> None:
    store.account()
    assert "Refresh" not in as_viewer.page(PATH)


def test_a_page_costs_the_same_queries_for_any_number_of_rows(
    as_viewer: PageClient, django_assert_max_num_queries: object
) -> None:
    for number in range(5):
        store.message(str(number))
    store.handed_over()
    as_viewer.page(PATH)
    with django_assert_max_num_queries(19):  # type: ignore[operator]
        as_viewer.page(PATH)
