"""What one event does. Events that come twice, shuffled, early, late or never are in tests/faults."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from campaigns import models
from campaigns.accounts import registry
from campaigns.models import Batch, Campaign, Message, OptOut, Webhook, WebhookEvent
from campaigns.receipts import polling, tasks, webhook_events, webhook_intake
from tests.simulator.running import RunningSimulator
from tests.support import factories, scenario

pytestmark = pytest.mark.django_db

A2P = "/restapi/v1.0/account/{account}/a2p-sms"
MIXED = [
    *scenario.people(4),
    (scenario.ending("9701"), "never a receipt"),
    (scenario.ending("9703"), "sending failed"),
    (scenario.ending("9705"), "sending failed without a code"),
    (scenario.ending("9830"), "delivery failed"),
    (scenario.ending("9913"), "delivery failed"),
]
STEPS = {
    "Sent": ["Queued", "Sent"],
    "Delivered": ["Queued", "Sent", "Delivered"],
    "DeliveryFailed": ["Queued", "Sent", "DeliveryFailed"],
    "SendingFailed": ["Queued", "SendingFailed"],
}
"""What was told of a text on its way to each end."""


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def envelope(path: str, body: dict[str, Any], **fields: Any) -> bytes:
    account = fields.pop("account", None) or registry.default().known_id()
    event = path if path.startswith("/") else f"{A2P.format(account=account)}/{path}"
    known = {
        "uuid": uuid4().hex,
        "event": event,
        "timestamp": iso(timezone.now()),
        "subscriptionId": "8466621d-c21d-41e6-8656-9e45100eb9dd",
        "ownerId": "62989398016",
        "body": body,
    }
    return json.dumps(known | fields).encode()


def tell(*events: bytes) -> None:
    """Stores events as the endpoint does."""
    for event in events:
        webhook_intake.receive("ringcentral", event)


def take_in() -> int:
    """Processes all due events. Returns how many."""
    total = 0
    while count := webhook_events.process_due(registry.default()):
        total += count
    return total


def batch_body(batch: Batch, **fields: Any) -> dict[str, Any]:
    """As in RingCentral's documents."""
    known = {
        "id": batch.provider_id, "from": batch.sender, "batchSize": batch.provider_size,
        "processedCount": batch.provider_size, "status": "Completed", "cost": 0.07,
        "creationTime": iso(batch.provider_created_at or timezone.now()),
        "lastModifiedTime": iso(timezone.now()),
    }  # fmt: skip
    return known | fields


def message_body(message: Message, status: str, **fields: Any) -> dict[str, Any]:
    created = message.batch.provider_created_at or timezone.now()
    known = {
        "id": str(50_000 + message.pk), "from": message.batch.sender, "to": [message.to],
        "text": message.text, "messageStatus": status, "segmentCount": 1, "direction": "Outbound",
        "batchId": message.batch.provider_id, "cost": 0.007,
        "creationTime": iso(created), "lastModifiedTime": iso(created + timedelta(seconds=1)),
    }  # fmt: skip
    return known | fields


def carrier_texts() -> list[dict[str, Any]]:
    """Every text of the carrier, in the form of an event."""
    since = timezone.now() - timedelta(days=1)
    return [
        {
            "id": item.provider_id, "from": item.sender, "to": [item.to], "text": item.text,
            "messageStatus": item.status, "segmentCount": item.segments, "direction": item.direction,
            "batchId": item.batch_id, "errorCode": item.error_code, "cost": float(item.cost or 0),
            "creationTime": iso(item.created_at or since), "lastModifiedTime": iso(item.modified_at or since),
        }
        for page in registry.default().provider.messages(date_from=since, with_text=True)
        for item in page
    ]  # fmt: skip


def history(text: dict[str, Any]) -> Iterator[bytes]:
    """Every event about one text, oldest first."""
    created = datetime.fromisoformat(text["creationTime"])
    for number, status in enumerate(STEPS[text["messageStatus"]]):
        last = status == text["messageStatus"]
        changed = text["lastModifiedTime"] if last else iso(created + timedelta(microseconds=number))
        body = text | {"messageStatus": status, "lastModifiedTime": changed}
        if not last:
            body = {name: value for name, value in body.items() if name not in ("errorCode", "cost")}
        yield envelope("messages?direction=Outbound", body)


def handed_over(rows: list[tuple[str, str]] = MIXED, *, size: int = 1000) -> Campaign:
    campaign = scenario.launched(rows, size=size)
    scenario.submit_all(campaign)
    return campaign


def assert_as_the_carrier_says(campaign: Campaign) -> None:
    texts = carrier_texts()
    truth = {text["to"][0]: (text["messageStatus"], text["errorCode"], text["id"]) for text in texts}
    rows = Message.objects.filter(campaign=campaign)
    applied = {m.to: (m.state, m.error_code, m.provider_id) for m in rows}
    meaning = {"Sent": "sent", "Delivered": "delivered"}
    assert applied == {to: (meaning.get(word, "not_delivered"), *rest) for to, (word, *rest) in truth.items()}
    stored = models.ProviderMessage.objects.values_list(
        "other_number", "provider_status", "error_code", "provider_id"
    )
    assert {to: tuple(rest) for to, *rest in stored} == truth
    scenario.assert_adds_up(campaign)


