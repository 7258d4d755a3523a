import json
from typing import Any

import pytest

from tests.simulator.client import CONSENTS, EXTENSION, LONG_CODE, P2P_ONLY, STORE, Client, Reply
from tests.simulator.mail import ANN, BEN
from tests.simulator.running import RunningSimulator

SMS, MMS = f"{EXTENSION}/sms", f"{EXTENSION}/mms"


def _body(*to: str, text: str = "Hello", sender: str = P2P_ONLY) -> dict[str, Any]:
    recipients = [{"phoneNumber": number} for number in to or (ANN,)]
    return {"from": {"phoneNumber": sender}, "to": recipients, "text": text}


def _parts(
    client: Client, path: str, body: Any, *files: bytes, kind: str = "image/png", form: str = "form-data"
) -> Reply:
    pieces = [
        b'--b\r\nContent-Disposition: form-data; name="json"; filename="request.json"\r\n'
        b"Content-Type: application/json\r\n\r\n" + json.dumps(body).encode()
    ]
    pieces += [
        f'--b\r\nContent-Disposition: form-data; name="attachment"; filename="{place}.png"\r\n'
        f"Content-Type: {kind}\r\n\r\n".encode()
        + content
        for place, content in enumerate(files)
    ]
    headers = client.headers | {"Content-Type": f"multipart/{form}; boundary=b"}
    return client.send("POST", path, b"\r\n".join(pieces) + b"\r\n--b--\r\n", headers)


def test_a_text_goes_out(client: Client, simulator: RunningSimulator) -> None:
    simulator.options(speed=1)
    reply = client.post(SMS, _body())
    assert (reply.status, reply.json["messageStatus"]) == (200, "Queued")
    assert (reply.json["direction"], reply.json["subject"], reply.json["readStatus"]) == (
        "Outbound",
        "Hello",
        "Read",
    )
    assert isinstance(reply.json["id"], int)
    simulator.advance(3)
    record = client.get(f"{STORE}/{reply.json['id']}").json
    assert (record["messageStatus"], record["to"][0]["messageStatus"]) == ("Sent", "Sent")
    # Carriers send no receipts for ordinary texts: that is the end.
    simulator.advance(600)
    assert client.get(f"{STORE}/{reply.json['id']}").json["messageStatus"] == "Sent"
    assert simulator.ledger() == []


def test_a_group_is_one_message(client: Client) -> None:
    record = client.post(SMS, _body(ANN, BEN)).json
    assert [one["phoneNumber"] for one in record["to"]] == [ANN, BEN]
    assert record["conversationId"] != client.post(SMS, _body(ANN)).json["conversationId"]


@pytest.mark.parametrize(
    ("to", "code"), [("+14155559710", "SMS-RC-410"), ("+14155559910", ""), ("+14155559705", "")]
)
def test_sending_may_fail(client: Client, to: str, code: str) -> None:
    mail_id = client.post(SMS, _body(to)).json["id"]
    record = client.get(f"{STORE}/{mail_id}").json
    assert record.get("deliveryErrorCode", "") == code
    assert record["messageStatus"] == ("SendingFailed" if code else "Sent")


def test_who_opted_out_gets_nothing(client: Client, simulator: RunningSimulator) -> None:
    simulator.inbound(ANN, P2P_ONLY, "stop")
    mail_id = client.post(SMS, _body()).json["id"]
    assert client.get(f"{STORE}/{mail_id}").json["deliveryErrorCode"] == "SMS-RC-413"
    assert client.get(CONSENTS).json["records"][0]["source"] == "Recipient"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"from": {"phoneNumber": LONG_CODE}}, 403, "MSG-242"),
        ({"from": {"phoneNumber": ANN}}, 403, "MSG-304"),
        ({"from": P2P_ONLY}, 400, "CMN-101"),
        ({"from": None}, 400, "CMN-101"),
        ({"to": []}, 400, "CMN-101"),
        ({"to": [ANN]}, 400, "CMN-101"),
        ({"to": [{"phoneNumber": "+442071838750"}]}, 400, "CMN-101"),
        ({"to": [{"phoneNumber": ANN}] * 2}, 400, "CMN-406"),
        ({"to": [{"phoneNumber": f"+1415555{number:04d}"} for number in range(11)]}, 400, "MSG-381"),
        ({"text": ""}, 400, "CMN-101"),
        ({"text": None}, 400, "CMN-101"),
        ({"text": "x" * 1001}, 400, "CMN-101"),
        ({"text": "🤔" * 501}, 400, "CMN-101"),
    ],
)
def test_texts_that_are_refused(client: Client, change: dict[str, Any], status: int, code: str) -> None:
    reply = client.post(SMS, _body() | change)
    assert (reply.status, reply.code) == (status, code)


def test_fifty_a_minute(client: Client, simulator: RunningSimulator) -> None:
    statuses = [client.post(SMS, _body()).status for _ in range(51)]
    assert statuses == [200] * 50 + [429]
    assert client.post(SMS, _body()).code == "MSG-305"
    simulator.advance(61)
    assert client.post(SMS, _body()).status == 200


@pytest.mark.parametrize("form", ["form-data", "mixed"])
@pytest.mark.parametrize("path", [SMS, MMS])
def test_a_picture(client: Client, path: str, form: str) -> None:
    record = _parts(client, path, _body(), b"one\r\n\x00", b"two", form=form).json
    kinds = [(one["type"], one["contentType"], one["size"]) for one in record["attachments"]]
    assert kinds == [
        ("Text", "text/plain", 5),
        ("MmsAttachment", "image/png", 6),
        ("MmsAttachment", "image/png", 3),
    ]
    picture = record["attachments"][1]
    assert picture["fileName"] == "0.png"
    assert client.get(f"{STORE}/{record['id']}/content/{picture['id']}").body == b"one\r\n\x00"


def test_a_picture_without_words(client: Client) -> None:
    body = _body()
    del body["text"]
    assert len(_parts(client, MMS, body, b"one").json["attachments"]) == 1


def test_pictures_that_are_refused(client: Client) -> None:
    replies = [
        client.post(MMS, _body()),
        _parts(client, MMS, _body()),
        _parts(client, MMS, _body(), *[b"x"] * 11),
        _parts(client, MMS, _body(), b"x" * 1_500_001),
        _parts(client, MMS, _body(), b"x", kind="model/obj"),
        _parts(client, MMS, "text", b"x"),
        client.post(SMS, b" " * (10 * 1024 * 1024) + b"{}"),
    ]
    assert [(one.status, one.code) for one in replies] == [
        (415, "MSG-348"),
        (400, "CMN-101"),
        (400, "MSG-379"),
        (400, "MSG-338"),
        (415, "MSG-348"),
        (400, "CMN-104"),
        (413, "CMN-101"),
    ]
