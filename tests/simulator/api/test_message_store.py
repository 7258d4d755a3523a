import email
import json
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import P2P_ONLY, STORE, Client
from tests.simulator.mail import ANN, BEN, CAT, MULTIPART_JSON, add, empty, ids
from tests.simulator.running import RunningSimulator, running_simulator

DAY = 24 * 3600
LONG_AGO = "2001-01-01T00:00:00Z"
JSON_LIST = {"accept": MULTIPART_JSON}


def test_a_fresh_mailbox_holds_a_bit_of_everything(client: Client) -> None:
    records = client.get(STORE, dateFrom=LONG_AGO).json["records"]
    kinds = {(one["type"], one["direction"]) for one in records}
    assert kinds == {
        *(("SMS", "Inbound"), ("SMS", "Outbound"), ("Fax", "Inbound"), ("Fax", "Outbound")),
        ("VoiceMail", "Inbound"),
    }
    assert {part["type"] for one in records for part in one["attachments"]} == {
        *("Text", "MmsAttachment", "RenderedDocument", "AudioRecording", "AudioTranscription"),
    }
    failed = [one for one in records if one["messageStatus"] == "SendingFailed"]
    assert [one["deliveryErrorCode"] for one in failed] == ["SMS-UP-410"]
    times = [one["creationTime"] for one in records]
    assert times == sorted(times, reverse=True)


def test_an_incoming_text(client: Client, simulator: RunningSimulator) -> None:
    simulator.inbound(ANN, P2P_ONLY, "Zażółć 🤔")
    record = client.get(STORE).json["records"][0]
    assert (record["subject"], record["type"], record["direction"]) == ("Zażółć 🤔", "SMS", "Inbound")
    assert (record["readStatus"], record["messageStatus"]) == ("Unread", "Received")
    assert (record["from"]["phoneNumber"], record["to"][0]["phoneNumber"]) == (ANN, P2P_ONLY)
    assert record["conversation"]["id"] == str(record["conversationId"])
    assert record["conversationId"] > 2**53
    assert client.get("/restapi/v1.0/account/~/a2p-sms/messages").json["records"] == []


def test_a_day_unless_told_otherwise(client: Client, simulator: RunningSimulator) -> None:
    empty(client)
    old, new = add(simulator, secondsAgo=DAY + 60), add(simulator)
    assert ids(client) == [new]
    assert ids(client, dateFrom=LONG_AGO) == [new, old]
    listing = client.get(STORE).json
    assert "availability=Alive" in listing["uri"]
    assert "dateFrom=" in listing["uri"]
    border = client.get(f"{STORE}/{new}").json["creationTime"]
    assert ids(client, dateTo="2001-01-02T00:00:00Z") == []
    assert ids(client, dateFrom=border, dateTo="2999-01-01T00:00:00Z") == [new]


def test_filters(client: Client, simulator: RunningSimulator) -> None:
    empty(client)
    text = add(simulator, ANN)
    answer = add(simulator, ANN, direction="Outbound")
    fax = add(simulator, BEN, kind="Fax")
    voice = add(simulator, CAT, text="", kind="VoiceMail")
    client.change("PUT", f"{STORE}/{fax}", {"readStatus": "Read"})
    conversation = client.get(f"{STORE}/{text}").json["conversation"]["id"]
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [voice, fax, answer, text]),
        ({"messageType": "SMS"}, [answer, text]),
        ({"messageType": ["Fax", "VoiceMail"]}, [voice, fax]),
        ({"messageType": "Pager"}, []),
        ({"messageType": "SMS,Fax"}, []),  # joined by a comma it matches nothing, as on the platform
        ({"direction": "Outbound"}, [answer]),
        ({"direction": ["Inbound", "Outbound"], "messageType": "SMS"}, [answer, text]),
        ({"readStatus": "Unread"}, [voice, text]),
        ({"readStatus": ["Read", "Unread"]}, [voice, fax, answer, text]),
        ({"conversationId": conversation}, [answer, text]),
        ({"conversationId": "1"}, []),
        ({"distinctConversations": "true"}, [voice, fax, answer]),
        ({"phoneNumber": BEN}, [fax]),
        ({"phoneNumber": P2P_ONLY, "messageType": "SMS"}, [answer, text]),
        ({"availability": "Deleted"}, []),
        ({"owner": "Personal"}, [voice, fax, answer, text]),
        ({"owner": "Shared"}, []),
    ]
    for query, expected in cases:
        assert ids(client, **query) == expected, query


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"messageType": "sms"}, "messageType"),
        ({"direction": "In"}, "direction"),
        ({"readStatus": "read"}, "readStatus"),
        ({"availability": "Gone"}, "availability"),
        ({"dateFrom": "yesterday"}, "dateFrom"),
        ({"page": "0"}, "page"),
        ({"perPage": "-1"}, "perPage"),
        ({"distinctConversations": "yes"}, "distinctConversations"),
        ({"phoneNumber": "+1 (415) 555-0101"}, "phoneNumber"),
        ({"owner": "1"}, "owner"),
    ],
)
def test_bad_filters_are_named(client: Client, query: dict[str, str], parameter: str) -> None:
    reply = client.get(STORE, **query)
    assert (reply.status, reply.code, reply.json["parameterName"]) == (400, "CMN-101", parameter)


