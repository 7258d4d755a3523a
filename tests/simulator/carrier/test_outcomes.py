from typing import Any

import pytest

from campaigns.simulator.carrier.outcomes import BY_ENDING, FAILURES, REJECTED_ENDING, REPLYING, SPECIAL
from tests.simulator.client import A2P, LONG_CODE, Client
from tests.simulator.running import RunningSimulator

HOUR = 3600


def _to(ending: str) -> str:
    return f"+1415555{ending}"


@pytest.fixture
def client(simulator: RunningSimulator) -> Client:
    """At the real speed, so that the test's own clock decides."""
    simulator.options(speed=1)
    return Client(simulator.url)


def _record(client: Client, batch: dict[str, Any]) -> dict[str, Any]:
    query = {"batchId": batch["id"], "dateFrom": batch["creationTime"]}
    record: dict[str, Any] = client.get(f"{A2P}/messages", **query).json["records"][0]
    return record


def _standing(record: dict[str, Any]) -> tuple[str, str]:
    return record["messageStatus"], record.get("errorCode", "")


def test_no_ending_means_two_things() -> None:
    assert len(BY_ENDING) == len(SPECIAL) + len(FAILURES) + len(REPLYING) == 48
    assert REJECTED_ENDING not in BY_ENDING
    assert all("9700" < ending <= "9999" for ending in BY_ENDING)


@pytest.mark.parametrize(
    ("ending", "status", "code"),
    [
        ("9703", "SendingFailed", "SMS-RC-403"),
        ("9710", "SendingFailed", "SMS-RC-410"),
        ("9713", "SendingFailed", "SMS-RC-413"),
        ("9730", "SendingFailed", "SMS-RC-430"),
        ("9790", "SendingFailed", "SMS-RC-500"),
        ("9794", "SendingFailed", "SMS-RC-504"),
        ("9810", "DeliveryFailed", "SMS-UP-410"),
        ("9831", "DeliveryFailed", "SMS-UP-431"),
        ("9890", "DeliveryFailed", "SMS-UP-500"),
        ("9900", "DeliveryFailed", "SMS-CAR-400"),
        ("9904", "Sent", ""),  # the carrier's silence becomes SMS-CAR-104 only after two hours
        ("9911", "DeliveryFailed", "SMS-CAR-411"),
        ("9950", "DeliveryFailed", "SMS-CAR-450"),
        ("9961", "DeliveryFailed", "SMS-CAR-461"),
        ("9990", "DeliveryFailed", "SMS-CAR-500"),
        ("9999", "DeliveryFailed", "SMS-CAR-199"),
        ("9701", "Sent", ""),
        ("9702", "Sent", ""),
        ("9704", "Delivered", ""),
        ("9705", "SendingFailed", ""),
        ("9720", "Delivered", ""),
        ("9799", "Delivered", ""),
        ("9999"[::-1].replace("9", "8"), "Delivered", ""),
        ("0100", "Delivered", ""),
    ],
)
def test_what_an_ending_does(
    client: Client, simulator: RunningSimulator, ending: str, status: str, code: str
) -> None:
    batch = client.send_batch(_to(ending))
    simulator.advance(60)
    record = _record(client, batch)
    assert _standing(record) == (status, code)
    # What RingCentral itself refused costs nothing; what it handed on is billed.
    assert ("cost" in record, "segmentCount" in record) == (status != "SendingFailed",) * 2


@pytest.mark.parametrize(
    ("ending", "history"),
    [
        ("9904", [("Sent", ""), ("DeliveryFailed", "SMS-CAR-104"), ("DeliveryFailed", "SMS-CAR-104")]),
        ("9702", [("Sent", ""), ("Sent", ""), ("Delivered", "")]),
        ("9704", [("Delivered", ""), ("Delivered", ""), ("DeliveryFailed", "SMS-CAR-410")]),
        ("9706", [("Sent", ""), ("DeliveryFailed", "SMS-CAR-104"), ("Delivered", "")]),
        ("9701", [("Sent", ""), ("Sent", ""), ("Sent", "")]),
    ],
)
def test_late_changes(
    client: Client, simulator: RunningSimulator, ending: str, history: list[tuple[str, str]]
) -> None:
    batch = client.send_batch(_to(ending))
    seen = []
    for seconds in (60, 2 * HOUR, HOUR):
        simulator.advance(seconds)
        seen.append(_standing(_record(Client(simulator.url), batch)))
    assert seen == history


def test_late_changes_reach_the_counts(client: Client, simulator: RunningSimulator) -> None:
    batch = client.send_batch(_to("0100"), _to("9706"))
    query = {"batchId": batch["id"], "dateFrom": batch["creationTime"]}
    seen = []
    for seconds in (60, 2 * HOUR, HOUR):
        simulator.advance(seconds)
        counts = Client(simulator.url).get(f"{A2P}/statuses", **query).json
        seen.append(
            (counts["sent"]["count"], counts["deliveryFailed"]["count"], counts["delivered"]["count"])
        )
    assert seen == [(1, 0, 1), (0, 1, 1), (0, 0, 2)]


def test_late_changes_scale_with_the_speed(client: Client, simulator: RunningSimulator) -> None:
    simulator.options(speed=60)
    batch = client.send_batch(_to("9702"))
    simulator.advance(100)
    assert _standing(_record(client, batch)) == ("Sent", "")
    simulator.advance(100)
    assert _standing(_record(client, batch)) == ("Delivered", "")


def test_some_people_answer(client: Client, simulator: RunningSimulator) -> None:
    client.send_batch(_to("9720"), _to("9721"), _to("9722"), _to("9713"))
    simulator.advance(10)
    assert client.get(f"{A2P}/messages", direction="Inbound").json["records"] == []
    simulator.advance(60)
    answers = client.get(f"{A2P}/messages", direction="Inbound", view="Detailed").json["records"]
    assert [(one["from"], one["to"], one["text"]) for one in reversed(answers)] == [
        (_to("9720"), [LONG_CODE], "Yes please"),
        (_to("9721"), [LONG_CODE], "STOP"),
        (_to("9722"), [LONG_CODE], "Who is this? \N{THINKING FACE}"),
    ]
    again = client.send_batch(_to("9721"))
    simulator.advance(60)
    assert _standing(_record(client, again)) == ("SendingFailed", "SMS-RC-413")
    # Who was blocked got nothing to answer.
    assert len(client.get(f"{A2P}/messages", direction="Inbound").json["records"]) == 3
