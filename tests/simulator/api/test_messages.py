from typing import Any
from urllib.parse import quote

import pytest

from tests.simulator.client import A2P, LONG_CODE, TOLL_FREE, Client
from tests.simulator.running import RunningSimulator

ANN, BEN, CAT = "+14155550101", "+14155550102", "+14155550103"


def _records(client: Client, **query: Any) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = client.get(f"{A2P}/messages", **query).json["records"]
    return records


def _to(client: Client, **query: Any) -> list[str]:
    return [record["to"][0] for record in _records(client, **query)]


def test_a_text_goes_from_queued_over_sent_to_delivered(client: Client, simulator: RunningSimulator) -> None:
    simulator.options(speed=1)
    batch = client.send_batch(ANN, BEN)
    queued = _records(client, batchId=batch["id"])
    assert [(one["to"], one["messageStatus"], "cost" in one) for one in queued] == [
        ([BEN], "Queued", False),
        ([ANN], "Queued", False),
    ]
    simulator.advance(1)
    assert {one["to"][0]: one["messageStatus"] for one in _records(client)} == {ANN: "Sent", BEN: "Queued"}
    simulator.advance(10)
    for one in _records(client):
        assert one["messageStatus"] == "Delivered"
        assert (one["segmentCount"], one["cost"], one["direction"]) == (1, 0.007, "Outbound")
        assert one["creationTime"] == batch["creationTime"] < one["lastModifiedTime"]
        assert (one["batchId"], one["from"], "errorCode" in one) == (batch["id"], LONG_CODE, False)


def test_receipts_come_two_to_eight_seconds_after_the_text_left(
    client: Client, simulator: RunningSimulator
) -> None:
    simulator.options(speed=1)
    client.send_batch(*[ANN] * 100)
    simulator.advance(102)
    late = [one["messageStatus"] for one in _records(client)]
    assert late[0] == "Sent"
    assert set(late[10:]) == {"Delivered"}


def test_only_the_detailed_view_shows_the_text(client: Client) -> None:
    client.send_batch(ANN, text="Hello Ann")
    assert "text" not in _records(client)[0]
    assert "text" not in _records(client, view="Simple")[0]
    assert _records(client, view="Detailed")[0]["text"] == "Hello Ann"


def test_filters(client: Client, simulator: RunningSimulator) -> None:
    first = client.send_batch(ANN, BEN)
    second = client.send_batch(BEN, CAT, sender=TOLL_FREE)
    simulator.inbound(ANN, LONG_CODE, "Thank you")
    assert _to(client) == [LONG_CODE, CAT, BEN, BEN, ANN]
    assert _to(client, batchId=first["id"]) == [BEN, ANN]
    assert _to(client, batchId="nothing") == []
    assert _to(client, direction="Inbound") == [LONG_CODE]
    assert _to(client, direction="Outbound") == [CAT, BEN, BEN, ANN]
    assert _to(client, direction=["Inbound", "Outbound"]) == [LONG_CODE, CAT, BEN, BEN, ANN]
    assert _to(client, phoneNumber=ANN) == [LONG_CODE, ANN]
    assert _to(client, phoneNumber=[ANN.removeprefix("+"), CAT]) == [LONG_CODE, CAT, ANN]
    assert _to(client, phoneNumber=TOLL_FREE) == [CAT, BEN]
    assert _to(client, phoneNumber=TOLL_FREE.replace("+", " ")) == [CAT, BEN]  # a plus without encoding
    assert _to(client, phoneNumber=BEN, batchId=second["id"]) == [BEN]
    assert _to(client, dateTo=first["creationTime"]) == [BEN, ANN]
    assert _to(client, dateFrom=second["creationTime"], direction="Outbound") == [CAT, BEN]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"view": "Full"}, "view"),
        ({"direction": "in"}, "direction"),
        ({"direction": "Inbound,Outbound"}, "direction"),
        ({"phoneNumber": [f"+1415555{n:04d}" for n in range(16)]}, "phoneNumber"),
        ({"phoneNumber": "  14155550101"}, "phoneNumber"),
        ({"perPage": "0"}, "perPage"),
        ({"pageToken": "x"}, "pageToken"),
        ({"dateFrom": "now"}, "dateFrom"),
    ],
)
def test_bad_filters_are_named(client: Client, query: dict[str, Any], parameter: str) -> None:
    reply = client.get(f"{A2P}/messages", **query)
    assert (reply.status, reply.code, reply.json["parameterName"]) == (400, "CMN-101", parameter)


