import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Client
from tests.simulator.mail import add
from tests.simulator.running import RunningSimulator, running_simulator

REPORTS = "/restapi/v1.0/account/~/message-store-report"


def _zip(client: Client, uri: str) -> zipfile.ZipFile:
    reply = client.get("/restapi" + uri.partition("/restapi")[2])
    assert reply.headers["content-type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(reply.body))


def test_from_accepted_to_an_archive(client: Client, simulator: RunningSimulator) -> None:
    simulator.options(speed=1)
    fax = add(simulator, kind="Fax")
    add(simulator)
    reply = client.post(REPORTS, {"messageTypes": ["Fax"]})
    assert (reply.status, reply.json["status"]) == (202, "Accepted")
    path = f"{REPORTS}/{reply.json['id']}"
    assert client.get(f"{path}/archive").json == {"records": []}
    seen = []
    for seconds in (2, 3):
        simulator.advance(seconds)
        seen.append(client.get(path).json)
    assert [one["status"] for one in seen] == ["InProgress", "Completed"]
    assert "finishTime" in seen[1]
    archives = client.get(f"{path}/archive").json["records"]
    records, attachments = (_zip(client, one["uri"]) for one in archives)
    listed = json.loads(records.read("messages.json"))
    assert listed[0]["id"] == fax
    assert {one["type"] for one in listed} == {"Fax"}
    assert any(name.startswith(f"{fax}/") for name in attachments.namelist())
    assert client.get(f"{path}/archive/2").status == 404


def test_two_at_a_time(client: Client, simulator: RunningSimulator) -> None:
    simulator.options(speed=1)
    assert [client.post(REPORTS, {}).status for _ in range(3)] == [202, 202, 429]
    simulator.advance(5)
    assert client.post(REPORTS, {}).status == 202


@pytest.mark.parametrize(
    "body", [{"messageTypes": ["Letter"]}, {"messageTypes": "Fax"}, {"dateFrom": "then"}, {"dateTo": 1}]
)
def test_reports_that_are_refused(client: Client, body: dict[str, Any]) -> None:
    assert client.post(REPORTS, body).code == "CMN-101"


def test_an_unknown_report(client: Client) -> None:
    assert [client.get(f"{REPORTS}/x{end}").status for end in ("", "/archive", "/archive/0")] == [404] * 3


def test_a_restart_keeps_the_task(tmp_path: Path) -> None:
    with running_simulator(state=tmp_path / "state", rate_limits="off") as simulator:
        task = Client(simulator.url).post(REPORTS, {}).json
        simulator.kill()
        simulator.restart()
        assert Client(simulator.url).get(f"{REPORTS}/{task['id']}").json["dateTo"] == task["dateTo"]