def test_taking_everything_in_again_changes_nothing(carrier: RunningSimulator) -> None:
    campaign = handed_over()
    tell(*(event for text in carrier_texts() for event in history(text)))
    take_in()
    assert_as_the_carrier_says(campaign)
    before = list(Message.objects.order_by("pk").values()), scenario.counts(campaign)
    WebhookEvent.objects.update(state="waiting", next_retry_at=timezone.now())
    take_in()
    assert (list(Message.objects.order_by("pk").values()), scenario.counts(campaign)) == before


@pytest.mark.parametrize(
    ("reported", "state"),
    [
        (["Delivered", "Sent"], "delivered"),
        (["Delivered", "Queued"], "delivered"),
        (["DeliveryFailed", "Sent", "Queued"], "not_delivered"),
        (["Delivered", "DeliveryFailed"], "delivered"),  # contradiction: the first end stays
        (["SendingFailed", "Delivered"], "not_delivered"),
        (["Sent", "Read"], "sent"),  # a word that nobody knows
        (["Read"], "waiting"),
        (["", "Sent"], "sent"),
    ],
)
def test_a_text_only_moves_forward(carrier: RunningSimulator, reported: list[str], state: str) -> None:
    campaign = handed_over(scenario.people(1))
    message = Message.objects.get()
    for status in reported:
        tell(envelope("messages", message_body(message, status)))
        take_in()
    assert Message.objects.get().state == state
    scenario.assert_adds_up(campaign)


def test_what_an_event_leaves_out_is_not_taken_away(carrier: RunningSimulator) -> None:
    handed_over(scenario.people(1))
    message = Message.objects.get()
    tell(envelope("messages", message_body(message, "Delivered")))
    take_in()
    bare = message_body(message, "Delivered", lastModifiedTime=iso(timezone.now() + timedelta(hours=1)))
    del bare["cost"], bare["segmentCount"]
    tell(envelope("messages", bare))
    take_in()
    message.refresh_from_db()
    assert (str(message.cost), message.billed_segments) == ("0.00700", 1)


def test_a_batch_does_not_go_back(carrier: RunningSimulator) -> None:
    handed_over(scenario.people(5))
    batch = Batch.objects.get()
    tell(envelope("batches", batch_body(batch)))
    take_in()
    tell(envelope("batches", batch_body(batch, status="Processing", processedCount=2)))
    take_in()
    batch.refresh_from_db()
    assert (batch.provider_status, batch.processed_count, batch.completed_at is not None) == (
        "Completed",
        5,
        True,
    )


def test_the_end_of_a_batch_wakes_the_poller(carrier: RunningSimulator) -> None:
    """The poller reads totals and cost; the event makes it do so earlier."""
    campaign = handed_over(scenario.people(5))
    later = timezone.now() + timedelta(hours=1)
    Batch.objects.update(next_poll_at=later)
    tell(envelope("batches", batch_body(Batch.objects.get())))
    take_in()
    assert polling.poll() == 1
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.FINISHED


def test_the_last_receipt_wakes_the_poller(carrier: RunningSimulator) -> None:
    handed_over(scenario.people(2))
    later = timezone.now() + timedelta(hours=1)
    Batch.objects.update(next_poll_at=later)
    first, second = Message.objects.order_by("pk")
    tell(envelope("messages", message_body(first, "Delivered")))
    take_in()
    assert Batch.objects.get().next_poll_at == later
    tell(envelope("messages", message_body(second, "DeliveryFailed")))
    take_in()
    assert Batch.objects.filter(next_poll_at__lte=timezone.now()).exists()


def test_what_is_about_no_batch_of_ours_is_kept_in_the_end(carrier: RunningSimulator) -> None:
    """Another program sends from the same account."""
    registry.default().fetch_id()
    other = {"id": "not-ours", "from": scenario.LOCAL, "batchSize": 1, "status": "Completed"}
    tell(envelope("batches", other))
    start, looks = timezone.now(), 0
    for hours in range(100):
        with time_machine.travel(start + timedelta(hours=hours)):
            looks += take_in()
    event = WebhookEvent.objects.get()
    assert (event.state, event.next_retry_at, event.note) == ("kept", None, "not_ours")
    assert looks < 20
    assert models.ProviderBatch.objects.get().provider_id == "not-ours"


def test_a_receipt_that_names_no_batch(carrier: RunningSimulator) -> None:
    """As in the samples of RingCentral's documents."""
    handed_over(scenario.people(2))
    first, second = Message.objects.order_by("pk")
    for message, text in ((first, first.text), (second, "Not what we sent")):
        body = message_body(message, "Delivered", text=text)
        del body["batchId"]
        tell(envelope("messages", body))
    take_in()
    assert list(Message.objects.order_by("pk").values_list("state", flat=True)) == ["delivered", "waiting"]


