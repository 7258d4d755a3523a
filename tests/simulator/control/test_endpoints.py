import json
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import A2P, LONG_CODE, Client
from tests.simulator.running import RunningSimulator, running_simulator

ANN, BEN = "+14155550101", "+14155550102"


def test_the_ledger_over_http_is_the_file(client: Client) -> None:
    with running_simulator(rate_limits="off") as simulator:
        other = Client(simulator.url)
        other.send_batch(ANN, BEN)
        other.send_batch("nobody")
        assert simulator.ledger() == simulator.ledger_over_http() != []


def test_the_truth_about_every_text(client: Client, simulator: RunningSimulator) -> None:
    client.send_batch(ANN, "+14155559810")
    assert [(one["to"], one["messageStatus"]) for one in simulator.messages()] == [
        ([ANN], "Delivered"),
        (["+14155559810"], "DeliveryFailed"),
    ]


def test_calls_are_counted_and_timed(client: Client, simulator: RunningSimulator) -> None:
    batch = client.send_batch(ANN)
    reply = client.get(f"{A2P}/batches/{batch['id']}")
    client.get(f"{A2P}/batches/unknown")
    requests = json.loads(simulator.control("GET", "requests"))
    endpoint = "/restapi/v1.0/account/{account}/a2p-sms/batches/{batch}"
    counts = {(one["method"], one["endpoint"], one["status"]): one["count"] for one in requests["counts"]}
    assert counts["GET", endpoint, 200] == counts["GET", endpoint, 404] == 1
    calls = simulator.requests()
    assert [one["status"] for one in calls] == [200, 201, 200, 404]
    assert calls[2]["request_id"] == reply.headers["rcrequestid"]
    assert [one["at"] for one in calls] == sorted(one["at"] for one in calls)
    assert not any("simulator" in one["path"] for one in calls)


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"from": "5550101"}, "from"),
        ({"from": None}, "from"),
        ({"to": "+12125550100"}, "to"),
        ({"to": None}, "to"),
        ({"text": ""}, "text"),
    ],
)
def test_a_bad_incoming_text(client: Client, change: dict[str, Any], parameter: str) -> None:
    reply = client.post("/simulator/inbound", {"from": ANN, "to": LONG_CODE, "text": "Hi"} | change)
    assert (reply.status, reply.json["parameterName"]) == (400, parameter)


def test_opt_outs_as_the_carrier_has_them(simulator: RunningSimulator) -> None:
    simulator.inbound(ANN, LONG_CODE, "stop")
    simulator.inbound(BEN, LONG_CODE, "stop")
    simulator.inbound(BEN, LONG_CODE, "start")
    assert json.loads(simulator.control("GET", "opt-outs")) == [{"from": LONG_CODE, "to": ANN}]


def test_all_sessions_can_be_ended(client: Client, simulator: RunningSimulator) -> None:
    simulator.control("DELETE", "sessions")
    assert client.get(f"{A2P}/batches").code == "OAU-213"


@pytest.mark.parametrize("seconds", [-1, "60", None, True])
def test_time_only_goes_forward(client: Client, seconds: Any) -> None:
    assert client.post("/simulator/advance", {"seconds": seconds}).status == 400


@pytest.mark.parametrize(
    "options",
    [
        {"speed": 0},
        {"speed": "1"},
        {"list_lag": -1},
        {"rate_limits": "on"},
        {"ledger": "x"},
        {"speed": True},
    ],
)
def test_options_that_cannot_be_set(client: Client, options: dict[str, Any]) -> None:
    reply = client.post("/simulator/options", options)
    assert (reply.status, reply.code) == (400, "CMN-101")


def test_a_reset_forgets_everything(client: Client, simulator: RunningSimulator) -> None:
    client.send_batch(ANN)
    simulator.inbound(ANN, LONG_CODE, "STOP")
    simulator.faults({"fault": "html"})
    simulator.options(rate_limits=True, speed=1, list_lag=10)
    simulator.advance(1000)
    simulator.reset()
    assert client.get(f"{A2P}/batches").code == "OAU-213"
    fresh = Client(simulator.url)
    assert "x-rate-limit-group" not in fresh.get(f"{A2P}/batches").headers
    batch = fresh.send_batch(ANN)
    assert [one["messageStatus"] for one in simulator.messages()] == ["Delivered"]
    assert [one["id"] for one in fresh.get(f"{A2P}/batches").json["records"]] == [batch["id"]]


def test_no_reset_where_there_are_files(tmp_path: Path) -> None:
    with running_simulator() as simulator:
        assert Client(simulator.url).post("/simulator/reset", {}).status == 409
