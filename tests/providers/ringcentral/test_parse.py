from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from campaigns.models import Attempt, Batch, Message, ProviderBatch, ProviderMessage
from campaigns.providers.ringcentral import parse
from campaigns.providers.types import Direction, MessageStatus, Rejected

MESSAGE: dict[str, Any] = {
    "id": "52511",
    "batchId": "b4e0",
    "from": "+16505550100",
    "to": ["+16501112222"],
    "creationTime": "2021-01-14T21:47:51.436491Z",
    "lastModifiedTime": "2021-01-14T21:47:53.032416Z",
    "messageStatus": "Delivered",
    "segmentCount": 1,
    "cost": 0.007,
    "direction": "Outbound",
    "text": "Hi",
}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("3157ac7d-baab-4d0e-1453-deada6c735d2", "3157ac7d-baab-4d0e-1453-deada6c735d2"),
        (52511, "52511"),
        (9_007_199_254_740_993, "9007199254740993"),  # beyond what a float can hold
        ("", ""),
        ("a b", ""),
        ("a\n", ""),
        ("x" * 129, ""),
        (0, ""),
        (-1, ""),
        (1.5, ""),
        (True, ""),
        (None, ""),
        (["1"], ""),
        ({"id": "1"}, ""),
    ],
)
def test_ids(value: Any, text: str) -> None:
    assert parse.identity(value) == text


@pytest.mark.parametrize("make", [str, int])
def test_an_id_is_kept_whole_or_not_at_all(make: type) -> None:
    """As long as its column, on every database: cut off it would be the id of something else."""
    message, batch = "1" * parse.MESSAGE_ID, "1" * parse.BATCH_ID
    kept = parse.remote_message({"id": make(message), "batchId": make(batch)})
    assert (kept.provider_id, kept.batch_id) == (message, batch)
    assert parse.batch_state({"id": make(batch)}).provider_id == batch
    refused = parse.remote_message({"id": make(message + "1"), "batchId": make(batch + "1")})
    assert (refused.provider_id, refused.batch_id) == ("", "")
    assert parse.batch_state({"id": make(batch + "1")}).provider_id == ""


def test_ids_fit_where_they_are_kept() -> None:
    for model, most in (
        (Message, parse.MESSAGE_ID),
        (ProviderMessage, parse.MESSAGE_ID),
        (Batch, parse.BATCH_ID),
        (Attempt, parse.BATCH_ID),
        (ProviderBatch, parse.BATCH_ID),
    ):
        assert model._meta.get_field("provider_id").max_length == most


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("0.007", Decimal("0.007")),
        ("0.0085", Decimal("0.0085")),
        ("0.700", Decimal("0.7")),
        ("0.1", Decimal("0.1")),
        ("1e-3", Decimal("0.001")),
        ("86.4", Decimal("86.4")),
        ("12345678.123456", Decimal("12345678.123456")),
        ("0", Decimal(0)),
        ("7", Decimal(7)),
        ('"0.007"', Decimal("0.007")),
        ("null", None),
        ('""', None),
        ('"free"', None),
        ('"NaN"', None),
        ("1e300", None),
        ('"0.' + "1" * 1_000 + '"', None),
        ("true", None),
        ("[]", None),
    ],
)
def test_money_is_exact(written: str, amount: Decimal | None) -> None:
    data = parse.as_object(b'{"cost": %s}' % written.encode())
    assert data is not None
    assert parse.money(data["cost"]) == amount


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2021-01-14T21:47:51.436491Z", datetime(2021, 1, 14, 21, 47, 51, 436491, UTC)),
        ("2021-01-14T21:47:51.436491789Z", datetime(2021, 1, 14, 21, 47, 51, 436491, UTC)),
        ("2021-01-14T21:47:51.436Z", datetime(2021, 1, 14, 21, 47, 51, 436000, UTC)),
        ("2021-01-14T21:47:51Z", datetime(2021, 1, 14, 21, 47, 51, 0, UTC)),
        ("2021-01-14T21:47:51.000+0000", datetime(2021, 1, 14, 21, 47, 51, 0, UTC)),
        ("2021-01-14T23:47:51+02:00", datetime(2021, 1, 14, 21, 47, 51, 0, UTC)),
        ("2021-01-14T21:47:51", datetime(2021, 1, 14, 21, 47, 51, 0, UTC)),
        ("0001-01-01T00:00:00+14:00", None),  # before the first day that can be written in UTC
        ("0001-01-01T00:00:00Z", None),  # what a program without a time likes to write
        ("1970-01-01T00:00:00Z", None),
        ("1999-12-31T23:59:59Z", None),
        ("2000-01-01T00:00:00Z", datetime(2000, 1, 1, tzinfo=UTC)),
        ("2100-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59Z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (1610660871, None),
    ],
)
def test_times_are_utc(written: Any, moment: datetime | None) -> None:
    assert parse.remote_message(MESSAGE | {"creationTime": written}).created_at == moment


@pytest.mark.parametrize(
    "written", ["2026-11-21T12:00:01Z", "2026-11-22T01:00:00+09:00", "2099-12-31T23:59:59Z"]
)
def test_nothing_happened_later_than_now(written: str) -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    with time_machine.travel(now, tick=False):
        message = parse.remote_message(MESSAGE | {"creationTime": written, "lastModifiedTime": written})
        assert (message.created_at, message.modified_at) == (now, now)
        assert parse.deadline(written) == datetime.fromisoformat(written)


