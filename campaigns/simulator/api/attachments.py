"""The content of attachments. On the platform it has a host of its own; here it is the same one."""

from __future__ import annotations

import re
from email.message import Message

from campaigns.simulator.api.answers import Answer, Request, bad_parameter, not_found, refusal
from campaigns.simulator.api.platform import Carrier
from campaigns.simulator.mailbox.mailbox import PURGED, Attachment

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
_DISPOSITIONS = ("Inline", "Attachment")


def get_content(carrier: Carrier, request: Request, found: tuple[str, ...]) -> Answer:
    one = _find(carrier, *found)
    answer = _ranged(one.content, one.content_type, request.headers.get("range", ""))
    disposition = request.one("contentDisposition")
    if disposition not in (None, *_DISPOSITIONS):
        raise bad_parameter("contentDisposition")
    name = request.one("contentDispositionFilename") or one.name
    header = Message()
    parameters = {"filename": name} if name else {}
    header.add_header("Content-Disposition", (disposition or "Inline").lower(), **parameters)
    # A line break in a name would end the header.
    value = " ".join(header["Content-Disposition"].split())
    answer.headers |= {"Content-Disposition": value, "Accept-Ranges": "bytes"}
    return answer


def _find(carrier: Carrier, mail_id: str, attachment_id: str) -> Attachment:
    now = carrier.clock.now()
    mail = carrier.mailbox.get(int(mail_id), now) if mail_id.isascii() and mail_id.isdigit() else None
    if mail is None:
        raise not_found("messageId")
    if mail.availability(now) != PURGED:
        for one in mail.attachments:
            if str(one.id) == attachment_id:
                return one
    raise not_found("attachmentId")


def _ranged(content: bytes, content_type: str, header: str) -> Answer:
    """All of it, or the one range that was asked for. What is no range of bytes is passed over."""
    found = _RANGE.fullmatch(header.strip())
    if not found or found.groups() == ("", ""):
        return Answer(200, content, content_type)
    first, last = found.groups()
    size = len(content)
    if first:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
    else:
        start, end = max(0, size - int(last)), size - 1
    if start >= size or end < start:
        error = refusal(416, "CMN-107", "Requested range is not satisfiable")
        error.answer.headers["Content-Range"] = f"bytes */{size}"
        raise error
    return Answer(
        206, content[start : end + 1], content_type, {"Content-Range": f"bytes {start}-{end}/{size}"}
    )
