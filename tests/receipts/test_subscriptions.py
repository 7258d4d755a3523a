"""The webhook subscription stays alive through expiry, blacklisting and new addresses."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.labels.webhooks import describe_webhook_error
from campaigns.models import Campaign, History, Webhook, WebhookEvent
from campaigns.providers.base import Webhooks
from campaigns.providers.types import Subscription
from campaigns.receipts import subscriptions, tasks
from tests.simulator.running import RunningSimulator
from tests.support import scenario
from tests.support.waiting import until

pytestmark = pytest.mark.django_db


class Receiver(BaseHTTPRequestHandler):
    """The server at the public address: answers the handshake, and every event with `status`.

    The site itself is in tests/dashboard/test_webhook_wire.py, as a process with a database of its own.
    """

    status = 200

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        hello = self.headers.get("Validation-Token")
        self.send_response(200 if hello else type(self).status)
        if hello:
            self.send_header("Validation-Token", hello)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silent: the tests ask the carrier what it received."""


@pytest.fixture
def receiver() -> Iterator[type[Receiver]]:
    """Its URL is `address`."""

    class Ours(Receiver):
        address = ""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ours)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Ours.address = f"http://127.0.0.1:{server.server_port}"
    yield Ours
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def public(carrier: RunningSimulator, receiver: Any, settings: LazySettings) -> str:
    """The URL of a site that the carrier can reach."""
    settings.PUBLIC_URL = receiver.address
    registry.default().fetch_id()
    return str(settings.PUBLIC_URL)


def client() -> Webhooks:
    client = registry.default().provider.webhooks
    assert client is not None
    return client


def door() -> Webhook:
    return Webhook.objects.get()


def standing() -> Subscription:
    (one,) = client().list()
    return one


def later(**span: float) -> Any:
    return time_machine.travel(timezone.now() + timedelta(**span))


def test_it_is_made_with_our_address(public: str) -> None:
    assert tasks.SUBSCRIPTION in scenario.due()
    subscriptions.ensure_subscription(registry.default())
    one = standing()
    assert one.address == f"{public}/webhooks/ringcentral/{door().secret}/"
    assert (one.active, one.disabled) == (True, ())
    assert (door().subscription_id, door().error) == (one.provider_id, {})
    assert door().expires_at is not None
    assert tasks.SUBSCRIPTION not in scenario.due()


def test_nothing_is_done_without_a_public_address(carrier: RunningSimulator) -> None:
    assert tasks.SUBSCRIPTION not in scenario.due()
    subscriptions.ensure_subscription(registry.default())
    assert not Webhook.objects.exists()
    assert carrier.requests() == []


def test_looking_again_changes_nothing(public: str) -> None:
    subscriptions.ensure_subscription(registry.default())
    before = standing()
    with later(minutes=11):
        assert tasks.SUBSCRIPTION in scenario.due()
        subscriptions.ensure_subscription(registry.default())
    assert standing().provider_id == before.provider_id
    assert History.objects.filter(kind="subscription_created").count() == 1


def test_it_is_renewed_before_it_ends(public: str, carrier: RunningSimulator) -> None:
    subscriptions.ensure_subscription(registry.default())
    before = standing()
    days = 16
    carrier.advance(days * 24 * 3600)
    with later(days=days):
        subscriptions.ensure_subscription(registry.default())
        one = standing()
        assert one.provider_id == before.provider_id
        assert one.expires_at is not None
        assert one.expires_at - timezone.now() > timedelta(days=29)
        assert door().expires_at == one.expires_at


@pytest.mark.parametrize("how", ["deleted", "expired"])
def test_one_that_is_gone_is_made_anew(public: str, carrier: RunningSimulator, how: str) -> None:
    subscriptions.ensure_subscription(registry.default())
    before = standing().provider_id
    if how == "deleted":
        client().delete(before)
    else:
        carrier.advance(40 * 24 * 3600)
    with later(days=40):
        subscriptions.ensure_subscription(registry.default())
    assert standing().provider_id == door().subscription_id != before
    assert History.objects.filter(kind="subscription_created").latest("pk").data == {"before": "gone"}


