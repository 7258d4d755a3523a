from typing import Any
from uuid import UUID

import pytest

from tests.simulator.client import A2P, LONG_CODE, P2P_ONLY, TOLL_FREE, Client
from tests.simulator.running import RunningSimulator

ANN, BEN, CAT = "+14155550101", "+14155550102", "+14155550103"


def test_the_answer_to_a_batch(client: Client, simulator: RunningSimulator) -> None:
    body = {
        "from": LONG_CODE,
        "text": "Hello all",
        "messages": [{"to": [ANN]}, {"to": [BEN], "text": "Hi Ben"}],
    }
    reply = client.post(f"{A2P}/batches", body)
    batch = reply.json
    assert reply.status == 201
    assert str(UUID(batch["id"])) == batch["id"]
    expected = {
        "from": LONG_CODE,
        "batchSize": 2,
        "processedCount": 0,
        "status": "Processing",
        "rejected": [],
    }
    assert {name: batch[name] for name in expected} == expected
    assert batch["creationTime"] == batch["lastModifiedTime"]
    assert [(line["to"], line["text"]) for line in simulator.ledger()] == [
        (ANN, "Hello all"),
        (BEN, "Hi Ben"),
    ]


def test_the_old_path_takes_batches_too(client: Client) -> None:
    assert (
        client.post(f"{A2P}/batch", {"from": LONG_CODE, "text": "x", "messages": [{"to": [ANN]}]}).status
        == 201
    )


@pytest.mark.parametrize(
    "number",
    [
        "4155550101",
        "14155550101",
        "+4155550101",
        "+1415555010",
        "+141555501011",
        "+10155550101",
        "+14150550101",
        "+442071838750",
        "+18765550101",  # Jamaica shares +1
        " +14155550101",
        "+1 415 555 0101",
        "+1٤155550101",  # a digit, but not one of E.164
        "+14155559700",  # the ending that is always rejected
        "",
    ],
)
def test_rejected_numbers_are_told_once(client: Client, simulator: RunningSimulator, number: str) -> None:
    batch = client.send_batch(ANN, number, BEN)
    assert batch["rejected"] == [
        {
            "index": 2,
            "to": [number],
            "errorCode": "SMS-RC-410",
            "description": "The recipient number is invalid",
        }
    ]
    assert batch["batchSize"] == 2
    assert client.get(f"{A2P}/batches/{batch['id']}").json["rejected"] == []
    assert client.get(f"{A2P}/batches").json["records"][0]["rejected"] == []
    assert [line["to"] for line in simulator.ledger()] == [ANN, BEN]


def test_a_batch_of_rejected_numbers_only(client: Client, simulator: RunningSimulator) -> None:
    batch = client.send_batch("nobody", "nowhere")
    assert (batch["batchSize"], [one["index"] for one in batch["rejected"]]) == (0, [1, 2])
    assert client.get(f"{A2P}/batches/{batch['id']}").json["status"] == "Completed"
    assert client.get(f"{A2P}/messages", batchId=batch["id"]).json["records"] == []
    assert simulator.ledger() == []


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"from": None}, "from"),
        ({"from": "+12125550100"}, "from"),
        ({"from": P2P_ONLY}, "from"),
        ({"from": "16505550100"}, "from"),
        ({"from": [LONG_CODE]}, "from"),
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": {"to": [ANN]}}, "messages"),
        ({"messages": [ANN]}, "messages"),
        ({"messages": [{"to": []}]}, "to"),
        ({"messages": [{"to": [ANN, BEN]}]}, "to"),
        ({"messages": [{"to": ANN}]}, "to"),
        ({"messages": [{"to": [4155550101]}]}, "to"),
        ({"messages": [{"text": "Hi"}]}, "to"),
        ({"text": None}, "text"),
        ({"text": ""}, "text"),
        ({"text": 7}, "text"),
        ({"text": "x" * 1001}, "text"),
        ({"text": "\N{GRINNING FACE}" * 501}, "text"),  # two UTF-16 units each
        ({"messages": [{"to": [ANN]}, {"to": [BEN], "text": "x" * 1001}]}, "text"),
        ({"messages": [{"to": [ANN], "text": ""}]}, "text"),
    ],
)
def test_a_bad_request_is_refused_as_a_whole(
    client: Client, simulator: RunningSimulator, change: dict[str, Any], parameter: str
) -> None:
    body = {"from": LONG_CODE, "text": "Hello", "messages": [{"to": [ANN]}]} | change
    reply = client.post(f"{A2P}/batches", body)
    assert (reply.status, reply.code, reply.json["parameterName"]) == (400, "CMN-101", parameter)
    assert simulator.ledger() == []