def test_pages_with_totals(client: Client, simulator: RunningSimulator) -> None:
    empty(client)
    numbers = [add(simulator) for _ in range(5)][::-1]
    first = client.get(STORE, perPage=2, messageType="SMS").json
    assert [one["id"] for one in first["records"]] == numbers[:2]
    assert first["paging"] == {
        "page": 1,
        "perPage": 2,
        "pageStart": 0,
        "pageEnd": 1,
        "totalPages": 3,
        "totalElements": 5,
    }
    assert set(first["navigation"]) == {"firstPage", "nextPage", "lastPage"}
    link = first["navigation"]["nextPage"]["uri"]
    assert "messageType=SMS" in link
    second = client.get(link.removeprefix(simulator.url)).json
    assert [one["id"] for one in second["records"]] == numbers[2:4]
    last = client.get(second["navigation"]["nextPage"]["uri"].removeprefix(simulator.url)).json
    assert ([one["id"] for one in last["records"]], last["paging"]["pageEnd"]) == (numbers[4:], 4)
    assert set(last["navigation"]) == {"firstPage", "previousPage", "lastPage"}
    assert client.get(STORE, perPage=5000).json["paging"]["perPage"] == 1000
    assert client.get(STORE).json["paging"]["perPage"] == 100


def test_nothing_found_leaves_out_where_it_starts(client: Client) -> None:
    empty(client)
    paging = client.get(STORE).json["paging"]
    assert paging == {"page": 1, "totalPages": 1, "perPage": 100, "totalElements": 0}


def test_one_message(client: Client, simulator: RunningSimulator) -> None:
    text, voice = add(simulator), add(simulator, kind="VoiceMail", text="Call me")
    assert "vmSideRecipients" not in client.get(f"{STORE}/{text}").json
    record = client.get(f"{STORE}/{voice}").json
    assert len(record["vmSideRecipients"]) == 1
    assert (record["vmTranscriptionStatus"], "subject" in record) == ("Completed", False)
    for unknown in ("1", "x", "9" * 30):
        reply = client.get(f"{STORE}/{unknown}")
        assert (reply.status, reply.code, reply.json["parameterName"]) == (404, "CMN-102", "messageId")


def test_several_messages_as_parts(client: Client, simulator: RunningSimulator) -> None:
    text, fax = add(simulator), add(simulator, kind="Fax")
    reply = client.get(f"{STORE}/{text},7,{fax}")
    assert reply.status == 207
    head = f"Content-Type: {reply.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + reply.body)
    parts = [json.loads(str(part.get_payload())) for part in message.walk() if not part.is_multipart()]
    statuses, first, missing, second = parts
    assert [(one["href"].rpartition("/")[2], one["status"]) for one in statuses["response"]] == [
        (str(text), 200),
        ("7", 404),
        (str(fax), 200),
    ]
    assert (first["id"], missing["errorCode"], second["id"]) == (text, "CMN-102", fax)


def test_several_messages_as_json(client: Client, simulator: RunningSimulator) -> None:
    text = add(simulator)
    reply = client.send("GET", f"{STORE}/{text},7", None, client.headers | {"Accept": MULTIPART_JSON})
    assert reply.headers["content-type"] == MULTIPART_JSON
    assert [(one["resourceId"], one["status"]) for one in reply.json] == [(str(text), 200), ("7", 404)]
    assert reply.json[0]["body"]["id"] == text


def test_read_and_unread(client: Client, simulator: RunningSimulator) -> None:
    text = add(simulator)
    before = client.get(f"{STORE}/{text}").json
    simulator.advance(60)
    read = client.change("PUT", f"{STORE}/{text}", {"readStatus": "Read"}).json
    assert read["readStatus"] == "Read"
    assert read["lastModifiedTime"] > before["lastModifiedTime"]
    assert client.change("PUT", f"{STORE}/{text}", {"readStatus": "Unread"}).json["readStatus"] == "Unread"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("body", [{}, {"readStatus": "read"}, {"readStatus": 1}, {"subject": "x"}, []])
