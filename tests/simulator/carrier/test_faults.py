import http.client
import json
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from campaigns.simulator.carrier.faults import FaultScriptError, parse_script
from tests.simulator.client import A2P, LONG_CODE, Client, Reply
from tests.simulator.running import RunningSimulator, running_simulator

BATCHES = f"{A2P}/batches"
BODY = {"from": LONG_CODE, "text": "Hello", "messages": [{"to": ["+14155550101"]}]}


def _fault(**more: Any) -> dict[str, Any]:
    return {"method": "POST", "path": "/a2p-sms/batches", **more}


@pytest.mark.parametrize(
    ("fault", "error", "accepted"),
    [
        ({"fault": "drop_before"}, http.client.RemoteDisconnected, 0),
        ({"fault": "drop_after"}, http.client.RemoteDisconnected, 1),
        ({"fault": "reset"}, ConnectionResetError, 0),
        ({"fault": "reset", "when": "after"}, ConnectionResetError, 1),
        ({"fault": "truncate"}, http.client.IncompleteRead, 1),
    ],
)
def test_answers_that_get_lost(
    client: Client, simulator: RunningSimulator, fault: dict[str, Any], error: type[Exception], accepted: int
) -> None:
    simulator.faults(_fault(times=1, **fault))
    with pytest.raises(error):
        client.post(BATCHES, BODY)
    assert len(simulator.ledger()) == accepted
    assert client.post(BATCHES, BODY).status == 201
    assert len(simulator.ledger()) == accepted + 1


@pytest.mark.parametrize(
    ("fault", "status", "code", "accepted"),
    [
        ({"fault": "status"}, 503, "CMN-201", 0),
        ({"fault": "status", "status": 500}, 500, "CMN-203", 0),
        ({"fault": "status", "status": 500, "when": "after"}, 500, "CMN-203", 1),
        ({"fault": "status", "status": 429}, 429, "CMN-301", 0),
        ({"fault": "status", "status": 403}, 403, "CMN-401", 0),
        ({"fault": "status", "status": 409, "body": '{"errorCode":"CMN-304"}'}, 409, "CMN-304", 0),
    ],
)
def test_answers_with_another_status(
    client: Client, simulator: RunningSimulator, fault: dict[str, Any], status: int, code: str, accepted: int
) -> None:
    simulator.faults(_fault(**fault))
    reply = client.post(BATCHES, BODY)
    assert (reply.status, reply.code) == (status, code)
    assert len(simulator.ledger()) == accepted


def test_headers_of_a_fault_replace_ours(client: Client, simulator: RunningSimulator) -> None:
    headers = {"retry-after": "86400", "content-type": "text/plain", "Location": "http://example.com/"}
    simulator.faults(_fault(fault="status", status=302, headers=headers))
    reply = client.post(BATCHES, BODY)
    assert (reply.status, reply.body) == (302, b"")
    assert {name: reply.headers[name.lower()] for name in headers} == headers


@pytest.mark.parametrize(
    ("fault", "status", "accepted"),
    [
        ({"fault": "html"}, 502, 0),
        ({"fault": "html", "status": 200}, 200, 0),
        ({"fault": "html", "status": 201, "when": "after", "body": "<h1>Sign in to the hotel</h1>"}, 201, 1),
    ],
)
def test_html_from_a_proxy(
    client: Client, simulator: RunningSimulator, fault: dict[str, Any], status: int, accepted: int
) -> None:
    simulator.faults(_fault(**fault))
    reply = client.post(BATCHES, BODY)
    assert (reply.status, reply.headers["content-type"]) == (status, "text/html")
    assert reply.body.startswith(b"<h")
    assert len(simulator.ledger()) == accepted


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_slow_answer(client: Client, simulator: RunningSimulator, when: str) -> None:
    simulator.faults(_fault(fault="delay", seconds=0.2, when=when))
    started = time.time()
    batch = client.post(BATCHES, BODY)
    assert batch.status == 201
    accepted = _posix(batch.json["creationTime"])
    assert time.time() - started >= 0.2
    assert (accepted - started >= 0.2) == (when == "before")


def _posix(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_an_answer_in_drops(client: Client, simulator: RunningSimulator) -> None:
    simulator.faults({"path": "/restapi", "fault": "drip", "seconds": 0.0001})
    assert client.get("/restapi").json["apiVersions"]


def test_the_nth_call_and_how_often(client: Client, simulator: RunningSimulator) -> None:
    simulator.faults(
        _fault(fault="status", status=500, nth=2),
        _fault(fault="status", status=503, nth=4, times=2),
    )
    assert [client.post(BATCHES, BODY).status for _ in range(7)] == [201, 500, 201, 503, 503, 201, 201]
    client.get(BATCHES)
    seen = json.loads(simulator.control("GET", "faults"))
    assert [(one["seen"], one["fired"]) for one in seen] == [(7, 1), (7, 2)]


def test_the_first_match_wins_and_times_run_out(client: Client, simulator: RunningSimulator) -> None:
    simulator.faults(
        _fault(fault="status", status=500, times=2), _fault(fault="status", status=503), {"fault": "html"}
    )
    assert [client.post(BATCHES, BODY).status for _ in range(4)] == [500, 500, 503, 503]
    assert client.get(BATCHES).status == 502
    simulator.faults()
    assert client.post(BATCHES, BODY).status == 201


def test_faults_leave_the_control_api_alone(client: Client, simulator: RunningSimulator) -> None:
    simulator.faults({"fault": "drop_before"})
    with pytest.raises(http.client.RemoteDisconnected):
        client.get("/restapi")
    assert simulator.ledger() == []


def _statuses(seed: int, script: Path) -> list[int]:
    with running_simulator(rate_limits="off", seed=seed, faults=script) as simulator:
        client = Client(simulator.url)
        return [client.post(BATCHES, BODY).status for _ in range(60)]


def test_chances_come_from_the_seed(tmp_path: Path) -> None:
    script = tmp_path / "faults.json"
    script.write_text(json.dumps([_fault(fault="status", status=500, probability=0.3)]))
    first = _statuses(7, script)
    assert 5 <= first.count(500) <= 35
    assert _statuses(7, script) == first
    assert _statuses(8, script) != first


@pytest.mark.parametrize(
    "script",
    [
        {},
        ["drop_before"],
        [{"fault": "explode"}],
        [{"fault": "reset", "when": "never"}],
        [{"fault": "reset", "nht": 3}],
        [{"fault": "reset", "nth": "3"}],
        [{"fault": "reset", "times": True}],
        [{"fault": "status", "headers": {"Retry-After": 5}}],
    ],
)
def test_a_script_that_cannot_be_followed_is_refused(script: Any) -> None:
    with pytest.raises(FaultScriptError):
        parse_script(script)


def test_a_bad_script_stops_the_start(tmp_path: Path) -> None:
    script = tmp_path / "faults.json"
    script.write_text('[{"fault": "explode"}]')
    command = [sys.executable, "-m", "campaigns.simulator", "--port", "0", "--faults", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert "Fault 1 must be" in done.stderr


def test_a_bad_script_over_http_changes_nothing(client: Client, simulator: RunningSimulator) -> None:
    simulator.faults({"fault": "html"})
    reply: Reply = client.post("/simulator/faults", [{"fault": "explode"}])
    assert (reply.status, "Fault 1" in reply.json["message"]) == (400, True)
    assert client.get("/restapi").status == 502