def test_a_message() -> None:
    message = parse.remote_message(MESSAGE)
    assert (message.provider_id, message.batch_id) == ("52511", "b4e0")
    assert (message.sender, message.to, message.text) == ("+16505550100", "+16501112222", "Hi")
    assert (message.direction, message.status, message.error_code) == (
        Direction.OUTBOUND,
        MessageStatus.DELIVERED,
        "",
    )
    assert (message.segments, message.cost) == (1, Decimal("0.007"))
    assert message.modified_at == datetime(2021, 1, 14, 21, 47, 53, 32416, UTC)


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"id": 52511}, "provider_id", "52511"),
        ({"batchId": None}, "batch_id", ""),
        ({"to": "+16501112222"}, "to", "+16501112222"),
        ({"to": []}, "to", ""),
        ({"to": None}, "to", ""),
        ({"segmentCount": None}, "segments", None),
        ({"segmentCount": 0}, "segments", 0),
        ({"messageStatus": "Levitating"}, "status_text", "Levitating"),
        ({"messageStatus": None}, "status_text", ""),
        ({"errorCode": "SMS-CAR-104"}, "error_code", "SMS-CAR-104"),
        ({"text": None}, "text", ""),
        ({"text": "Zoë 👋"}, "text", "Zoë 👋"),
        ({"direction": "in"}, "direction", Direction.INBOUND),  # as in 2020
        ({"direction": "out"}, "direction", Direction.OUTBOUND),
    ],
)
def test_messages_as_they_also_come(changes: dict[str, Any], field: str, value: Any) -> None:
    assert getattr(parse.remote_message(MESSAGE | changes), field) == value


def test_the_old_names_of_times() -> None:
    old = {"id": 1, "createdAt": "2021-01-14T21:47:51Z", "lastUpdatedAt": "2021-01-14T21:47:52Z"}
    message = parse.remote_message(old)
    batch = parse.batch_state(old)
    assert message.created_at == batch.created_at == datetime(2021, 1, 14, 21, 47, 51, 0, UTC)
    assert message.modified_at == batch.modified_at == datetime(2021, 1, 14, 21, 47, 52, 0, UTC)


def test_an_emoji_cut_in_half_spoils_one_sign_and_not_the_page() -> None:
    data = parse.as_object(rb'{"id": 1, "text": "Hi \ud83d"}')
    assert data is not None
    text = parse.remote_message(data).text
    assert text == "Hi �"
    text.encode()


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (
            {"index": 2, "to": ["+4088070206"], "errorCode": "SMS-RC-410", "description": "Invalid"},
            Rejected(index=2, to="+4088070206", code="SMS-RC-410", description="Invalid"),
        ),
        ({"index": "2", "to": "123"}, Rejected(index=2, to="123", code="", description="")),
        ({}, Rejected(index=0, to="", code="", description="")),
        ({"index": -1}, Rejected(index=0, to="", code="", description="")),
    ],
)
def test_rejected(item: dict[str, Any], expected: Rejected) -> None:
    assert parse.batch_state({"rejected": [item, "nonsense"]}).rejected == (expected,)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"3", b'"x"', b"{", b"[" * 50_000, b"\xff"])
def test_no_object(body: bytes) -> None:
    assert parse.as_object(body) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("+16505550100", "Clinic main", False, True)),
        ({"label": None}, ("+16505550100", "San Mateo, CA", False, True)),
        ({"features": ["SmsSender"]}, ("+16505550100", "Clinic main", False, False)),
        ({"features": None}, ("+16505550100", "Clinic main", False, False)),
        ({"paymentType": "TollFree"}, ("+16505550100", "Clinic main", True, True)),
        ({"phoneNumber": "+18335550100"}, ("+18335550100", "Clinic main", True, True)),
        ({"phoneNumber": "+442079460123"}, ("+442079460123", "Clinic main", False, True)),
        ({"phoneNumber": "101"}, None),
        ({"phoneNumber": None}, None),
    ],
)
def test_sender_numbers(changes: dict[str, Any], expected: tuple[Any, ...] | None) -> None:
    data = {
        "id": 121554771345,
        "phoneNumber": "+16505550100",
        "paymentType": "Local",
        "label": "Clinic main",
        "location": "San Mateo, CA",
        "features": ["CallerId", "A2PSmsSender"],
    }
    number = parse.sender_number(data | changes)
    seen = number and (number.phone, number.label, number.toll_free, number.can_send_batches)
    assert seen == expected
    assert number is None or number.provider_id == "121554771345"


def test_status_totals() -> None:
    totals = parse.status_totals(
        {
            "queued": {"count": 0, "cost": 0},
            "sent": {"count": 1, "cost": 0.007},
            "delivered": {"count": 93, "cost": 0.651},
            "sendingFailed": {"count": 2},  # cost and codes were missing for some years
            "deliveryFailed": {
                "count": 4,
                "cost": 0.028,
                "errorCodeCounts": {"SMS-UP-410": 3, "SMS-CAR-104": 1},
            },
        }
    )
    assert totals is not None
    assert totals.count == 100
    assert totals.cost == Decimal("0.686")
    assert totals.delivery_failed.error_codes == {"SMS-UP-410": 3, "SMS-CAR-104": 1}
    assert totals.sending_failed.error_codes == {}


@pytest.mark.parametrize("data", [{}, {"records": []}, {"sent": 3}])
def test_no_totals(data: dict[str, Any]) -> None:
    assert parse.status_totals(data) is None
