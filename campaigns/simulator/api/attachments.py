"""The content of attachments. On the platform it has a host of its own; here it is the same one."""

import re
from email.message import Message

from campaigns.simulator.api.errors import api_error, invalid_parameter, unknown_resource
from campaigns.simulator.api.message_store import get_mail
from campaigns.simulator.api.platform import Platform
from campaigns.simulator.http_types import Request, Response
from campaigns.simulator.mailbox.message import PURGED, Attachment

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
_DISPOSITIONS = ("Inline", "Attachment")


def get_content(platform: Platform, request: Request, params: tuple[str, ...]) -> Response:
    attachment = _get_attachment(platform, *params)
    response = _range_response(attachment, request.headers.get("range", ""))
    disposition = request.last("contentDisposition")
    if disposition not in (None, *_DISPOSITIONS):
        raise invalid_parameter("contentDisposition")
    name = request.last("contentDispositionFilename") or attachment.name
    header = Message()
    parameters = {"filename": name} if name else {}
    header.add_header("Content-Disposition", (disposition or "Inline").lower(), **parameters)
    # A line break in a name would end the header.
    value = " ".join(header["Content-Disposition"].split())
    response.headers |= {"Content-Disposition": value, "Accept-Ranges": "bytes"}
    return response


def _get_attachment(platform: Platform, mail_id: str, attachment_id: str) -> Attachment:
    mail = get_mail(platform, mail_id)
    if mail.availability(platform.clock.now()) != PURGED:
        for one in mail.attachments:
            if str(one.id) == attachment_id:
                return one
    raise unknown_resource("attachmentId")


def _range_response(attachment: Attachment, header: str) -> Response:
    """The whole content, or one range of bytes. Any other range is ignored."""
    content, size = attachment.content, len(attachment.content)
    match = _RANGE.fullmatch(header.strip())
    if not match or match.groups() == ("", ""):
        return Response(200, content, attachment.content_type)
    first, last = match.groups()
    if first:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
    else:
        start, end = max(0, size - int(last)), size - 1
    if start >= size or end < start:
        error = api_error(416, "CMN-107", "Requested range is not satisfiable")
        error.response.headers["Content-Range"] = f"bytes */{size}"
        raise error
    headers = {"Content-Range": f"bytes {start}-{end}/{size}"}
    return Response(206, content[start : end + 1], attachment.content_type, headers)
