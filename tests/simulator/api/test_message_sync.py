from typing import Any

import pytest

from tests.simulator.client import EXTENSION, STORE, Client
from tests.simulator.mail import ANN, BEN, add, empty
from tests.simulator.running import RunningSimulator

SYNC = f"{EXTENSION}/message-sync"


def _quiet(client: Client, simulator: RunningSimulator) -> None:
    """Nothing there, and what emptied it longer ago than the overlap."""
    empty(client)
    simulator.advance(10)


def _full(client: Client, **query: Any) -> dict[str, Any]:
    reply = client.get(SYNC, syncType="FSync", **query)
    assert reply.status == 200, reply.body
    answer: dict[str, Any] = reply.json
    return answer


def _changes(client: Client, before: dict[str, Any]) -> dict[str, Any]:
    token = before["syncInfo"]["syncToken"]
    answer: dict[str, Any] = client.get(SYNC, syncType="ISync", syncToken=token).json
    return answer


def _ids(answer: dict[str, Any]) -> list[int]:
    return [one["id"] for one in answer["records"]]


def test_everything_then_only_what_changed(client: Client, simulator: RunningSimulator) -> None:
    _quiet(client, simulator)
    first, second = add(simulator), add(simulator, BEN)
    simulator.advance(10)
    full = _full(client)
    assert _ids(full) == [second, first]
    simulator.advance(10)
    assert _ids(_changes(client, full)) == []
    third = add(simulator)
    client.change("PUT", f"{STORE}/{first}", {"readStatus": "Read"})
    changed = _changes(client, full)
    assert _ids(changed) == [third, first]
    assert changed["syncInfo"]["syncType"] == "ISync"
    simulator.advance(10)
    later = _changes(client, changed)
    simulator.advance(10)
    assert _ids(_changes(client, later)) == []


def test_what_was_removed_comes_as_its_id(client: Client, simulator: RunningSimulator) -> None:
    _quiet(client, simulator)
    gone = add(simulator)
    full = _full(client)
    client.change("DELETE", f"{STORE}/{gone}")
    assert _changes(client, full)["records"] == [{"id": gone, "availability": "Deleted"}]
    assert gone not in _ids(_full(client))


def test_five_seconds_overlap(client: Client, simulator: RunningSimulator) -> None:
    _quiet(client, simulator)
    early = add(simulator)
    simulator.advance(6)
    late = add(simulator)
    assert _ids(_changes(client, _full(client))) == [late]
    assert early in _ids(_full(client))


def test_a_text_that_leaves_is_a_change(client: Client, simulator: RunningSimulator) -> None:
    simulator.options(speed=1)
    body = {"from": {"phoneNumber": "+16505550199"}, "to": [{"phoneNumber": ANN}], "text": "Hi"}
    sent = client.post(f"{EXTENSION}/sms", body).json
    full = _full(client, messageType="SMS")
    assert full["records"][0]["messageStatus"] == "Queued"
    simulator.advance(20)
    (changed,) = _changes(client, full)["records"]
    assert (changed["id"], changed["messageStatus"]) == (sent["id"], "Sent")


def test_the_token_remembers_the_filters(client: Client, simulator: RunningSimulator) -> None:
    full = _full(client, messageType="Fax")
    add(simulator)
    fax = add(simulator, kind="Fax")
    assert _ids(_changes(client, full)) == [fax]


def test_older_records(client: Client, simulator: RunningSimulator) -> None:
    empty(client)
    assert not _full(client)["syncInfo"]["olderRecordsExist"]
    numbers = [add(simulator) for _ in range(3)]
    limited = _full(client, recordCount=2)
    assert (_ids(limited), limited["syncInfo"]["olderRecordsExist"]) == (numbers[:0:-1], True)
    assert not _full(client)["syncInfo"]["olderRecordsExist"]
    add(simulator, secondsAgo=100_000)
    assert _full(client)["syncInfo"]["olderRecordsExist"]


def test_the_newest_of_each_conversation(client: Client, simulator: RunningSimulator) -> None:
    empty(client)
    add(simulator, ANN)
    ben, ann = add(simulator, BEN), add(simulator, ANN)
    assert _ids(_full(client, distinctConversations="true")) == [ann, ben]


@pytest.mark.parametrize("token", [None, "", "x", "e30=", "!!!!"])
def test_a_bad_token_asks_for_a_full_sync(client: Client, token: str | None) -> None:
    reply = client.get(SYNC, syncType="ISync", **({} if token is None else {"syncToken": token}))
    assert (reply.status, reply.code) == (400, "MSG-333")


def test_an_old_token_asks_for_a_full_sync(client: Client, simulator: RunningSimulator) -> None:
    token = _full(client)["syncInfo"]["syncToken"]
    simulator.advance(8 * 24 * 3600)
    reply = Client(simulator.url).get(SYNC, syncType="ISync", syncToken=token)
    assert (reply.status, reply.code) == (400, "MSG-333")


def test_a_token_of_another_mailbox_asks_for_a_full_sync(client: Client, simulator: RunningSimulator) -> None:
    token = _full(client)["syncInfo"]["syncToken"]
    simulator.reset()
    assert Client(simulator.url).get(SYNC, syncType="ISync", syncToken=token).code == "MSG-333"


def test_what_lags_comes_with_the_next_sync(client: Client, simulator: RunningSimulator) -> None:
    full = _full(client)
    simulator.advance(60)
    text = add(simulator)
    simulator.faults({"path": "/message-sync", "fault": "lag", "seconds": 30, "times": 1})
    changed = _changes(client, full)
    assert text not in _ids(changed)
    assert text in _ids(_changes(client, changed))


def test_another_kind_of_sync(client: Client) -> None:
    assert client.get(SYNC, syncType="XSync").json["parameterName"] == "syncType"
