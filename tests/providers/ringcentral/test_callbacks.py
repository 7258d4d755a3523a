from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from queue import Queue
from typing import Any

import pytest

from campaigns.providers.base import Outcome, ProviderError
from campaigns.providers.event_types import Event, Topic
from campaigns.providers.mailbox_types import MailboxMessage
from campaigns.providers.ringcentral.callbacks import BATCHES, INCOMING, RingCentralWebhooks, subscription
from campaigns.providers.ringcentral.client import RingCentral
from campaigns.providers.ringcentral.events import handshake, is_genuine, parse_event
from campaigns.providers.types import BatchState, OutgoingText, RemoteMessage
from tests.providers.servers import Script, Server, Talk, answer, ringcentral, saying, serving
from tests.providers.wire import Hook, simulated
from tests.simulator.running import RunningSimulator

TOKEN = "shown with every event"
HOOK = "https://dash.example.com/hooks/rc"
MAILBOX = "/restapi/v1.0/account/~/extension/~/message-store"
EVERYTHING = (*RingCentralWebhooks.needed, f"{MAILBOX}/instant?type=SMS", MAILBOX)


@pytest.fixture
def carrier(simulator: RunningSimulator) -> Iterator[RingCentral]:
    provider = simulated(simulator.url)
    yield provider
    provider.close()


class Site:
    """What a site does with the calls, by our own functions."""

    def __init__(self) -> None:
        self.server = Server("")
        self.events: Queue[Event] = Queue()

    def serve(self, talk: Talk) -> None:
        while (request := talk.read()) is not None:
            said = handshake(request.headers, request.body)
            if said is None and not is_genuine(request.headers, TOKEN):
                talk.write(answer(403))
                continue
            talk.write(answer(200, b"", said))
            event = parse_event(request.body)
            if event is not None:
                self.events.put(event)

    def next_event(self) -> Event:
        return self.events.get(timeout=10)


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    with serving(made.serve) as server:
        made.server = server
        yield made


def test_the_life_of_a_subscription(carrier: RingCentral, site: Site) -> None:
    hooks = carrier.webhooks
    now = datetime.now(UTC)
    made = hooks.create(site.server.url, token=TOKEN, filters=[BATCHES, INCOMING], lifetime=3600)
    assert (made.address, made.active, made.failure, made.disabled) == (site.server.url, True, "", ())
    assert "~" not in "".join(made.filters)  # the ids stand there now
    assert made.expires_at is not None
    assert abs(made.expires_at - now - timedelta(hours=1)) < timedelta(minutes=1)
    assert [one.provider_id for one in hooks.list()] == [made.provider_id]
    assert hooks.list()[0].filters == made.filters

    narrowed = hooks.update(made.provider_id, [BATCHES], lifetime=7200)
    assert len(narrowed.filters) == 1
    assert narrowed.expires_at is not None
    assert narrowed.expires_at - now > timedelta(hours=1, minutes=30)

    hooks.delete(made.provider_id)
    hooks.delete(made.provider_id)  # gone is gone
    assert hooks.list() == []


def test_events_of_the_simulated_carrier(
    carrier: RingCentral, simulator: RunningSimulator, site: Site
) -> None:
    made = carrier.webhooks.create(site.server.url, token=TOKEN, filters=EVERYTHING, lifetime=3600)
    sent = carrier.submit("+16505550100", [OutgoingText("+14155550101", "Hi")], before_first_byte=Hook())
    seen: dict[Topic, Event] = {}

    def saw(topic: Topic) -> Event:
        while topic not in seen:
            event = site.next_event()
            assert event.subscription_id == made.provider_id
            assert event.uuid
            seen[event.topic] = event
        return seen[topic]

    batch, message = saw(Topic.BATCH).payload, saw(Topic.MESSAGE).payload
    assert isinstance(batch, BatchState)
    assert batch.provider_id == sent.provider_id
    assert isinstance(message, RemoteMessage)
    assert (message.batch_id, message.to) == (sent.provider_id, "+14155550101")

    simulator.inbound("+14155550101", "+16505550100", "STOP")
    records = saw(Topic.OPT_OUT).payload
    assert isinstance(records, tuple)
    assert (records[0].sender, records[0].recipient, records[0].opted_out) == (
        "+16505550100",
        "+14155550101",
        True,
    )
    simulator.inbound("+14155550101", "+16505550199", "Hello")
    mail = saw(Topic.MAIL).payload
    assert isinstance(mail, MailboxMessage)
    assert mail.text == "Hello"
    assert saw(Topic.MAIL_CHANGED).payload is None