def test_bad_changes(client: Client, simulator: RunningSimulator, method: str, body: Any) -> None:
    path = f"{STORE}/{add(simulator)}"
    reply = client.change(method, path, body)
    assert (reply.status, reply.code) == (400, "CMN-101")
    assert client.get(path).json["readStatus"] == "Unread"


def test_several_read_at_once(client: Client, simulator: RunningSimulator) -> None:
    first, second = add(simulator), add(simulator)
    path = f"{STORE}/{first},{second},7"
    reply = client.change("PUT", path, {"readStatus": "Read"}, **JSON_LIST)
    assert [(one["status"], one["body"].get("readStatus")) for one in reply.json] == [
        (200, "Read"),
        (200, "Read"),
        (404, None),
    ]
    bodies = [{"body": {"readStatus": "Unread"}}, {"body": {"readStatus": "Read"}}]
    reply = client.change("PUT", f"{STORE}/{first},{second}", bodies, **JSON_LIST)
    assert [one["body"]["readStatus"] for one in reply.json] == ["Unread", "Read"]
    assert client.change("PUT", f"{STORE}/{first},{second}", bodies[:1]).status == 400


def test_several_read_at_once_as_parts(client: Client, simulator: RunningSimulator) -> None:
    first, second = add(simulator), add(simulator)
    part = b'--x\r\nContent-Type: application/json\r\n\r\n{"readStatus":"Read"}\r\n'
    headers = client.headers | {"Content-Type": 'multipart/mixed; boundary="x"', "Accept": MULTIPART_JSON}
    reply = client.send("PUT", f"{STORE}/{first},{second}", part * 2 + b"--x--\r\n", headers)
    assert [one["body"]["readStatus"] for one in reply.json] == ["Read", "Read"]


def test_many_by_a_star(client: Client, simulator: RunningSimulator) -> None:
    first, second = add(simulator), add(simulator)
    entries = [{"resourceId": str(one), "body": {"readStatus": "Read"}} for one in (second, first, 7)]
    reply = client.change("PUT", f"{STORE}/*", entries, **JSON_LIST)
    assert [(one["resourceId"], one["status"]) for one in reply.json] == [
        (str(second), 200),
        (str(first), 200),
        ("7", 404),
    ]


def test_too_many_at_once(client: Client) -> None:
    path = f"{STORE}/{','.join(map(str, range(51)))}"
    body = {"readStatus": "Read"}
    entries = [{"resourceId": "7", "body": body}] * 1001
    replies = [
        client.get(path),
        client.change("PUT", path, body),
        client.change("DELETE", path),
        client.change("PUT", f"{STORE}/*", entries),
        client.change("DELETE", f"{STORE}/*", ["7"] * 1001),
    ]
    assert [(one.status, one.code) for one in replies] == [(400, "CMN-106")] * 5
    assert client.change("PUT", f"{STORE}/*", entries[:1000]).status == 207


def test_deleted_then_purged_then_gone(client: Client, simulator: RunningSimulator) -> None:
    path = f"{STORE}/{add(simulator)}"
    assert client.change("DELETE", path).status == 204
    assert client.get(path).json["availability"] == "Deleted"
    assert client.change("DELETE", path).status == 204
    purged = client.get(path).json
    assert (purged["availability"], purged["attachments"]) == ("Purged", [])
    assert client.change("DELETE", path).status == 404
    simulator.advance(5 * DAY)
    assert Client(simulator.url).get(path).status == 404


def test_deleted_is_purged_by_time(client: Client, simulator: RunningSimulator) -> None:
    path = f"{STORE}/{add(simulator)}"
    client.change("DELETE", path)
    seen = []
    for _ in range(2):
        simulator.advance(5 * DAY)
        seen.append(Client(simulator.url).get(path))
    assert seen[0].json["availability"] == "Purged"
    assert seen[1].status == 404


def test_purged_at_once(client: Client, simulator: RunningSimulator) -> None:
    path = f"{STORE}/{add(simulator)}"
    assert client.change("DELETE", f"{path}?purge=true").status == 204
    assert client.get(path).json["availability"] == "Purged"


