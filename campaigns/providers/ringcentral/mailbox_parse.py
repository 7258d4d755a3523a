"""Parses the messages of RingCentral's mailbox, and its answers about several messages at once."""

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
from campaigns.providers.wording import gettext_noop as _

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
        sender=party(data.get("from")),
        to=tuple(party(item) for item in (to if isinstance(to, list) else [])),
        text=parse.text(data.get("subject")),
        status=message_status(data),
        error_code=parse.text(data.get("deliveryErrorCode")),
        read=data.get("readStatus") == "Read",
        availability=words.code(
            words.AVAILABILITIES, parse.text(data.get("availability")), Availability.UNKNOWN
        ),
        conversation_id=parse.identity(known) or parse.identity(data.get("conversationId")),
        attachments=tuple(map(attachment, parse.objects(data.get("attachments")))),
        segments=whole_number(data.get("segmentCount")),
        fax_pages=whole_number(data.get("faxPageCount")),
        created_at=parse.moment(data.get("creationTime")),
        modified_at=parse.moment(data.get("lastModifiedTime")),
    )


def mailbox_page(messages: list[JSON], data: JSON) -> MailboxPage:
    paging = data.get("paging")
    info: JSON = paging if isinstance(paging, dict) else {}
    return MailboxPage(
        messages=tuple(map(mailbox_message, messages)),
        number=parse.count(info.get("page")) or 1,
        pages=parse.page_total(data),
        total=parse.count(info.get("totalElements")) or len(messages),
    )


def party(data: object) -> Party:
    if not isinstance(data, dict):
        return Party()
    return Party(
        phone=parse.phone(data.get("phoneNumber")),
        extension=parse.text(data.get("extensionNumber")) or parse.identity(data.get("extensionId")),
        name=parse.text(data.get("name")),
        place=parse.text(data.get("location")),
        status=message_status(data),
        error_code=parse.text(data.get("faxErrorCode") or data.get("errorCode")),
    )


def message_status(data: JSON) -> MessageStatus:
    return words.code(words.MESSAGE_STATUSES, parse.text(data.get("messageStatus")), MessageStatus.UNKNOWN)


def attachment(data: JSON) -> Attachment:
    return Attachment(
        provider_id=parse.identity(data.get("id")),
        uri=parse.text(data.get("uri")),
        kind=parse.text(data.get("type")),
        content_type=parse.text(data.get("contentType")),
        file_name=parse.text(data.get("fileName")),
        size=whole_number(data.get("size")),
        seconds=whole_number(data.get("vmDuration")),
    )


def whole_number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


# --- several messages at once


@dataclass(frozen=True, slots=True)
class ItemResult:
    resource_id: str
    status: int
    body: Any


def outcomes(answer: Answer, asked: Sequence[str], *, ok_statuses: frozenset[int]) -> list[MessageResult]:
    """What became of each, in the order asked. Raises ProviderError if the answer is no such list."""
    items = {item.resource_id: item for item in item_results(answer)}
    return [message_result(one, items.get(one), ok_statuses) for one in asked]


def message_result(message_id: str, item: ItemResult | None, ok_statuses: frozenset[int]) -> MessageResult:
    if item is None:
        return MessageResult(provider_id=message_id, done=False, http_status=0)
    done = item.status in ok_statuses
    body = item.body if isinstance(item.body, dict) else {}
    message = mailbox_message(body) if done else None
    return MessageResult(
        provider_id=message_id,
        done=done,
        http_status=item.status,
        code="" if done else parse_problem(orjson.dumps(body)).code,
        message=message if message is not None and message.provider_id == message_id else None,
    )


def item_results(answer: Answer) -> list[ItemResult]:
    """The items of a 207: JSON as requested, or multipart as by default."""
    if answer.headers.get("content-type", "").lower().startswith("multipart/"):
        return from_multipart(answer)
    try:
        data = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        data = None
    if not isinstance(data, list):
        raise senseless(answer, _("it does not say what became of each message"))
    return [
        ItemResult(resource_id(item), parse.count(item.get("status")), item.get("body"))
        for item in parse.objects(data)
    ]


def resource_id(item: JSON) -> str:
    return parse.identity(item.get("resourceId")) or parse.text(item.get("href")).rpartition("/")[2]


def from_multipart(answer: Answer) -> list[ItemResult]:
    """The first part lists the statuses; a part follows for each message that has something to show.

    A message's own part is known by its id. A refusal has none: refusals come in the order of the list.
    """
    parts = multipart_bodies(answer)
    first = parts[0] if parts else None
    statuses = first.get("response") if isinstance(first, dict) else None
    if not isinstance(statuses, list):
        raise senseless(answer, _("it does not say what became of each message"))
    bodies = [part for part in parts[1:] if isinstance(part, dict)]
    by_id = {parse.identity(body["id"]): body for body in bodies if "id" in body}
    refusals = (body for body in bodies if "id" not in body)
    items = []
    for item in parse.objects(statuses):
        resource, status = resource_id(item), parse.count(item.get("status"))
        body = next(refusals, None) if status >= 400 else by_id.get(resource)
        items.append(ItemResult(resource, status, body))
    return items


def multipart_bodies(answer: Answer) -> list[Any]:
    head = f"Content-Type: {answer.headers.get('content-type', '')}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=policy.HTTP).parsebytes(head + answer.body)
    bodies: list[Any] = []
    for part in message.iter_parts() if message.is_multipart() else ():
        payload = part.get_payload(decode=True)
        try:
            bodies.append(orjson.loads(payload if isinstance(payload, bytes) else b""))
        except orjson.JSONDecodeError:
            bodies.append(None)
    return bodies
