import json
import re
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import A2P, SUBSCRIPTIONS, Client
from tests.simulator.hook import Hook, answer, listening, subscribe
from tests.simulator.running import RunningSimulator, running_simulator
from tests.support.waiting import until

BATCHES = f"{A2P}/batches"
MESSAGES = f"{A2P}/messages"
WEEK = 7 * 24 * 3600


def test_a_handshake_makes_a_subscription(client: Client, hook: Hook) -> None:
    reply = subscribe(client, hook.address, BATCHES, mode={"verificationToken": "secret"})
    assert (reply.status, reply.json["status"]) == (200, "Active")
    assert re.fullmatch(r"/restapi/v1\.0/account/\d+/a2p-sms/batches", reply.json["eventFilters"][0])
    assert reply.json["disabledFilters"] == []
    assert reply.json["deliveryMode"] == {
        "transportType": "WebHook",
        "encryption": False,
        "address": hook.address,
    }
    (heard,) = hook.handshakes
    assert (heard.body, heard.headers["content-length"]) == (b"", "0")
    assert heard.headers["verification-token"] == "secret"
    assert "secret" not in client.get(SUBSCRIPTIONS).body.decode()


def test_read_list_and_delete(client: Client, hook: Hook) -> None:
    first = subscribe(client, hook.address, BATCHES).json
    second = subscribe(client, hook.address, MESSAGES).json
    path = f"{SUBSCRIPTIONS}/{first['id']}"
    assert first["uri"].endswith(path)
    assert client.get(path).json["eventFilters"] == first["eventFilters"]
    assert [one["id"] for one in client.get(SUBSCRIPTIONS).json["records"]] == [first["id"], second["id"]]
    assert client.change("DELETE", path).status == 204
    assert [client.get(path).status, client.change("DELETE", path).status] == [404, 404]
    assert [one["id"] for one in client.get(SUBSCRIPTIONS).json["records"]] == [second["id"]]


def test_lifetime(client: Client, simulator: RunningSimulator, hook: Hook) -> None:
    made = subscribe(client, hook.address, BATCHES).json
    path = f"{SUBSCRIPTIONS}/{made['id']}"
    assert WEEK - 10 < made["expiresIn"] <= WEEK
    simulator.advance(1000)
    assert client.get(path).json["expiresIn"] < WEEK - 990
    renewed = client.change("POST", f"{path}/renew").json
    assert renewed["expiresIn"] > WEEK - 10
    assert _moment(renewed) > _moment(made)
    shorter = client.change("PUT", path, {"eventFilters": [BATCHES], "expiresIn": 600}).json
    assert 590 < shorter["expiresIn"] <= 600
    assert client.change("PUT", path).json["expiresIn"] > WEEK - 10
    client.change("PUT", path, {"eventFilters": [BATCHES], "expiresIn": 600})
    simulator.advance(601)
    assert client.get(SUBSCRIPTIONS).json["records"] == []
    for reply in (client.get(path), client.change("POST", f"{path}/renew"), client.change("PUT", path)):
        assert (reply.status, reply.code) == (404, "SUB-507")


def _moment(subscription: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(subscription["expirationTime"])


def test_an_update_changes_filters_and_nothing_else(client: Client, hook: Hook) -> None:
    made = subscribe(client, hook.address, BATCHES).json
    body = {"eventFilters": [MESSAGES], "deliveryMode": {"address": "http://127.0.0.1:1/x"}}
    changed = client.change("PUT", f"{SUBSCRIPTIONS}/{made['id']}", body).json
    assert changed["eventFilters"] == [made["eventFilters"][0].replace("batches", "messages")]
    assert changed["deliveryMode"] == made["deliveryMode"]
    assert len(hook.handshakes) == 1
    assert client.change("PUT", f"{SUBSCRIPTIONS}/{made['id']}", {"expiresIn": 60}).status == 400


def test_filters_that_are_not_to_be_had(client: Client, hook: Hook) -> None:
    filters = [
        BATCHES,
        "/restapi/v1.0/account/~/extension/~/presence",
        "/restapi/v1.0/account/1/a2p-sms/batches",
        "/restapi/v1.0/account/~/extension/1/message-store",
        f"{BATCHES}?to=%2B14155550101",
        "/restapi/v1.0/subscription/~?threshold=60&interval=15",
    ]
    made = subscribe(client, hook.address, *filters).json
    assert len(made["eventFilters"]) == 1
    assert [one["reason"] for one in made["disabledFilters"]] == [
        *("SUB-508", "SUB-406", "SUB-405", "SUB-508", "SUB-508"),
    ]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"eventFilters": []}, 400, "CMN-101"),
        ({"eventFilters": None}, 400, "CMN-101"),
        ({"eventFilters": BATCHES}, 400, "CMN-101"),
        ({"eventFilters": ["everything"]}, 400, "SUB-508"),
        ({"eventFilters": ["/restapi/v1.0/account/~/presence"]}, 400, "SUB-508"),
        ({"eventFilters": ["/restapi/v1.0/subscription/~?threshold=60&interval=15"]}, 400, "SUB-515"),
        ({"expiresIn": 0}, 400, "CMN-101"),
        ({"expiresIn": 315_360_001}, 400, "CMN-101"),
        ({"expiresIn": "60"}, 400, "CMN-101"),
        ({"deliveryMode": None}, 400, "CMN-101"),
        ({"deliveryMode": {"transportType": "WebSocket"}}, 400, "CMN-101"),
        ({"deliveryMode": {"transportType": "WebHook"}}, 400, "CMN-101"),
    ],
)
def test_subscriptions_that_are_refused(
    client: Client, hook: Hook, change: dict[str, Any], status: int, code: str
) -> None:
    mode = {"transportType": "WebHook", "address": hook.address}
    reply = client.post(SUBSCRIPTIONS, {"eventFilters": [BATCHES], "deliveryMode": mode} | change)
    assert (reply.status, reply.code) == (status, code)
    assert hook.handshakes == []


