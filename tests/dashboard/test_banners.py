"""What is true of every page at the moment, also of a page that was opened before it came true."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Campaign, Import, Lease
from campaigns.providers.base import ProviderError
from campaigns.sending import restore_guard
from tests.dashboard.page_client import PageClient
from tests.support import factories

SILENT = "has not been heard of for over a minute"
UNREACHABLE = "RingCentral cannot be reached."


def worker_seen(seconds_ago: int) -> None:
    until = timezone.now() - timedelta(seconds=seconds_ago)
    Lease.objects.update_or_create(name="tick", defaults={"until": until})


def worker_dies(_: pytest.MonkeyPatch) -> None:
    worker_seen(61)


def carrier_goes(_: pytest.MonkeyPatch) -> None:
    registry.default().record_failure(ProviderError(UNREACHABLE, kind="unreachable"))


def backup_is_put_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(restore_guard, "is_restored", lambda: True)


TROUBLES = pytest.mark.parametrize(
    ("happens", "said"),
    [
        (worker_dies, SILENT),
        (carrier_goes, UNREACHABLE),
        (backup_is_put_back, "This database was restored from a backup"),
    ],
)
Happens = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture
def campaign(db: None) -> Campaign:
    """One that has a hundred minutes to go, while the worker is there."""
    worker_seen(0)
    made = factories.campaign(state=Campaign.State.SENDING)
    factories.counters(made, queued=6000)
    return made


@TROUBLES
def test_an_open_page_of_a_campaign_says_what_has_come_up(
    as_viewer: PageClient, campaign: Campaign, monkeypatch: pytest.MonkeyPatch, happens: Happens, said: str
) -> None:
    page, address = f"/campaigns/{campaign.pk}/", f"/campaigns/{campaign.pk}/batches/"
    assert '<div id="banners"' in as_viewer.page(page)
    asked = {"HX-Request": "true", "If-None-Match": as_viewer.fragment(address)["ETag"]}
    assert as_viewer.get(address, headers=asked).status_code == 304
    happens(monkeypatch)
    answer = as_viewer.get(address, headers=asked)
    assert answer.status_code == 200
    assert said in answer.content.decode().partition('<div id="banners" hx-swap-oob="true">')[2]


@TROUBLES
def test_the_open_first_page_says_what_has_come_up(
    as_viewer: PageClient, campaign: Campaign, monkeypatch: pytest.MonkeyPatch, happens: Happens, said: str
) -> None:
    def banners() -> str:
        html: str = as_viewer.fragment("/moving/").content.decode()
        return html.partition('<div id="banners" hx-swap-oob="true">')[2]

    before = banners()
    assert "Rehearsal" in before
    assert said not in before
    happens(monkeypatch)
    assert said in banners()


def test_a_banner_goes_when_its_trouble_is_over(as_viewer: PageClient, campaign: Campaign) -> None:
    worker_seen(61)
    assert SILENT in as_viewer.page("/")
    worker_seen(0)
    assert SILENT not in as_viewer.fragment("/moving/").content.decode()


def asked_sender(table: str, ask: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        ask()
    return sum(f'FROM "{table}"' in query["sql"] for query in queries)


@pytest.mark.parametrize("table", ["campaigns_lease", "campaigns_installation"])
def test_one_request_asks_once(as_viewer: PageClient, campaign: Campaign, table: str) -> None:
    """The view compares what the banners say, and the template shows it."""
    fragment = f"/campaigns/{campaign.pk}/batches/"
    assert asked_sender(table, lambda: as_viewer.fragment(fragment)) == 1
    assert asked_sender(table, lambda: as_viewer.page(f"/campaigns/{campaign.pk}/")) == 1


@pytest.mark.parametrize("happens", [worker_dies, backup_is_put_back])
def test_no_end_is_promised_while_nothing_leaves(
    as_viewer: PageClient, campaign: Campaign, monkeypatch: pytest.MonkeyPatch, happens: Happens
) -> None:
    page = f"/campaigns/{campaign.pk}/"
    assert "about 1 h 40 min left · done by" in " ".join(as_viewer.page(page).split())
    assert "about 1 h 40 min left, done by" in as_viewer.page("/")
    happens(monkeypatch)
    for html in (as_viewer.page(page), as_viewer.fragment(f"{page}batches/").content.decode()):
        assert "time left unknown" in html
        assert "done by" not in html
    for html in (as_viewer.page("/"), as_viewer.fragment("/moving/").content.decode()):
        assert "done by" not in html


def test_what_has_no_banners_does_not_ask(as_viewer: PageClient, campaign: Campaign) -> None:
    source = Import.objects.get()
    progress = f"/imports/{source.pk}/progress/"
    assert asked_sender("campaigns_lease", lambda: as_viewer.fragment(progress, status=286)) == 0


def test_strangers_learn_nothing_of_the_site(stranger: PageClient, campaign: Campaign) -> None:
    worker_seen(61)
    html = stranger.page("/sign-in/")
    assert "Rehearsal" in html
    assert SILENT not in html


def test_a_worker_that_never_ran_is_missed_once_a_campaign_waits(as_viewer: PageClient) -> None:
    """As after a first set-up that forgot it."""
    campaign = factories.campaign(state=Campaign.State.PREPARING)
    assert SILENT not in as_viewer.page("/")
    Campaign.objects.update(launched_at=timezone.now() - timedelta(seconds=61))
    assert SILENT in as_viewer.page("/")
    Campaign.objects.filter(pk=campaign.pk).update(state=Campaign.State.FINISHED)
    assert SILENT not in as_viewer.page("/")


def test_a_worker_that_never_ran_is_missed_once_an_upload_waits(as_viewer: PageClient) -> None:
    factories.contact_list(state=Import.State.WAITING)
    assert SILENT not in as_viewer.page("/")
    Import.objects.update(created_at=timezone.now() - timedelta(seconds=61))
    assert SILENT in as_viewer.page("/")
    worker_seen(0)
    assert SILENT not in as_viewer.page("/"), "it is there, and has much to do"
    Lease.objects.all().delete()
    Import.objects.update(finished_at=timezone.now())
    assert SILENT not in as_viewer.page("/"), "another column was chosen for it a moment ago"
    Import.objects.update(finished_at=timezone.now() - timedelta(seconds=61))
    assert SILENT in as_viewer.page("/")
    Import.objects.update(state=Import.State.DONE)
    assert SILENT not in as_viewer.page("/")