def test_one_that_was_given_up_is_made_anew(public: str, carrier: RunningSimulator, receiver: Any) -> None:
    """After many failed deliveries the carrier never calls that subscription again."""
    subscriptions.ensure_subscription(registry.default())
    before = standing().provider_id
    receiver.status = 401
    for number in range(12):
        carrier.inbound(f"+1415555{number:04}", scenario.LOCAL, "hello")
    until(lambda: not client().list()[0].active, "the carrier gives up")
    with later(minutes=11):
        subscriptions.ensure_subscription(registry.default())
    assert standing().provider_id != before
    assert standing().active
    assert History.objects.filter(kind="subscription_created").latest("pk").data == {"before": "given_up"}


def test_another_address_replaces_the_old_one(public: str, settings: LazySettings) -> None:
    subscriptions.ensure_subscription(registry.default())
    before = standing()
    settings.PUBLIC_URL = public.replace("127.0.0.1", "localhost")
    assert tasks.SUBSCRIPTION in scenario.due()
    subscriptions.ensure_subscription(registry.default())
    one = standing()
    assert one.provider_id != before.provider_id
    assert one.address.startswith(settings.PUBLIC_URL)


def test_one_that_was_made_while_the_answer_was_lost_is_found(public: str, carrier: RunningSimulator) -> None:
    carrier.faults({"method": "POST", "path": "/subscription", "fault": "drop_after", "times": 1})
    subscriptions.ensure_subscription(registry.default())
    assert "asked instead" in describe_webhook_error(door())
    with later(minutes=2):
        assert tasks.SUBSCRIPTION in scenario.due()
        subscriptions.ensure_subscription(registry.default())
    assert standing().provider_id == door().subscription_id
    assert (door().error, door().error_since) == ({}, None)


def test_subscriptions_of_other_programs_are_left_alone(public: str, settings: LazySettings) -> None:
    subscriptions.ensure_subscription(registry.default())
    settings.PUBLIC_URL = public.replace("127.0.0.1", "localhost")
    Webhook.objects.all().delete()  # as another installation, which never heard of the first
    subscriptions.ensure_subscription(registry.default())
    assert len(client().list()) == 2
    with later(minutes=11):
        subscriptions.ensure_subscription(registry.default())
    assert len(client().list()) == 2


@pytest.mark.parametrize(
    ("public_url", "problem"),
    [("http://127.0.0.1:9", "127.0.0.1"), ("https://texts.example.com", "")],
    ids=["nobody answers there", "not of this machine"],
)
def test_an_address_that_the_carrier_cannot_reach(
    carrier: RunningSimulator, settings: LazySettings, public_url: str, problem: str
) -> None:
    settings.PUBLIC_URL = public_url
    registry.default().fetch_id()
    subscriptions.ensure_subscription(registry.default())
    assert describe_webhook_error(door()).startswith(
        "RingCentral does not tell us what happens; it is asked instead."
    )
    assert door().error_since is not None
    assert door().subscription_id == ""
    assert door().secret not in describe_webhook_error(door())
    with later(minutes=2):
        assert tasks.SUBSCRIPTION in scenario.due()
        since = door().error_since
        subscriptions.ensure_subscription(registry.default())
        assert door().error_since == since


def test_a_carrier_that_is_away(carrier: RunningSimulator, settings: LazySettings) -> None:
    registry.default().fetch_id()
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    carrier.faults({"path": "/subscription", "fault": "status", "status": 503})
    subscriptions.ensure_subscription(registry.default())
    assert "asked instead" in describe_webhook_error(door())


def test_when_every_event_is_lost_asking_is_enough(public: str, carrier: RunningSimulator) -> None:
    subscriptions.ensure_subscription(registry.default())
    carrier.faults({"path": "/restapi", "method": "WEBHOOK", "fault": "hook_drop", "times": 10_000})
    campaign = scenario.launched(scenario.people(3))
    scenario.submit_all(campaign)
    scenario.poll()
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.FINISHED
    assert scenario.counts(campaign) == {"delivered": 3}
    assert not WebhookEvent.objects.exists()