@pytest.mark.parametrize(
    "script",
    [
        lambda talk: talk.read() and talk.write(answer(404)),
        lambda talk: talk.read() and talk.write(answer(200)),
        lambda talk: (
            talk.read() and talk.write(answer(200, b"x" * 1024, handshake(talk.last.headers, talk.last.body)))
        ),
    ],
    ids=["refused", "not repeated", "too long"],
)
def test_an_address_that_does_not_shake_hands(carrier: RingCentral, script: Script) -> None:
    with serving(script) as server, pytest.raises(ProviderError) as caught:
        carrier.webhooks.create(server.url, token=TOKEN, filters=EVERYTHING, lifetime=3600)
    assert (caught.value.kind, caught.value.permanent) == ("request", True)
    assert "address for webhooks" in caught.value.sentence
    assert carrier.webhooks.list() == []


def test_calls_on_the_wire() -> None:
    made = {"id": "s1", "status": "Active"}
    with serving(ringcentral(saying(answer(200, made)))) as server:
        hooks = simulated(server.url).webhooks
        hooks.create(HOOK, token=TOKEN, filters=[INCOMING], lifetime=3600)
        hooks.update("s1", [BATCHES], lifetime=60)
    create, update = server.requests[1:]
    assert create.json() == {
        "eventFilters": [INCOMING],
        "deliveryMode": {"transportType": "WebHook", "address": HOOK, "verificationToken": TOKEN},
        "expiresIn": 3600,
    }
    assert (update.method, update.path) == ("PUT", "/restapi/v1.0/subscription/s1")
    assert update.json() == {"eventFilters": [BATCHES], "expiresIn": 60}


def test_a_subscription_whose_answer_is_lost_is_not_made_twice() -> None:
    with serving(ringcentral(Talk.reset)) as server, pytest.raises(ProviderError) as caught:
        simulated(server.url).webhooks.create(HOOK, token=TOKEN, filters=[BATCHES], lifetime=60)
    assert caught.value.outcome is Outcome.UNKNOWN
    assert len(server.asked("/subscription")) == 1


def test_an_answer_that_holds_no_subscription() -> None:
    with serving(ringcentral(saying(answer(200, {})))) as server, pytest.raises(ProviderError) as caught:
        simulated(server.url).webhooks.update("s1", [BATCHES], lifetime=60)
    assert caught.value.kind == "answer"


@pytest.mark.parametrize(
    ("data", "active", "failure"),
    [
        ({"status": "Active"}, True, ""),
        ({"status": "Blacklisted", "blacklistedData": {"reason": "Read timed out"}}, False, "Read timed out"),
        ({"status": "Blacklisted"}, False, "Blacklisted"),
        ({"status": "Suspended", "blacklistedData": []}, False, "Suspended"),
        ({}, False, ""),
    ],
)
def test_subscriptions_as_they_also_come(data: dict[str, Any], active: bool, failure: str) -> None:
    found = subscription(data | {"id": "s1"})
    assert (found.active, found.failure) == (active, failure)


def test_filters_that_were_left_out() -> None:
    data = {"id": 7, "disabledFilters": [{"filter": "/restapi/x", "reason": "SUB-406", "message": "…"}, None]}
    found = subscription(data)
    assert found.provider_id == "7"
    assert [(one.filter, one.code) for one in found.disabled] == [("/restapi/x", "SUB-406")]