@pytest.mark.parametrize("text", ["x" * 1000, "é" * 1000, "\N{GRINNING FACE}" * 500])
def test_the_longest_texts(client: Client, text: str) -> None:
    assert client.send_batch(ANN, text=text)["batchSize"] == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b'{"from":"\xff"}', b'{"text":"\\ud83d"}'])
def test_a_body_that_cannot_be_parsed(client: Client, body: bytes) -> None:
    reply = client.post(f"{A2P}/batches", body)
    assert (reply.status, reply.code) == (400, "CMN-104")


@pytest.mark.parametrize(("content_type", "code"), [(None, "CMN-110"), ("text/plain", "CMN-407")])
def test_the_content_type_matters(client: Client, content_type: str | None, code: str) -> None:
    headers = client.headers | ({"Content-Type": content_type} if content_type else {})
    reply = client.send("POST", f"{A2P}/batches", b"{}", headers)
    assert (reply.status, reply.code) == (400, code)


def test_the_same_number_twice_is_two_texts(client: Client, simulator: RunningSimulator) -> None:
    assert client.send_batch(ANN, ANN)["batchSize"] == 2
    assert len(simulator.ledger()) == 2


@pytest.mark.parametrize(("sender", "per_minute"), [(LONG_CODE, 60), (TOLL_FREE, 180)])
def test_a_sender_sends_at_its_own_pace(
    client: Client, simulator: RunningSimulator, sender: str, per_minute: int
) -> None:
    simulator.options(speed=1)
    many = [f"+1415{5550000 + index}" for index in range(per_minute * 2)]
    path = f"{A2P}/batches/{client.send_batch(*many, sender=sender)['id']}"
    simulator.advance(60)
    half = client.get(path).json
    # The test itself takes a moment.
    assert per_minute <= half["processedCount"] <= per_minute + 15
    assert (half["status"], "cost" in half) == ("Processing", False)
    assert half["lastModifiedTime"] > half["creationTime"]
    simulator.advance(60)
    done = client.get(path).json
    assert (done["processedCount"], done["status"]) == (per_minute * 2, "Completed")
    assert done["cost"] == pytest.approx(0.007 * per_minute * 2)


def test_speed_scales_the_pace(client: Client, simulator: RunningSimulator) -> None:
    simulator.options(speed=60)
    path = f"{A2P}/batches/{client.send_batch(*[ANN] * 3600)['id']}"
    simulator.advance(30)
    assert 1800 <= client.get(path).json["processedCount"] < 2400


def test_batches_of_one_sender_go_out_in_order(client: Client, simulator: RunningSimulator) -> None:
    simulator.options(speed=1)
    first, second = (client.send_batch(*[ANN] * 60)["id"] for _ in range(2))
    other = client.send_batch(*[ANN] * 60, sender=TOLL_FREE)["id"]
    simulator.advance(30)
    done = {one: client.get(f"{A2P}/batches/{one}").json["processedCount"] for one in (first, second, other)}
    assert done[first] >= 30
    assert done[second] == 0
    assert done[other] == 60


def test_cost_counts_segments_and_leaves_out_what_was_blocked(client: Client) -> None:
    batch = client.send_batch(ANN, BEN, "+14155559713", text="x" * 161)
    assert client.get(f"{A2P}/batches/{batch['id']}").json["cost"] == pytest.approx(0.007 * 4)


