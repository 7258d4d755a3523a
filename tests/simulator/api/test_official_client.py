"""The provider's own Python client, pointed at the simulator, finds nothing that it does not know."""

import warnings
from typing import Any

import pytest

from tests.simulator.running import running_simulator

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the package's own, about a deprecated import
    from ringcentral import SDK

BASE = "/restapi/v1.0/account/~/a2p-sms"


@pytest.fixture(scope="module")
def platform() -> Any:
    with running_simulator(speed=100_000, rate_limits="off") as simulator:
        signed_in = SDK("simulator", "simulator", simulator.url).platform()
        signed_in.login(jwt="simulator")
        yield signed_in
        signed_in.logout()


@pytest.fixture(scope="module")
def batch(platform: Any) -> dict[str, Any]:
    """A mix: one common text, and one of its own."""
    body = {
        "from": "+16505550100",
        "text": "Hello team",
        "messages": [{"to": ["+14155550100"]}, {"to": ["+12125550100"], "text": "Hello Bob"}],
    }
    answer = platform.post(f"{BASE}/batches", body)
    assert answer.response().status_code == 201
    made: dict[str, Any] = answer.json_dict()
    return made


def test_finds_the_numbers_that_may_send(platform: Any) -> None:
    numbers = platform.get("/restapi/v1.0/account/~/extension/~/phone-number").json_dict()["records"]

    able = [number["phoneNumber"] for number in numbers if "A2PSmsSender" in number["features"]]
    assert able == ["+16505550100", "+18885550100"]


def test_sends_a_batch(batch: dict[str, Any]) -> None:
    assert (batch["batchSize"], batch["rejected"]) == (2, [])


def test_reads_it_to_the_end(platform: Any, batch: dict[str, Any]) -> None:
    read = platform.get(f"{BASE}/batches/{batch['id']}").json_dict()

    assert (read["status"], read["processedCount"]) == ("Completed", 2)


def test_reads_its_messages(platform: Any, batch: dict[str, Any]) -> None:
    query = {"batchId": batch["id"], "view": "Detailed"}
    records = platform.get(f"{BASE}/messages", query).json_dict()["records"]

    texts = {record["to"][0]: record["text"] for record in records}
    assert texts == {"+14155550100": "Hello team", "+12125550100": "Hello Bob"}


def test_reads_the_statuses(platform: Any, batch: dict[str, Any]) -> None:
    totals = platform.get(f"{BASE}/statuses", {"batchId": batch["id"]}).json_dict()

    assert sum(part["count"] for part in totals.values()) == 2


def test_lists_batches(platform: Any, batch: dict[str, Any]) -> None:
    records = platform.get(f"{BASE}/batches").json_dict()["records"]

    assert batch["id"] in [record["id"] for record in records]