def test_a_receipt_that_may_be_about_either_of_two_texts_waits(carrier: RunningSimulator) -> None:
    campaigns = [handed_over(scenario.people(1)) for _ in range(2)]
    body = message_body(Message.objects.get(campaign=campaigns[0]), "Delivered")
    del body["batchId"]
    tell(envelope("messages", body))
    take_in()
    assert set(Message.objects.values_list("state", flat=True)) == {"waiting"}
    assert WebhookEvent.objects.get().state == "waiting"


@pytest.mark.parametrize(
    "event",
    [
        envelope("/restapi/v9/what/nobody/knows", {"x": 1}, account="~"),
        envelope("batches", {}, account="~"),
        envelope("batches", {"id": None, "status": 7}, account="~"),
        envelope("messages", {"id": {"deep": 1}, "to": "nobody"}, account="~"),
        envelope("messages", {"id": "1", "to": [None], "batchId": []}, account="~"),
        envelope("opt-outs", {"from": scenario.LOCAL}, account="~"),
        envelope("opt-outs", {"to": 5, "active": "perhaps"}, account="~"),
        b"{}",
        b'{"event": 5, "body": []}',
        b'{"event": "/restapi/v1.0/account/~/a2p-sms/batches", "body": null}',
    ],
)
def test_what_makes_no_sense_is_kept_and_stops_nothing(carrier: RunningSimulator, event: bytes) -> None:
    campaign = handed_over(scenario.people(1))
    tell(event, envelope("messages", message_body(Message.objects.get(), "Delivered")))
    take_in()
    assert WebhookEvent.objects.filter(state="applied").count() == 1
    strange = WebhookEvent.objects.exclude(state="applied").get()
    assert (strange.state, bool(strange.note), strange.body.encode()) == ("kept", True, event)
    assert scenario.counts(campaign) == {"delivered": 1}


def test_signs_that_a_database_does_not_take(carrier: RunningSimulator) -> None:
    campaign = handed_over(scenario.people(2))
    first, second = Message.objects.order_by("pk")
    tell(
        envelope("messages", message_body(first, "Delivered", text="a\x00b", errorCode="\x00" * 90)),
        envelope("messages", message_body(second, "Delivered")),
    )
    take_in()
    second.refresh_from_db()
    assert second.state == "delivered"
    assert not WebhookEvent.objects.filter(state="waiting").exists()
    scenario.assert_adds_up(campaign)


def test_events_of_another_account_change_nothing(carrier: RunningSimulator) -> None:
    handed_over(scenario.people(1))
    tell(envelope("messages", message_body(Message.objects.get(), "Delivered"), account="99999"))
    take_in()
    assert Message.objects.get().state == "waiting"
    assert WebhookEvent.objects.get().note == "other_account"


def test_what_came_in_is_in_the_store(carrier: RunningSimulator) -> None:
    registry.default().fetch_id()
    body = {
        "id": "7119", "from": "+14155550101", "to": [scenario.LOCAL], "text": "Thank you",
        "direction": "Inbound", "messageStatus": "Delivered", "segmentCount": 1, "cost": 0.007,
        "creationTime": iso(timezone.now()), "lastModifiedTime": iso(timezone.now()),
    }  # fmt: skip
    tell(envelope("messages?direction=Inbound", body))
    take_in()
    stored = models.ProviderMessage.objects.get()
    assert (stored.inbound, stored.own_number, stored.text) == (True, scenario.LOCAL, "Thank you")
    assert not OptOut.objects.exists()


def test_the_tick_wakes_it(carrier: RunningSimulator) -> None:
    registry.default().fetch_id()
    assert tasks.EVENTS not in scenario.due()
    tell(envelope("opt-outs", {"from": scenario.LOCAL, "to": "+14155550101", "active": True}))
    assert tasks.EVENTS in scenario.due()
    tasks.process_events.func(registry.default().tag)
    assert OptOut.objects.get().phone == "+14155550101"
    assert tasks.EVENTS not in scenario.due()


def test_a_reminder_makes_the_subscription_be_looked_at(carrier: RunningSimulator) -> None:
    registry.default().fetch_id()
    webhook_intake.endpoint("ringcentral")
    Webhook.objects.update(last_checked_at=timezone.now())
    tell(envelope("/restapi/v1.0/subscription/~?threshold=259200&interval=43200", {}))
    take_in()
    assert Webhook.objects.get().last_checked_at is None


def test_it_is_known_when_the_carrier_was_last_heard(carrier: RunningSimulator) -> None:
    registry.default().fetch_id()
    webhook_intake.endpoint("ringcentral")
    tell(envelope("opt-outs", {"from": scenario.LOCAL, "to": factories.phone(1), "active": True}))
    take_in()
    assert Webhook.objects.get().last_event_at == WebhookEvent.objects.get().received_at
