"""Requests about several messages at once, and the 207 with which they are answered."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import orjson

from campaigns.simulator.api.answers import (
    Answer,
    RefusalError,
    Request,
    bad_parameter,
    read_any_json,
    refusal,
)

MAX_IN_PATH = 50
MAX_IN_BODY = 1000
MULTIPART_JSON = "application/vnd.ringcentral.multipart+json"
_WORDS = {200: "OK", 204: "No Content", 400: "Bad Request", 404: "Not Found"}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one of them."""

    resource_id: str
    status: int
    body: Any = None

    @classmethod
    def of_refusal(cls, resource_id: str, error: RefusalError) -> Result:
        return cls(resource_id, error.answer.status, orjson.loads(error.answer.body))


def check_count(items: Sequence[Any], most: int) -> None:
    if len(items) > most:
        raise refusal(400, "CMN-106", f"Bulk request cannot have more than {most} entries")


def multi_status(request: Request, results: list[Result], uri: str) -> Answer:
    """A list in JSON for who asks for it, else parts: first the statuses, then each body."""
    if MULTIPART_JSON in request.headers.get("accept", ""):
        listing = [
            {"resourceId": one.resource_id, "status": one.status, "body": one.body or {}} for one in results
        ]
        return Answer(207, orjson.dumps(listing), MULTIPART_JSON)
    statuses = [
        {
            "href": f"{uri}/{one.resource_id}",
            "status": one.status,
            "responseDescription": _WORDS.get(one.status, "Error"),
        }
        for one in results
    ]
    boundary = f"Boundary_{uuid.uuid4().hex}"
    bodies = [{"response": statuses}, *(one.body for one in results if one.body is not None)]
    parts = (
        b"--%s\r\nContent-Type: application/json\r\n\r\n%s\r\n" % (boundary.encode(), orjson.dumps(body))
        for body in bodies
    )
    content = b"".join(parts) + f"--{boundary}--\r\n".encode()
    return Answer(207, content, f'multipart/mixed; boundary="{boundary}"')


@dataclass(frozen=True, slots=True)
class Part:
    content_type: str
    name: str
    file_name: str
    content: bytes


def is_multipart(request: Request) -> bool:
    """Whether the body comes in parts, in the way of mail or of a web form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in ("multipart/mixed", "multipart/form-data")


def read_parts(request: Request) -> list[Part]:
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(EmailMessage, policy=policy.HTTP).parsebytes(head + request.body)
    if not message.is_multipart():
        raise refusal(400, "CMN-104", "Cannot parse request")
    return [_read_part(part) for part in message.iter_parts()]


def _read_part(part: Any) -> Part:
    name = part.get_param("name", header="content-disposition") or ""
    content = part.get_payload(decode=True) or b""
    return Part(part.get_content_type(), str(name), part.get_filename() or "", content)


def read_changes(request: Request, ids: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """Each message's id with the change that is meant for it.

    The ids stand in the path, and the body is one change for all, a list or parts in the same order; or the
    path is `*`, and the body is a list of `{resourceId, body}`.
    """
    if is_multipart(request):
        parts = read_parts(request)
        entries: Any = [{"body": read_any_json(part.content)} for part in parts]
    else:
        entries = read_any_json(request.body)
    if ids == ["*"]:
        if not isinstance(entries, list) or not entries:
            raise bad_parameter("body")
        check_count(entries, MAX_IN_BODY)
        ids = [str(entry.get("resourceId", "")) if isinstance(entry, dict) else "" for entry in entries]
    else:
        check_count(ids, MAX_IN_PATH)
    if isinstance(entries, dict):
        return [(one, entries) for one in ids]
    if not isinstance(entries, list) or len(entries) != len(ids):
        raise bad_parameter("body")
    changes = []
    for one, entry in zip(ids, entries, strict=True):
        if not isinstance(entry, dict) or not isinstance(entry.get("body"), dict):
            raise bad_parameter("body")
        changes.append((str(entry.get("resourceId") or one), entry["body"]))
    return changes