def test_an_unknown_batch(client: Client) -> None:
    reply = client.get(f"{A2P}/batches/3157ac7d-baab-4d0e-1453-deada6c735d2")
    assert (reply.status, reply.code, reply.json["parameterName"]) == (404, "CMN-102", "batchId")


def _ids(client: Client, **query: Any) -> list[str]:
    return [record["id"] for record in client.get(f"{A2P}/batches", **query).json["records"]]


def test_batches_are_listed_newest_first_and_filtered(client: Client, simulator: RunningSimulator) -> None:
    simulator.options(speed=1)
    old = client.send_batch(ANN)
    simulator.advance(600)
    toll_free = client.send_batch(*[ANN] * 180, sender=TOLL_FREE)
    new = client.send_batch(*[ANN] * 60)
    assert _ids(client) == [new["id"], toll_free["id"], old["id"]]
    assert _ids(client, **{"from": TOLL_FREE}) == [toll_free["id"]]
    assert _ids(client, status="Completed") == [old["id"]]
    assert _ids(client, status=["Completed", "Processing"]) == [new["id"], toll_free["id"], old["id"]]
    assert _ids(client, status="Queued") == []
    assert _ids(client, dateFrom=toll_free["creationTime"]) == [new["id"], toll_free["id"]]
    assert _ids(client, dateTo=toll_free["creationTime"]) == [toll_free["id"], old["id"]]
    assert _ids(client, **{"from": "+12125550100"}) == []


def test_lists_go_back_one_day_unless_asked(client: Client, simulator: RunningSimulator) -> None:
    batch = client.send_batch(ANN)
    simulator.advance(24 * 3600)
    fresh = Client(simulator.url)  # the first token has ended
    assert _ids(fresh) == []
    assert _ids(fresh, dateFrom=batch["creationTime"]) == [batch["id"]]
    assert fresh.get(f"{A2P}/batches/{batch['id']}").status == 200


def test_paging_by_token(client: Client) -> None:
    sent = [client.send_batch(ANN)["id"] for _ in range(5)]
    seen: list[str] = []
    token: dict[str, str] = {}
    for expected in (2, 2, 1):
        page = client.get(f"{A2P}/batches", perPage=2, **token).json
        assert len(page["records"]) == expected
        seen += [record["id"] for record in page["records"]]
        # What comes in meanwhile must not shift the pages.
        client.send_batch(BEN)
        token = {"pageToken": page["paging"].get("nextPageToken", "")}
    assert seen == sent[::-1]
    assert token == {"pageToken": ""}
    first = client.get(f"{A2P}/batches", perPage=2, pageToken=page["paging"]["firstPageToken"]).json
    assert [record["id"] for record in first["records"]] == seen[:2]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"status": "Done"}, "status"),
        ({"perPage": "0"}, "perPage"),
        ({"perPage": "-1"}, "perPage"),
        ({"perPage": "many"}, "perPage"),
        ({"pageToken": "?"}, "pageToken"),
        ({"pageToken": "Tjo1MDAwMg=="}, "pageToken"),
        ({"dateFrom": "yesterday"}, "dateFrom"),
        ({"dateTo": "2026-13-01"}, "dateTo"),
    ],
)
def test_bad_list_parameters_are_named(client: Client, query: dict[str, str], parameter: str) -> None:
    reply = client.get(f"{A2P}/batches", **query)
    assert (reply.status, reply.code, reply.json["parameterName"]) == (400, "CMN-101", parameter)


def test_lists_can_lag_behind(client: Client, simulator: RunningSimulator) -> None:
    simulator.options(list_lag=300)
    batch = client.send_batch(ANN)
    assert _ids(client) == []
    assert client.get(f"{A2P}/messages", batchId=batch["id"]).json["records"] == []
    assert client.get(f"{A2P}/batches/{batch['id']}").status == 200
    simulator.advance(301)
    assert _ids(client) == [batch["id"]]
