"""The receiving side of RingCentral's webhooks; see `base.Callbacks`.

The handshake must be answered within three seconds and 1,024 bytes, headers and all. Every header's name is
in lower case here.
"""

import hmac
import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from campaigns.providers.event_types import Event, Payload, Topic
from campaigns.providers.mailbox_types import MailboxMessage
from campaigns.providers.ringcentral import parse
from campaigns.providers.ringcentral.mailbox_parse import mailbox_message
from campaigns.providers.ringcentral.opt_outs import opt_out_records
from campaigns.providers.types import JSON, OptOutRecord

HANDSHAKE: Final = "validation-token"
# RingCentral's pages disagree on the name under which our token comes.
_TOKEN_HEADERS: Final = ("verification-token", "validation-token")
_SHOWABLE: Final = re.compile(r"[\x21-\x7e]{1,512}")

_TOPICS: Final = (
    (re.compile(r"/a2p-sms/batches(/[^/]+)?"), Topic.BATCH),
    (re.compile(r"/a2p-sms/messages"), Topic.MESSAGE),
    (re.compile(r"/a2p-sms/opt-outs"), Topic.OPT_OUT),
    (re.compile(r"/sms/consents"), Topic.OPT_OUT),
    (re.compile(r"/message-store/instant"), Topic.MAIL),
    (re.compile(r"/message-store"), Topic.MAIL_CHANGED),
    (re.compile(r"/restapi/v1\.0/subscription/[^/]+"), Topic.RENEWAL),
)
_MAX_NAME_LENGTH: Final = 2048
"""Characters. `urlsplit` brings a host to a normal form, which takes time with the square of its length."""
_OWNER: Final = re.compile(r"/restapi/v[0-9.]+/accounts?/[^/]+(/extensions?/[^/]+)?(?=/)")


def handshake(headers: Mapping[str, str], body: bytes) -> dict[str, str] | None:
    """The headers of the empty 200 that answers RingCentral's first call; None if this is not one.

    An event brings a body even where it brings our token under the handshake's name.
    """
    token = headers.get(HANDSHAKE, "")
    if body or not _SHOWABLE.fullmatch(token):
        return None
    return {"Validation-Token": token, "Content-Type": "application/json"}


def is_genuine(headers: Mapping[str, str], token: str) -> bool:
    expected = token.encode()
    matches = [
        hmac.compare_digest(headers.get(name, "").encode("utf-8", "replace"), expected)
        for name in _TOKEN_HEADERS
    ]
    return bool(expected) and any(matches)


def event_id(body: bytes) -> str | None:
    data = parse.as_object(body)
    return None if data is None else parse.identity(data.get("uuid"))


def parse_event(body: bytes) -> Event | None:
    data = parse.as_object(body)
    name = data.get("event") if data is not None else None
    if data is None or not isinstance(name, str):
        return None
    content = data.get("body")
    topic = topic_of(name)
    return Event(
        uuid=parse.identity(data.get("uuid")),
        topic=topic,
        subscription_id=parse.identity(data.get("subscriptionId")),
        at=parse.moment(data.get("timestamp")),
        payload=payload(topic, content) if isinstance(content, dict) else None,
        raw=data,
    )


def topic_of(name: str) -> Topic:
    """By the filter that the event matched; RingCentral replaces its `~` by ids."""
    if len(name) > _MAX_NAME_LENGTH:
        return Topic.UNKNOWN
    path = urlsplit(name).path
    rest = _OWNER.sub("", path, count=1)
    return next((topic for shape, topic in _TOPICS if shape.fullmatch(rest)), Topic.UNKNOWN)


def payload(topic: Topic, body: JSON) -> Payload:
    read: dict[Topic, Callable[[JSON], Payload]] = {
        Topic.BATCH: batch_payload,
        Topic.MESSAGE: message_payload,
        Topic.OPT_OUT: opt_outs_payload,
        Topic.MAIL: mail_payload,
    }
    return read[topic](body) if topic in read else None


def batch_payload(body: JSON) -> Payload:
    batch = parse.batch_state(body)
    return batch if batch.provider_id else None


def message_payload(body: JSON) -> Payload:
    message = parse.remote_message(body)
    return message if message.provider_id else None


def opt_outs_payload(body: JSON) -> tuple[OptOutRecord, ...] | None:
    """One pair in the events of v1, a list of records in those of v2."""
    items = parse.objects(body["records"]) if "records" in body else [body]
    return tuple(opt_out_records(items)) or None


def mail_payload(body: JSON) -> MailboxMessage | None:
    message = mailbox_message(body)
    return message if message.provider_id else None
