import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from campaigns.providers.event_types import Topic
from campaigns.providers.mailbox_types import MailboxMessage
from campaigns.providers.ringcentral.events import handshake, is_genuine, parse_event
from campaigns.providers.types import BatchState, RemoteMessage

ROOT = "/restapi/v1.0/account/405151000033"
OURS, ANN = "+16505550100", "+14155550101"


def event(name: str, body: Any, **changes: Any) -> bytes:
    envelope = {
        "uuid": "5496200236759723000",
        "event": name,
        "timestamp": "2026-05-26T04:16:43.533Z",
        "subscriptionId": "8466621d-c21d-41e6-8656-9e45100eb000",
        "ownerId": "405151000033",
        "body": body,
    }
    return json.dumps(envelope | changes).encode()


BATCH: dict[str, Any] = {
    "id": "b6f5610f-5ff1-4273-8a8d-e3742ba4e000",
    "from": OURS,
    "batchSize": 2,
    "processedCount": 2,
    "status": "Completed",
    "creationTime": "2026-05-26T04:15:50.612950Z",
    "lastModifiedTime": "2026-05-26T04:15:54.011183Z",
    "cost": 0.014,
}
MESSAGE: dict[str, Any] = {
    "id": "7086",
    "from": OURS,
    "to": [ANN],
    "text": "See you at 5",
    "messageStatus": "DeliveryFailed",
    "errorCode": "SMS-CAR-411",
    "segmentCount": 1,
    "cost": 0.007,
    "direction": "Outbound",
    "batchId": BATCH["id"],
    "creationTime": "2026-05-26T04:16:05.442760Z",
    "lastModifiedTime": "2026-05-26T04:16:08.107007Z",
}


@pytest.mark.parametrize("path", ["/a2p-sms/batches", "/a2p-sms/batches/b6f5", "/a2p-sms/batches?from=+1650"])
def test_a_batch(path: str) -> None:
    found = parse_event(event(ROOT + path, BATCH))
    assert found is not None
    assert (found.uuid, found.topic) == ("5496200236759723000", Topic.BATCH)
    assert found.subscription_id == "8466621d-c21d-41e6-8656-9e45100eb000"
    assert found.at == datetime(2026, 5, 26, 4, 16, 43, 533000, UTC)
    assert isinstance(found.payload, BatchState)
    assert (found.payload.processed_count, found.payload.cost) == (2, Decimal("0.014"))
    assert found.payload.completed


def test_a_message() -> None:
    found = parse_event(event(f"{ROOT}/a2p-sms/messages?direction=Outbound&from={OURS}", MESSAGE))
    assert found is not None
    message = found.payload
    assert isinstance(message, RemoteMessage)
    assert (message.provider_id, message.to, message.text) == ("7086", ANN, "See you at 5")
    assert (message.status, message.error_code) == ("DeliveryFailed", "SMS-CAR-411")


V1, V2 = f"{ROOT}/a2p-sms/opt-outs", "/restapi/v2/accounts/405151000033/sms/consents"
CONSENT = {"from": OURS, "to": ANN, "optStatus": "OptOut", "source": "Recipient"}


@pytest.mark.parametrize(
    ("name", "body", "blocked"),
    [
        (V1, {"from": OURS, "to": ANN, "active": True}, [True]),
        (f"{V1}?from={OURS}", {"from": OURS, "to": ANN, "active": False}, [False]),
        (V2, {"records": [CONSENT, CONSENT | {"optStatus": "OptIn"}]}, [True, False]),
        (V2, {"records": [CONSENT, "?", {}]}, [True]),
    ],
)
def test_opt_outs(name: str, body: Any, blocked: list[bool]) -> None:
    found = parse_event(event(name, body))
    assert found is not None
    assert found.topic is Topic.OPT_OUT
    assert isinstance(found.payload, tuple)
    assert [record.opted_out for record in found.payload] == blocked
    assert {(record.sender, record.recipient) for record in found.payload} == {(OURS, ANN)}


