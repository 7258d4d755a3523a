"""What the tests of the mailbox share."""

import json
from typing import Any

from tests.simulator.client import STORE, Client
from tests.simulator.running import RunningSimulator

ANN, BEN, CAT = "+14155550101", "+14155550102", "+14155550103"
MULTIPART_JSON = "application/vnd.ringcentral.multipart+json"


def add(
    simulator: RunningSimulator, number: str = ANN, text: str = "Hello", kind: str = "SMS", **more: Any
) -> int:
    """Put a message into the mailbox; its id."""
    body = {"type": kind, "number": number, "text": text} | more
    mail_id: int = json.loads(simulator.control("POST", "mailbox", body))["id"]
    return mail_id


def empty(client: Client) -> None:
    """Remove what a fresh mailbox holds, for good."""
    assert client.change("DELETE", f"{STORE}?purge=true").status == 204


def ids(client: Client, **query: Any) -> list[int]:
    reply = client.get(STORE, **query)
    assert reply.status == 200, reply.body
    return [one["id"] for one in reply.json["records"]]
