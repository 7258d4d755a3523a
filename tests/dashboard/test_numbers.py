"""The account's numbers."""

import re
from dataclasses import asdict

from django.utils import timezone

from campaigns.models import AccountState, SenderNumber
from campaigns.providers.types import Registration, RegistrationStatus
from tests.dashboard import campaign_factories
from tests.dashboard import store_factories as store
from tests.dashboard.page_client import PageClient

PATH = "/numbers/"


def test_none_yet(as_viewer: PageClient) -> None:
    html = as_viewer.page(PATH)
    assert "No number yet" in html
    assert "not read from RingCentral yet" in html


def test_what_each_can_do(as_viewer: PageClient) -> None:
    store.account()
    AccountState.objects.update(numbers_fetched_at=timezone.now())
    campaign_factories.numbers(store.OURS, store.TOLL_FREE, plain=campaign_factories.PLAIN)
    campaign_factories.price("0.0085")
    every = SenderNumber.objects
    every.filter(phone=store.OURS).update(
        rate=58.4, label="Main <line>", features=["calls", "campaigns", "TeleporterSender"]
    )
    html = " ".join(as_viewer.page(PATH).split())
    assert re.search("read from RingCentral (just now|[0-9]+ s ago)", html)
    assert "Main &lt;line&gt;" in html
    assert "calls, campaigns, TeleporterSender" in html
    assert "60 texts a minute allowed; 58 measured" in html
    assert "180 texts a minute allowed; not measured yet" in html
    assert html.count("250,000 texts a day") == 2
    assert "$0.0085 a segment" in html
    assert html.count("Can send campaigns") == 2
    assert html.count("Cannot send campaigns") == 1
    assert "It is not set up for high volume texts (A2PSmsSender)." in html
    assert "/messages/?number=%2B16505550100" in html


def test_registration(as_viewer: PageClient) -> None:
    store.account()
    campaign_factories.numbers(store.OURS, store.TOLL_FREE)
    assert as_viewer.page(PATH).count("not asked for yet") == 2
    found = Registration(
        campaign_id="C7",
        status=RegistrationStatus.PENDING,
        status_word="Submitted",
        low_volume=True,
        problems=("TCR-1 <i>",),
    )
    every = SenderNumber.objects
    every.filter(phone=store.OURS).update(registration=asdict(found), registration_fetched_at=timezone.now())
    every.filter(phone=store.TOLL_FREE).update(
        registration=asdict(Registration()), registration_fetched_at=timezone.now()
    )
    html = as_viewer.page(PATH)
    assert "campaign is not confirmed yet. Texts from this number fail until it is." in html
    assert "campaign C7: Submitted, low volume: 6,000 texts a day over all numbers" in html
    assert "TCR-1 &lt;i&gt;" in html
    assert "A toll-free number needs no registered campaign." in html


def test_no_price_is_no_guess(as_viewer: PageClient) -> None:
    store.account()
    campaign_factories.numbers(store.OURS)
    assert "cost unknown: an administrator can enter it" in as_viewer.page(PATH)