@pytest.mark.parametrize(
    "address",
    [
        *("https://example.com/hook", "http://10.0.0.1/", "http://localhost.example.com/", "http://0.0.0.0/"),
        *(
            "ftp://127.0.0.1/",
            "127.0.0.1",
            "http://",
            "http://127.0.0.1:99999/",
            "http://127.0.0.1/a b",
            "//x",
        ),
    ],
)
def test_nobody_else_is_called(client: Client, address: str) -> None:
    reply = subscribe(client, address, BATCHES)
    assert (reply.status, reply.json["parameterName"]) == (400, "deliveryMode.address")


def test_leaving_the_machine_takes_a_flag(simulator: RunningSimulator) -> None:
    with running_simulator(webhooks_anywhere=True) as other:
        # An address for documents: nobody is there, but now it is tried.
        reply = subscribe(Client(other.url), "http://192.0.2.1:9/", BATCHES)
        assert (reply.status, reply.code) == (400, "CMN-101")
        assert "no answer" in reply.json["message"]


def _late(handler: Any, token: str) -> None:
    threading.Event().wait(3.3)
    answer(handler, 200, validation_token=token)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda handler, token: answer(handler, 204, validation_token=token), "SUB-522"),
        (lambda handler, _: answer(handler, 404), "SUB-522"),
        (lambda handler, _: answer(handler, 200), "SUB-525"),
        (lambda handler, _: answer(handler, 200, validation_token="another"), "SUB-525"),
        (lambda handler, token: answer(handler, 200, b"x" * 1024, validation_token=token), "SUB-525"),
        (lambda handler, token: answer(handler, 200, x="y" * 1000, validation_token=token), "SUB-525"),
        (lambda handler, _: handler.wfile.write(b"hello\r\n\r\n"), "CMN-101"),
        (lambda handler, _: handler.connection.close(), "CMN-101"),
        (_late, "CMN-101"),
    ],
)
def test_a_handshake_that_fails(client: Client, hook: Hook, spoil: Any, code: str) -> None:
    hook.shake_hands = spoil
    reply = subscribe(client, hook.address, BATCHES)
    assert (reply.status, reply.code) == (400, code)
    assert client.get(SUBSCRIPTIONS).json["records"] == []


def test_nobody_listens(client: Client) -> None:
    with listening() as hook:
        address = hook.address
    reply = subscribe(client, address, BATCHES)
    assert (reply.status, reply.json["parameterName"]) == (400, "deliveryMode.address")


def test_thirty_at_most(client: Client, hook: Hook) -> None:
    made = [subscribe(client, hook.address, BATCHES) for _ in range(31)]
    assert [one.status for one in made] == [200] * 30 + [403]
    assert made[-1].code == "SUB-505"
    client.change("DELETE", f"{SUBSCRIPTIONS}/{made[0].json['id']}")
    assert subscribe(client, hook.address, BATCHES).status == 200


def test_a_restart_keeps_subscriptions(tmp_path: Path, hook: Hook) -> None:
    with running_simulator(state=tmp_path / "state", rate_limits="off", speed=100_000) as simulator:
        client = Client(simulator.url)
        token = {"verificationToken": "secret"}
        made = subscribe(client, hook.address, BATCHES, mode=token).json
        gone = subscribe(client, hook.address, MESSAGES).json
        client.change("DELETE", f"{SUBSCRIPTIONS}/{gone['id']}")
        simulator.kill()
        simulator.restart()
        assert [one["id"] for one in client.get(SUBSCRIPTIONS).json["records"]] == [made["id"]]
        batch = client.send_batch("+14155550101")
        (event,) = hook.wait(1)
        assert (event["body"]["id"], hook.events[0].headers["verification-token"]) == (batch["id"], "secret")


def test_a_reset_ends_them(client: Client, simulator: RunningSimulator, hook: Hook) -> None:
    subscribe(client, hook.address, BATCHES)
    simulator.reset()
    fresh = Client(simulator.url)
    assert fresh.get(SUBSCRIPTIONS).json["records"] == []
    other = subscribe(fresh, hook.address, BATCHES).json
    fresh.send_batch("+14155550101")
    assert [one["subscriptionId"] for one in hook.wait(1)] == [other["id"]]
    # It is written down when its answer has come back, a moment after it came here.
    sent = until(lambda: json.loads(simulator.control("GET", "webhooks")), "the carrier has noted it")
    assert len(sent) == 1
