import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import (
    A2P,
    CONSENTS,
    LONG_CODE,
    P2P_ONLY,
    STORE,
    SUBSCRIPTIONS,
    TOLL_FREE,
    Client,
)
from tests.simulator.hook import Hook, listening, subscribe
from tests.simulator.mail import add
from tests.simulator.running import RunningSimulator, running_simulator

ANN, BEN = "+14155550101", "+14155550102"
BATCHES, MESSAGES, OPT_OUTS = f"{A2P}/batches", f"{A2P}/messages", f"{A2P}/opt-outs"


def _follow(client: Client, hook: Hook, *filters: str, **more: Any) -> dict[str, Any]:
    reply = subscribe(client, hook.address, *filters, **more)
    assert reply.status == 200, reply.body
    made: dict[str, Any] = reply.json
    return made


def _bodies(hook: Hook, count: int) -> list[dict[str, Any]]:
    return [one["body"] for one in hook.wait(count)]


def test_the_envelope(client: Client, hook: Hook) -> None:
    made = _follow(client, hook, BATCHES, mode={"verificationToken": "secret"})
    client.send_batch(ANN)
    (event,) = hook.wait(1)
    assert set(event) == {"uuid", "event", "timestamp", "subscriptionId", "ownerId", "body"}
    assert (event["event"], event["subscriptionId"]) == (made["eventFilters"][0], made["id"])
    headers = hook.events[0].headers
    assert headers["verification-token"] == "secret"
    assert headers["content-type"] == "application/json; charset=UTF-8"
    assert "validation-token" not in headers


def test_a_batch_that_is_completed(client: Client, hook: Hook) -> None:
    _follow(client, hook, BATCHES)
    batch = client.send_batch(ANN, BEN)
    (body,) = _bodies(hook, 1)
    assert (body["id"], body["status"], body["processedCount"]) == (batch["id"], "Completed", 2)
    assert (body["cost"], "rejected" in body) == (0.014, False)


def test_filters_of_batches(client: Client, hook: Hook) -> None:
    early = client.send_batch(ANN)
    _follow(client, hook, f"{BATCHES}?from={TOLL_FREE}")
    client.send_batch(ANN)
    toll_free = client.send_batch(ANN, sender=TOLL_FREE)
    _follow(client, hook, f"{BATCHES}/{early['id']}")
    last = client.send_batch(BEN, sender=TOLL_FREE)
    assert [body["id"] for body in _bodies(hook, 2)] == [toll_free["id"], last["id"]]


def test_a_text_is_told_at_every_step(client: Client, simulator: RunningSimulator, hook: Hook) -> None:
    simulator.options(speed=1)
    _follow(client, hook, MESSAGES)
    batch = client.send_batch("+14155559706", text="Hello 🤔")
    simulator.advance(5 * 3600)
    bodies = _bodies(hook, 3)
    assert [(one["messageStatus"], one.get("errorCode")) for one in bodies] == [
        ("Sent", None),
        ("DeliveryFailed", "SMS-CAR-104"),
        ("Delivered", None),
    ]
    assert {(one["batchId"], one["text"], one["direction"]) for one in bodies} == {
        (batch["id"], "Hello 🤔", "Outbound")
    }
    times = [one["lastModifiedTime"] for one in bodies]
    assert times == sorted(times)
    assert isinstance(bodies[0]["id"], str)


def test_what_was_under_way_before_the_subscription(
    client: Client, simulator: RunningSimulator, hook: Hook
) -> None:
    simulator.options(speed=1)
    client.send_batch(ANN, "+14155559704", BEN)
    simulator.advance(2)
    assert [one["messageStatus"] for one in simulator.messages()] == ["Sent", "Sent", "Queued"]
    _follow(client, hook, MESSAGES, BATCHES)
    simulator.advance(4 * 3600)
    statuses = [(body.get("to"), body.get("messageStatus")) for body in _bodies(hook, 6)]
    assert statuses.count((None, None)) == 1  # the batch
    assert sorted(one for one in statuses if one[0]) == [
        ([ANN], "Delivered"),
        ([BEN], "Delivered"),
        ([BEN], "Sent"),
        (["+14155559704"], "Delivered"),
        (["+14155559704"], "DeliveryFailed"),
    ]


def test_order_within_a_batch(client: Client, hook: Hook) -> None:
    _follow(client, hook, MESSAGES)
    people = [f"+1415555{number:04d}" for number in range(101, 121)]
    client.send_batch(*people)
    bodies = _bodies(hook, 40)
    sent = [body["to"][0] for body in bodies if body["messageStatus"] == "Sent"]
    assert sent == people
    assert len({event.json["uuid"] for event in hook.events}) == 40


