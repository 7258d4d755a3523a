"""RingCentral's messages of the mailbox to our words; and its answers about several messages at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email import policy
from email.parser import BytesParser
from typing import Any, Final

import orjson

from campaigns.providers.http import Answer
from campaigns.providers.mailbox_types import (
    Attachment,
    Availability,
    MailboxMessage,
    MailboxPage,
    MessageKind,
    MessageResult,
    Party,
)
from campaigns.providers.ringcentral import parse, words
from campaigns.providers.ringcentral.errors import parse_problem, senseless
from campaigns.providers.types import JSON, Direction, MessageStatus

MANY_AS_JSON: Final = "application/vnd.ringcentral.multipart+json"


def mailbox_message(data: JSON) -> MailboxMessage:
    """`provider_id` is empty if the data is no message."""
    to = data.get("to")
    conversation = data.get("conversation")
    # conversationId is a number beyond what a float holds, in case somebody on the way took it for one.
    known = conversation.get("id") if isinstance(conversation, dict) else None
    return MailboxMessage(
        provider_id=parse.identity(data.get("id")),
        kind=words.code(words.MESSAGE_KINDS, parse.text(data.get("type")), MessageKind.UNKNOWN),
        direction=words.code(words.DIRECTIONS, parse.text(data.get("direction")), Direction.UNKNOWN),
        sender=_party(data.get("from")),
        to=tuple(_party(item) for item in (to if isinstance(to, list) else [])),
        text=parse.text(data.get("subject")),
        status=_status(data),
        error_code=parse.text(data.get("deliveryErrorCode")),
        read=data.get("readStatus") == "Read",
        availability=words.code(
            words.AVAILABILITIES, parse.text(data.get("availability")), Availability.UNKNOWN
        ),
        conversation_id=parse.identity(known) or parse.identity(data.get("conversationId")),
        attachments=tuple(map(_attachment, parse.objects(data.get("attachments")))),
        segments=_whole(data.get("segmentCount")),
        fax_pages=_whole(data.get("faxPageCount")),
        created_at=parse.moment(data.get("creationTime")),
        modified_at=parse.moment(data.get("lastModifiedTime")),
    )


def mailbox_page(found: list[JSON], data: JSON) -> MailboxPage:
    paging = data.get("paging")
    told: JSON = paging if isinstance(paging, dict) else {}
    return MailboxPage(
        messages=tuple(map(mailbox_message, found)),
        number=parse.count(told.get("page")) or 1,
        pages=parse.page_total(data),
        total=parse.count(told.get("totalElements")) or len(found),
    )


def _party(data: object) -> Party:
    if not isinstance(data, dict):
        return Party()
    return Party(
        phone=parse.phone(data.get("phoneNumber")),
        extension=parse.text(data.get("extensionNumber")) or parse.identity(data.get("extensionId")),
        name=parse.text(data.get("name")),
        place=parse.text(data.get("location")),
        status=_status(data),
        error_code=parse.text(data.get("faxErrorCode") or data.get("errorCode")),
    )


def _status(data: JSON) -> MessageStatus:
    return words.code(words.MESSAGE_STATUSES, parse.text(data.get("messageStatus")), MessageStatus.UNKNOWN)


def _attachment(data: JSON) -> Attachment:
    return Attachment(
        provider_id=parse.identity(data.get("id")),
        uri=parse.text(data.get("uri")),
        kind=parse.text(data.get("type")),
        content_type=parse.text(data.get("contentType")),
        file_name=parse.text(data.get("fileName")),
        size=_whole(data.get("size")),
        seconds=_whole(data.get("vmDuration")),
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


# --- several messages at once


@dataclass(frozen=True, slots=True)
class _Item:
    resource_id: str
    status: int
    body: Any


def outcomes(answer: Answer, asked: Sequence[str], *, good: frozenset[int]) -> list[MessageResult]:
    """What became of each, in the order asked. Raises ProviderError if the answer is no such list."""
    items = {item.resource_id: item for item in _items(answer)}
    return [_outcome(one, items.get(one), good) for one in asked]


def _outcome(message_id: str, item: _Item | None, good: frozenset[int]) -> MessageResult:
    if item is None:
        return MessageResult(provider_id=message_id, done=False, http_status=0)
    done = item.status in good
    body = item.body if isinstance(item.body, dict) else {}
    message = mailbox_message(body) if done else None
    return MessageResult(
        provider_id=message_id,
        done=done,
        http_status=item.status,
        code="" if done else parse_problem(orjson.dumps(body)).code,
        message=message if message is not None and message.provider_id == message_id else None,
    )


def _items(answer: Answer) -> list[_Item]:
    """Of a 207, as the JSON that we ask for or as the parts that it is by default."""
    if answer.headers.get("content-type", "").lower().startswith("multipart/"):
        return _from_parts(answer)
    try:
        data = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        data = None
    if not isinstance(data, list):
        raise senseless(answer, "it does not say what became of each message")
    return [
        _Item(_resource(item), parse.count(item.get("status")), item.get("body"))
        for item in parse.objects(data)
    ]


def _resource(item: JSON) -> str:
    return parse.identity(item.get("resourceId")) or parse.text(item.get("href")).rpartition("/")[2]


def _from_parts(answer: Answer) -> list[_Item]:
    """The first part lists the statuses; a part follows for each message that has something to show.

    A message's own part is known by its id. A refusal has none: refusals come in the order of the list.
    """
    parts = _parts(answer)
    first = parts[0] if parts else None
    statuses = first.get("response") if isinstance(first, dict) else None
    if not isinstance(statuses, list):
        raise senseless(answer, "it does not say what became of each message")
    bodies = [part for part in parts[1:] if isinstance(part, dict)]
    by_id = {parse.identity(body["id"]): body for body in bodies if "id" in body}
    refusals = (body for body in bodies if "id" not in body)
    items = []
    for item in parse.objects(statuses):
        resource, status = _resource(item), parse.count(item.get("status"))
        body = next(refusals, None) if status >= 400 else by_id.get(resource)
        items.append(_Item(resource, status, body))
    return items


def _parts(answer: Answer) -> list[Any]:
    head = f"Content-Type: {answer.headers.get('content-type', '')}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=policy.HTTP).parsebytes(head + answer.body)
    found = []
    for part in message.iter_parts() if message.is_multipart() else ():
        payload = part.get_payload(decode=True)
        try:
            found.append(orjson.loads(payload if isinstance(payload, bytes) else b""))
        except orjson.JSONDecodeError:
            found.append(None)
    return found