def test_fifteen_numbers_are_allowed(client: Client) -> None:
    client.send_batch(ANN)
    assert _to(client, phoneNumber=[f"+1415555{100 + n:04d}" for n in range(15)]) == [ANN]


def test_pages_of_texts_lose_none_and_repeat_none(client: Client, simulator: RunningSimulator) -> None:
    batches = [client.send_batch(*[ANN] * size)["id"] for size in (3, 1, 7)]
    simulator.inbound(BEN, LONG_CODE, "Hi")
    seen: list[int] = []
    query: dict[str, Any] = {"perPage": 4}
    while True:
        page = client.get(f"{A2P}/messages", **query).json
        assert page["paging"]["perPage"] == 4
        seen += [int(record["id"]) for record in page["records"]]
        client.send_batch(CAT)
        if "nextPageToken" not in page["paging"]:
            break
        query["pageToken"] = page["paging"]["nextPageToken"]
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == len(seen) == 12
    assert len(_records(client, batchId=batches[2], perPage=5)) == 5


def test_a_page_holds_at_most_a_thousand(client: Client) -> None:
    client.send_batch(*[ANN] * 1001)
    page = client.get(f"{A2P}/messages", perPage=5000).json
    assert (len(page["records"]), page["paging"]["perPage"]) == (1000, 1000)
    rest = client.get(f"{A2P}/messages", perPage=5000, pageToken=page["paging"]["nextPageToken"]).json
    assert (len(rest["records"]), "nextPageToken" in rest["paging"]) == (1, False)


def test_one_text(client: Client, simulator: RunningSimulator) -> None:
    client.send_batch(ANN, BEN, text="Hello")
    simulator.inbound(ANN, LONG_CODE, "Thanks")
    for record in _records(client, view="Detailed"):
        assert isinstance(record["id"], str)
        assert client.get(f"{A2P}/messages/{record['id']}").json == record


@pytest.mark.parametrize("message_id", ["0", "1", "99999999", "x", "-1", "9" * 30, "٣"])
def test_an_unknown_text(client: Client, message_id: str) -> None:
    client.send_batch("nobody")  # takes part in the numbering but holds no text
    reply = client.get(f"{A2P}/messages/{quote(message_id)}")
    assert (reply.status, reply.code, reply.json["parameterName"]) == (404, "CMN-102", "messageId")


def test_statuses_add_up(client: Client, simulator: RunningSimulator) -> None:
    simulator.options(speed=1)
    batch = client.send_batch(
        *(ANN, BEN, "+14155559701", "+14155559810", "+14155559810", "+14155559713", CAT), text="x" * 161
    )
    client.send_batch(ANN, sender=TOLL_FREE)
    simulator.advance(20)
    assert client.get(f"{A2P}/statuses", batchId=batch["id"]).json == {
        "queued": {"count": 0, "cost": 0},
        "sent": {"count": 1, "cost": 0.014},
        "delivered": {"count": 3, "cost": 0.042},
        "sendingFailed": {"count": 1, "cost": 0, "errorCodeCounts": {"SMS-RC-413": 1}},
        "deliveryFailed": {"count": 2, "cost": 0.028, "errorCodeCounts": {"SMS-UP-410": 2}},
    }
    everything = client.get(f"{A2P}/statuses").json
    assert sum(part["count"] for part in everything.values()) == 8
    assert client.get(f"{A2P}/statuses", phoneNumber=[BEN, CAT]).json["delivered"]["count"] == 2
    assert client.get(f"{A2P}/statuses", direction="Inbound").json["delivered"]["count"] == 0
    simulator.inbound(ANN, LONG_CODE, "Hi")
    assert client.get(f"{A2P}/statuses", direction="Inbound").json["delivered"] == {"count": 1, "cost": 0.007}