@pytest.mark.parametrize(
    ("query", "recipients"),
    [
        ("", [ANN, ANN, LONG_CODE]),
        ("?direction=Inbound", [LONG_CODE]),
        ("?direction=Outbound", [ANN, ANN]),
        (f"?direction=Inbound&to={LONG_CODE}", [LONG_CODE]),
        (f"?direction=Inbound&to=%2B{LONG_CODE[1:]}", [LONG_CODE]),
        (f"?to={ANN[1:]}", [ANN, ANN]),
        (f"?from={ANN}", [LONG_CODE]),
        (f"?from={TOLL_FREE}", []),
        ("?batchId=unknown", []),
    ],
)
def test_filters_of_messages(
    client: Client, simulator: RunningSimulator, hook: Hook, query: str, recipients: list[str]
) -> None:
    _follow(client, hook, f"{MESSAGES}{query}", OPT_OUTS)
    client.send_batch(ANN)
    simulator.inbound(ANN, LONG_CODE, "Hi")
    # The opt-out comes last, so when it is here, so is all that was to come.
    client.change("PATCH", CONSENTS, {"records": [_wish(BEN)]})
    bodies = [one.json["body"] for one in hook.wait_for(lambda: _has_opt_out(hook))]
    assert [body["to"][0] for body in bodies if "active" not in body] == recipients


def _has_opt_out(hook: Hook) -> bool:
    return any("active" in one.json["body"] for one in list(hook.events))


def _wish(recipient: str, status: str = "OptOut") -> dict[str, str]:
    return {"from": LONG_CODE, "to": recipient, "optStatus": status, "source": "Api"}


def test_opt_outs_and_consents(client: Client, simulator: RunningSimulator, hook: Hook) -> None:
    _follow(client, hook, f"{OPT_OUTS}?from={LONG_CODE}", CONSENTS)
    simulator.inbound(ANN, TOLL_FREE, "STOP")
    simulator.inbound(ANN, LONG_CODE, "STOP")
    client.change("PATCH", CONSENTS, {"records": [_wish(ANN, "OptIn")]})
    bodies = _bodies(hook, 5)
    # `from` is our number, though the word came from the other side.
    assert [body for body in bodies if "active" in body] == [
        {"from": LONG_CODE, "to": ANN, "active": True},
        {"from": LONG_CODE, "to": ANN, "active": False},
    ]
    records = [body["records"][0] for body in bodies if "records" in body]
    assert [(one["from"], one["optStatus"], one["source"]) for one in records] == [
        (TOLL_FREE, "OptOut", "Recipient"),
        (LONG_CODE, "OptOut", "Recipient"),
        (LONG_CODE, "OptIn", "Api"),
    ]


def test_texts_into_the_mailbox(client: Client, simulator: RunningSimulator, hook: Hook) -> None:
    _follow(client, hook, f"{STORE}/instant?type=SMS")
    add(simulator, kind="Fax")
    add(simulator, direction="Outbound")
    simulator.inbound(ANN, P2P_ONLY, "Hi")
    (body,) = _bodies(hook, 1)
    assert (body["subject"], body["eventType"], body["from"]["phoneNumber"]) == ("Hi", "Create", ANN)
    assert body["attachments"][0]["uri"].startswith(simulator.url)
    assert body["id"] == str(client.get(STORE).json["records"][0]["id"])


def test_counts_of_changes_in_the_mailbox(client: Client, simulator: RunningSimulator, hook: Hook) -> None:
    _follow(client, hook, f"{STORE}?type=SMS&direction=Inbound")
    text = add(simulator)
    add(simulator, kind="Fax")
    client.change("PUT", f"{STORE}/{text}", {"readStatus": "Read"})
    # Updates carry no ids: that is what synchronisation is for.
    assert [body["changes"] for body in _bodies(hook, 2)] == [
        [{"type": "SMS", "newCount": 1, "newMessageIds": [text]}],
        [{"type": "SMS", "updatedCount": 1}],
    ]


def test_an_answer_comes_by_itself(client: Client, simulator: RunningSimulator, hook: Hook) -> None:
    _follow(client, hook, f"{MESSAGES}?direction=Inbound")
    client.send_batch("+14155559721")
    (body,) = _bodies(hook, 1)
    assert (body["text"], "batchId" in body) == ("STOP", False)


def test_each_filter_gives_its_own_event(client: Client, hook: Hook) -> None:
    _follow(client, hook, BATCHES, f"{BATCHES}?from={LONG_CODE}")
    _follow(client, hook, BATCHES)
    client.send_batch(ANN)
    events = hook.wait(3)
    assert len({one["uuid"] for one in events}) == 3
    assert len({one["subscriptionId"] for one in events}) == 2


def test_no_events_after_deletion(client: Client, hook: Hook) -> None:
    deleted, active = _follow(client, hook, BATCHES), _follow(client, hook, BATCHES)
    client.change("DELETE", f"{SUBSCRIPTIONS}/{deleted['id']}")
    client.send_batch(ANN)
    client.send_batch(ANN)
    assert {one["subscriptionId"] for one in hook.wait(2)} == {active["id"]}


def _results(simulator: RunningSimulator) -> list[str]:
    return [one["result"] for one in json.loads(simulator.control("GET", "webhooks"))]


