import json
from datetime import UTC, datetime
from typing import Any

import pytest

from campaigns.providers.base import ProviderError
from campaigns.providers.http import Answer
from campaigns.providers.mailbox_types import MessageKind
from campaigns.providers.ringcentral.mailbox_parse import mailbox_message, outcomes
from campaigns.providers.ringcentral.parse import phone

GOOD = frozenset({200})
MESSAGE: dict[str, Any] = {
    "uri": "https://platform.ringcentral.com/restapi/v1.0/account/1/extension/2/message-store/41",
    "id": 41,
    "to": [{"phoneNumber": "+16505550199", "name": "Front desk", "location": "San Mateo, CA"}],
    "from": {"phoneNumber": "(415) 555-0101", "location": "San Francisco, CA"},
    "type": "SMS",
    "creationTime": "2026-05-22T17:07:28.000Z",
    "lastModifiedTime": "2026-05-22T17:07:28.091Z",
    "readStatus": "Unread",
    "direction": "Inbound",
    "availability": "Alive",
    "subject": "See you at 5",
    "messageStatus": "Received",
    "attachments": [{"id": 42, "type": "Text", "contentType": "text/plain"}],
    "conversationId": 8031152018338945839,
    "conversation": {"id": "8031152018338945838", "uri": "https://…"},
}


def test_a_message() -> None:
    message = mailbox_message(MESSAGE)
    assert (message.provider_id, message.kind, message.text) == ("41", MessageKind.TEXT, "See you at 5")
    assert (message.sender.phone, message.sender.place) == ("+14155550101", "San Francisco, CA")
    assert (message.to[0].phone, message.to[0].name) == ("+16505550199", "Front desk")
    assert message.conversation_id == "8031152018338945838"  # the one that is a string
    assert message.created_at == datetime(2026, 5, 22, 17, 7, 28, tzinfo=UTC)
    (text,) = message.attachments
    assert (text.provider_id, text.uri, text.size) == ("42", "", None)
    assert not message.removed


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"id": "41"}, "provider_id", "41"),
        ({"id": None}, "provider_id", ""),
        ({"conversation": None}, "conversation_id", "8031152018338945839"),
        ({"conversation": None, "conversationId": None}, "conversation_id", ""),
        ({"readStatus": "Read"}, "read", True),
        ({"availability": "Deleted"}, "removed", True),
        ({"availability": "Purged"}, "removed", True),
        ({"to": None}, "to", ()),
        ({"attachments": {}}, "attachments", ()),
        ({"deliveryErrorCode": "SMS-CAR-411"}, "error_code", "SMS-CAR-411"),
        ({"faxPageCount": 3}, "fax_pages", 3),
        ({"segmentCount": -1}, "segments", None),
        ({"subject": None}, "text", ""),
        ({"creationTime": "yesterday"}, "created_at", None),
    ],
)
def test_messages_as_they_also_come(changes: dict[str, Any], field: str, value: Any) -> None:
    assert getattr(mailbox_message(MESSAGE | changes), field) == value


def test_what_became_of_each_copy() -> None:
    to = [{"phoneNumber": "+14155550101", "messageStatus": "Sent"}, {"extensionNumber": "102"}]
    fax = {"to": [{"phoneNumber": "+14155550101", "faxErrorCode": "NoFaxMachine"}]}
    sent, inside = mailbox_message(MESSAGE | {"direction": "Outbound", "to": to}).to
    assert (sent.status, inside.phone, inside.extension) == ("Sent", "", "102")
    assert mailbox_message(fax).to[0].error_code == "NoFaxMachine"


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("+14155550101", "+14155550101"),
        ("+1 (415) 555-0101", "+14155550101"),
        ("14155550101", "+14155550101"),
        ("(415) 555-0101", "+14155550101"),
        ("415.555.0101", "+14155550101"),
        ("+44 20 7946 0000", "+442079460000"),
        ("20 7946 00", "20 7946 00"),  # of no country that we could be sure of
        ("101", "101"),
        ("Anonymous", "Anonymous"),
        ("", ""),
        ("+", "+"),
    ],
)
def test_numbers_as_they_stand_in_a_phone_book(written: str, plain: str) -> None:
    assert phone(written) == plain


# --- several at once

NOT_FOUND = {"errorCode": "CMN-102", "errors": [{"errorCode": "CMN-102", "parameterName": "messageId"}]}
STORE = "https://platform.ringcentral.com/restapi/v1.0/account/1/extension/2/message-store"


def as_json(*items: Any, content_type: str = "application/vnd.ringcentral.multipart+json") -> Answer:
    return Answer(status=207, headers={"content-type": content_type}, body=json.dumps(items).encode())


def as_parts(*bodies: Any, boundary: str = "Boundary_1") -> Answer:
    parts = "".join(
        f"--{boundary}\r\nContent-Type: application/json\r\n\r\n"
        f"{body if isinstance(body, str) else json.dumps(body)}\r\n"
        for body in bodies
    )
    headers = {"content-type": f'multipart/mixed; boundary="{boundary}"'}
    return Answer(status=207, headers=headers, body=f"{parts}--{boundary}--\r\n".encode())


def listed(**statuses: int) -> dict[str, Any]:
    return {
        "response": [
            {"href": f"{STORE}/{name[1:]}", "status": status, "responseDescription": "…"}
            for name, status in statuses.items()
        ]
    }


@pytest.mark.parametrize(
    "answer",
    [
        as_json(
            {"resourceId": "41", "status": 200, "body": MESSAGE},
            {"resourceId": "12", "status": 404, "body": NOT_FOUND},
        ),
        as_json(
            {"resourceId": 12, "status": "404", "body": NOT_FOUND},
            {"href": f"{STORE}/41", "status": 200, "body": MESSAGE},
            "?",
            content_type="application/json",
        ),
        as_parts(listed(m41=200, m12=404), MESSAGE, NOT_FOUND),
        as_parts(listed(m12=404, m41=200), NOT_FOUND, MESSAGE),
        as_parts(listed(m41=200, m12=404), MESSAGE, "<html>", NOT_FOUND),
    ],
)
def test_what_became_of_each(answer: Answer) -> None:
    missing, there, unmentioned = outcomes(answer, ["12", "41", "99"], ok_statuses=GOOD)
    assert (missing.done, missing.http_status, missing.code, missing.message) == (False, 404, "CMN-102", None)
    assert (there.done, there.http_status, there.code) == (True, 200, "")
    assert there.message == mailbox_message(MESSAGE)
    assert (unmentioned.done, unmentioned.http_status) == (False, 0)


@pytest.mark.parametrize(
    "answer", [as_json({"resourceId": "41", "status": 204, "body": {}}), as_parts(listed(m41=204))]
)
def test_deletions_have_nothing_to_show(answer: Answer) -> None:
    (outcome,) = outcomes(answer, ["41"], ok_statuses=frozenset({204}))
    assert (outcome.done, outcome.message) == (True, None)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=207, headers={}, body=b""),
        Answer(status=207, headers={}, body=b"{}"),
        Answer(status=207, headers={"content-type": "multipart/mixed"}, body=b"--x\r\n\r\n{}"),
        as_parts(),
        as_parts("<html>"),
        as_parts({"response": None}),
        as_parts([]),
    ],
)
def test_an_answer_that_does_not_say_is_an_error(answer: Answer) -> None:
    with pytest.raises(ProviderError) as caught:
        outcomes(answer, ["41"], ok_statuses=GOOD)
    assert caught.value.kind == "answer"