def test_a_message_of_the_mailbox() -> None:
    body = {
        "id": "41",
        "from": {"phoneNumber": ANN, "phoneNumberInfo": {}},
        "to": [{"phoneNumber": "+16505550199", "target": True}],
        "type": "SMS",
        "subject": "Hello",
        "direction": "Inbound",
        "eventType": "Create",
        "conversation": {"id": "8031152018338945839"},
    }
    found = parse_event(event(f"{ROOT}/extension/62989000016/message-store/instant?type=SMS", body))
    assert found is not None
    assert found.topic is Topic.MAIL
    assert isinstance(found.payload, MailboxMessage)
    assert (found.payload.text, found.payload.sender.phone) == ("Hello", ANN)


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        (f"{ROOT}/extension/62989000016/message-store", Topic.MAIL_CHANGED),
        (f"{ROOT}/extension/62989000016/message-store?type=SMS&direction=Outbound", Topic.MAIL_CHANGED),
        ("/restapi/v1.0/subscription/8466621d?threshold=259200&interval=43200", Topic.RENEWAL),
        ("/restapi/v1.0/subscription/~?threshold=259200&interval=43200", Topic.RENEWAL),
        (f"{ROOT}/extension/62989000016/presence", Topic.UNKNOWN),
        (f"{ROOT}/a2p-sms/numbers", Topic.UNKNOWN),
        (f"{ROOT}/a2p-sms/batches?from={'1' * 3_000}", Topic.UNKNOWN),
        ("", Topic.UNKNOWN),
    ],
)
def test_events_that_only_say_that_something_is_so(name: str, topic: Topic) -> None:
    body = {"extensionId": 62989000016, "changes": [{"type": "SMS", "newCount": 1, "updatedCount": 0}]}
    found = parse_event(event(name, body))
    assert found is not None
    assert (found.topic, found.payload) == (topic, None)
    assert found.raw["body"] == body


@pytest.mark.parametrize("body", [None, [], "text", {}, {"id": None}, {"id": {"x": 1}}])
@pytest.mark.parametrize(
    "path",
    ["/a2p-sms/batches", "/a2p-sms/messages", "/a2p-sms/opt-outs", "/extension/1/message-store/instant"],
)
def test_a_body_that_does_not_hold_what_it_should(path: str, body: Any) -> None:
    found = parse_event(event(ROOT + path, body))
    assert found is not None
    assert found.payload is None
    assert found.raw["body"] == body


def test_an_event_without_an_id() -> None:
    found = parse_event(event(V1, {}, uuid=None, timestamp="now", subscriptionId=7))
    assert found is not None
    assert (found.uuid, found.at, found.subscription_id) == ("", None, "7")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b"null", b'{"event": 7}', b"\xff\xfe", b"uuid=1"])
def test_what_is_no_event(body: bytes) -> None:
    assert parse_event(body) is None


def test_an_event_does_not_show_what_it_holds() -> None:
    found = parse_event(event("/restapi/unknown", MESSAGE))
    assert ANN not in repr(found)


# --- handshake and token


@pytest.mark.parametrize(
    ("headers", "body", "said"),
    [
        ({"validation-token": "a1b2-c3"}, b"", "a1b2-c3"),
        ({"validation-token": "a1b2", "verification-token": "secret"}, b"", "a1b2"),
        ({"validation-token": "secret"}, b'{"uuid": "1"}', None),  # an event that shows our token there
        ({"validation-token": ""}, b"", None),
        ({}, b"", None),
        ({"validation-token": "a b"}, b"", None),
        ({"validation-token": "a\r\nX-Evil: 1"}, b"", None),
        ({"validation-token": "x" * 513}, b"", None),
    ],
)
def test_the_handshake(headers: dict[str, str], body: bytes, said: str | None) -> None:
    expected = said and {"Validation-Token": said, "Content-Type": "application/json"}
    assert handshake(headers, body) == expected


@pytest.mark.parametrize(
    ("headers", "token", "ours"),
    [
        ({"verification-token": "secret"}, "secret", True),
        ({"validation-token": "secret"}, "secret", True),
        ({"verification-token": "wrong", "validation-token": "secret"}, "secret", True),
        ({"verification-token": "Secret"}, "secret", False),
        ({"verification-token": "secret "}, "secret", False),
        ({"authorization": "secret"}, "secret", False),
        ({"verification-token": "sécret"}, "secret", False),
        ({"verification-token": "sécret"}, "sécret", True),
        ({}, "secret", False),
        ({}, "", False),  # no token was ever set: nobody is let in
        ({"verification-token": ""}, "", False),
    ],
)
def test_who_calls(headers: dict[str, str], token: str, ours: bool) -> None:
    assert is_genuine(headers, token) is ours