def test_a_few_tries_and_then_it_is_lost(client: Client, simulator: RunningSimulator, hook: Hook) -> None:
    _follow(client, hook, BATCHES)
    hook.status = 500
    client.send_batch(ANN)
    assert len({one["uuid"] for one in hook.wait(3)}) == 1
    hook.wait_for(lambda: _results(simulator) == ["500"] * 3)
    hook.status = 200
    client.send_batch(ANN)
    assert len({one["uuid"] for one in hook.wait(4)}) == 2
    hook.wait_for(lambda: _results(simulator) == ["500"] * 3 + ["200"])


def test_ten_lost_in_a_row_and_nothing_more_comes(
    client: Client, simulator: RunningSimulator, hook: Hook
) -> None:
    made = _follow(client, hook, BATCHES)
    path = f"{SUBSCRIPTIONS}/{made['id']}"
    hook.status = 503
    for _ in range(9):
        client.send_batch(ANN)
    hook.wait(27)
    assert client.get(path).json["status"] == "Active"
    client.send_batch(ANN)
    hook.wait_for(lambda: client.get(path).json["status"] == "Blacklisted")
    assert "503" in client.get(path).json["blacklistedData"]["reason"]
    hook.status = 200
    client.send_batch(ANN)
    client.change("POST", f"{path}/renew")
    other = _follow(client, hook, BATCHES)
    client.send_batch(ANN)
    assert hook.wait(31)[-1]["subscriptionId"] == other["id"]
    assert client.get(path).json["status"] == "Blacklisted"


def test_a_subscriber_that_went_away_holds_nobody_up(
    client: Client, simulator: RunningSimulator, hook: Hook
) -> None:
    with listening() as other:
        unreachable = _follow(client, other, BATCHES)
    _follow(client, hook, BATCHES)
    client.send_batch(ANN)
    hook.wait(1)
    hook.wait_for(lambda: _results(simulator).count("ConnectionRefusedError") == 3)
    assert client.get(f"{SUBSCRIPTIONS}/{unreachable['id']}").json["status"] == "Active"


def _batches(client: Client, count: int) -> list[str]:
    return [client.send_batch(ANN)["id"] for _ in range(count)]


def test_fault_duplicate(client: Client, simulator: RunningSimulator, hook: Hook) -> None:
    _follow(client, hook, BATCHES)
    simulator.faults({"fault": "hook_duplicate", "path": "/batches", "nth": 2})
    first, second, third = _batches(client, 3)
    events = hook.wait(4)
    assert [one["body"]["id"] for one in events] == [first, second, second, third]
    assert events[1]["uuid"] == events[2]["uuid"]


def test_fault_drop(client: Client, simulator: RunningSimulator, hook: Hook) -> None:
    _follow(client, hook, BATCHES)
    simulator.faults({"fault": "hook_drop", "nth": 2})
    first, _, third = _batches(client, 3)
    assert [body["id"] for body in _bodies(hook, 2)] == [first, third]
    assert "dropped by a fault" in _results(simulator)


def test_fault_reorder(client: Client, simulator: RunningSimulator, hook: Hook) -> None:
    _follow(client, hook, BATCHES)
    simulator.faults({"fault": "hook_reorder", "nth": 1, "seconds": 20})
    first, second, third = _batches(client, 3)
    assert [body["id"] for body in _bodies(hook, 3)] == [second, first, third]


def test_fault_reorder_with_nobody_to_overtake(
    client: Client, simulator: RunningSimulator, hook: Hook
) -> None:
    _follow(client, hook, BATCHES)
    simulator.faults({"fault": "hook_reorder", "seconds": 0.1})
    (batch,) = _batches(client, 1)
    assert [body["id"] for body in _bodies(hook, 1)] == [batch]


def test_fault_delay(client: Client, simulator: RunningSimulator, hook: Hook) -> None:
    _follow(client, hook, BATCHES)
    simulator.faults({"fault": "hook_delay", "seconds": 0.4, "nth": 1})
    started = time.monotonic()
    first, second = _batches(client, 2)
    assert [body["id"] for body in _bodies(hook, 2)] == [first, second]
    assert time.monotonic() - started >= 0.4


def test_faults_of_events_leave_calls_alone(client: Client, simulator: RunningSimulator, hook: Hook) -> None:
    _follow(client, hook, BATCHES)
    simulator.faults({"fault": "hook_drop"}, {"fault": "status", "method": "GET"})
    assert client.get(BATCHES).status == 503
    assert client.send_batch(ANN)["batchSize"] == 1
    hook.wait_for(lambda: _results(simulator) == ["dropped by a fault"])


def test_what_happens_during_a_restart_is_not_told(tmp_path: Path, hook: Hook) -> None:
    with running_simulator(state=tmp_path / "state", rate_limits="off", speed=60) as simulator:
        client = Client(simulator.url)
        _follow(client, hook, BATCHES)
        first = client.send_batch(ANN)
        hook.wait(1)
        second = client.send_batch(*[ANN] * 3000)  # 50 seconds: still under way after the restart
        simulator.kill()
        simulator.restart()
        third = client.send_batch(BEN, sender=TOLL_FREE)
        hook.wait(2)
        simulator.advance(60)
        batches = [body["id"] for body in _bodies(hook, 3)]
        assert batches == [first["id"], third["id"], second["id"]]