def test_statuses_before_anything_left(client: Client, simulator: RunningSimulator) -> None:
    simulator.options(speed=1)
    client.send_batch(*[ANN] * 5)
    counts = client.get(f"{A2P}/statuses").json
    assert counts["queued"] == {"count": 5, "cost": 0}
    simulator.advance(60)
    assert client.get(f"{A2P}/statuses").json["delivered"]["count"] == 5


def test_the_window_of_a_day_hides_old_texts_even_of_a_named_batch(
    client: Client, simulator: RunningSimulator
) -> None:
    batch = client.send_batch(ANN)
    simulator.advance(24 * 3600)
    late = Client(simulator.url)
    assert _to(late, batchId=batch["id"]) == []
    assert late.get(f"{A2P}/statuses", batchId=batch["id"]).json["delivered"]["count"] == 0
    since = batch["creationTime"]
    assert _to(late, batchId=batch["id"], dateFrom=since) == [ANN]
    assert late.get(f"{A2P}/statuses", batchId=batch["id"], dateFrom=since).json["delivered"]["count"] == 1
    simulator.options(batch_id_window=False)
    assert _to(late, batchId=batch["id"]) == [ANN]
    assert _to(late) == []


@pytest.mark.parametrize("word", ["STOP", "stop", " Unsubscribe ", "quit", "CANCEL", "End\n"])
def test_a_stop_word_blocks_the_pair(client: Client, simulator: RunningSimulator, word: str) -> None:
    simulator.inbound(ANN, LONG_CODE, word)
    blocked = client.send_batch(ANN, BEN)
    elsewhere = client.send_batch(ANN, sender=TOLL_FREE)
    ben, ann = _records(client, batchId=blocked["id"])
    assert (ann["messageStatus"], ann["errorCode"]) == ("SendingFailed", "SMS-RC-413")
    assert not {"cost", "segmentCount"} & set(ann)
    assert ben["messageStatus"] == "Delivered"
    assert _records(client, batchId=elsewhere["id"])[0]["messageStatus"] == "Delivered"


@pytest.mark.parametrize("word", ["START", "unstop", "Subscribe", "resume", "CONTINUE"])
def test_a_start_word_lifts_the_block(client: Client, simulator: RunningSimulator, word: str) -> None:
    simulator.inbound(ANN, LONG_CODE, "STOP")
    before = client.send_batch(ANN)
    assert _records(client, batchId=before["id"])[0]["errorCode"] == "SMS-RC-413"
    simulator.inbound(ANN, LONG_CODE, word)
    after = client.send_batch(ANN)
    assert _records(client, batchId=after["id"])[0]["messageStatus"] == "Delivered"
    # The past does not change.
    assert _records(client, batchId=before["id"])[0]["errorCode"] == "SMS-RC-413"


@pytest.mark.parametrize("words", ["Please stop", "STOP.", "nonstop", "STOPALL", "HELP"])
def test_other_words_block_nobody(client: Client, simulator: RunningSimulator, words: str) -> None:
    simulator.inbound(ANN, LONG_CODE, words)
    client.send_batch(ANN)
    assert _records(client, direction="Outbound")[0]["messageStatus"] == "Delivered"


def test_a_stop_counts_for_texts_that_have_not_left_yet(client: Client, simulator: RunningSimulator) -> None:
    simulator.options(speed=1)
    client.send_batch(ANN, *[BEN] * 30, ANN)
    simulator.advance(15)
    simulator.inbound(ANN, LONG_CODE, "stop")
    simulator.advance(60)
    last, first = (one["messageStatus"] for one in _records(client, direction="Outbound", phoneNumber=ANN))
    assert (last, first) == ("SendingFailed", "Delivered")


def test_an_incoming_text_is_a_record_without_a_batch(client: Client, simulator: RunningSimulator) -> None:
    simulator.inbound(ANN, TOLL_FREE, "Hi \N{WAVING HAND SIGN}")
    record = _records(client, view="Detailed")[0]
    assert (record["from"], record["to"], record["text"]) == (ANN, [TOLL_FREE], "Hi \N{WAVING HAND SIGN}")
    assert (record["direction"], record["messageStatus"]) == ("Inbound", "Delivered")
    assert "batchId" not in record