def test_deleted_comes_back_and_purged_does_not(client: Client, simulator: RunningSimulator) -> None:
    path = f"{STORE}/{add(simulator)}"
    client.change("DELETE", path)
    back = client.change("PATCH", path, {"availability": "Alive", "readStatus": "Read"}).json
    assert (back["availability"], back["readStatus"]) == ("Alive", "Read")
    client.change("DELETE", f"{path}?purge=true")
    reply = client.change("PATCH", path, {"availability": "Alive"})
    assert (reply.status, reply.json["parameterName"]) == (400, "availability")
    assert client.change("PATCH", path, {"availability": "Deleted"}).status == 400


def test_several_deleted(client: Client, simulator: RunningSimulator) -> None:
    empty(client)
    first, second, third = add(simulator), add(simulator), add(simulator)
    assert client.change("DELETE", f"{STORE}/{first},{second}").status == 204
    reply = client.change("DELETE", f"{STORE}/*", [str(third), "7"], **JSON_LIST)
    assert [one["status"] for one in reply.json] == [204, 404]
    assert ids(client) == []
    assert ids(client, availability="Deleted") == [third, second, first]


def test_only_the_type_that_is_meant_is_deleted(client: Client, simulator: RunningSimulator) -> None:
    empty(client)
    text, fax = add(simulator), add(simulator, kind="Fax")
    assert client.change("DELETE", f"{STORE}/{fax}?type=SMS").status == 404
    assert client.change("DELETE", f"{STORE}?type=Text").status == 204
    assert ids(client) == [fax]
    assert client.get(f"{STORE}/{text}").json["availability"] == "Deleted"
    assert client.change("DELETE", f"{STORE}?type=Letters").status == 400


@pytest.mark.parametrize("path", ["", "/", "/,", "/*"])
@pytest.mark.parametrize("body", [None, []])
def test_naming_no_message_deletes_them_all(
    client: Client, simulator: RunningSimulator, path: str, body: list[str] | None
) -> None:
    """The trap of the real platform: a client with an empty list of ids must never get this far."""
    add(simulator)
    assert client.change("DELETE", f"{STORE}{path}", body).status == 204
    assert ids(client, dateFrom=LONG_AGO) == []


def test_conversations_deleted(client: Client, simulator: RunningSimulator) -> None:
    empty(client)
    old, other = add(simulator, secondsAgo=3600), add(simulator, BEN)
    new, fax = add(simulator), add(simulator, kind="Fax")
    conversation = client.get(f"{STORE}/{old}").json["conversation"]["id"]
    border = client.get(f"{STORE}/{old}").json["creationTime"].replace("Z", "999Z")
    path = f"{STORE}?conversationId={conversation}"
    assert client.change("DELETE", f"{path}&dateTo={border}").status == 204
    assert ids(client) == [fax, new, other]
    assert client.change("DELETE", f"{STORE}?conversationId=*", [conversation]).status == 204
    assert ids(client) == [fax, other]
    many = "&".join(f"conversationId={number}" for number in range(51))
    assert client.change("DELETE", f"{STORE}?{many}").code == "CMN-106"


def test_a_list_may_lag(client: Client, simulator: RunningSimulator) -> None:
    text = add(simulator)
    simulator.faults({"path": "/message-store", "fault": "lag", "seconds": 30, "times": 1})
    assert text not in ids(client)
    assert text in ids(client)
    assert client.get(f"{STORE}/{text}").status == 200


def test_a_restart_keeps_the_mailbox(tmp_path: Path) -> None:
    with running_simulator(state=tmp_path / "state", rate_limits="off") as simulator:
        client = Client(simulator.url)
        first, second, third = add(simulator), add(simulator), add(simulator)
        client.change("PUT", f"{STORE}/{first}", {"readStatus": "Read"})
        client.change("DELETE", f"{STORE}/{second}")
        client.change("DELETE", f"{STORE}/{third}?purge=true")
        before = simulator.control("GET", "mailbox")
        simulator.kill()
        simulator.restart()
        assert simulator.control("GET", "mailbox") == before
        assert add(simulator) > third


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"type": "Letter"}, "type"),
        ({"number": "Ann"}, "number"),
        ({"direction": "Up"}, "direction"),
        ({"text": ""}, "text"),
        ({"secondsAgo": -1}, "secondsAgo"),
    ],
)
def test_a_message_that_cannot_be_added(client: Client, change: dict[str, Any], parameter: str) -> None:
    reply = client.post("/simulator/mailbox", {"number": ANN, "text": "Hi"} | change)
    assert (reply.status, reply.json["parameterName"]) == (400, parameter)
