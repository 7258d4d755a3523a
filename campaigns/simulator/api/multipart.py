"""Parses bodies in parts, of mail and of web forms."""

from __future__ import annotations

from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from campaigns.simulator.api.errors import api_error
from campaigns.simulator.http_types import Request


@dataclass(frozen=True, slots=True)
class Part:
    content_type: str
    file_name: str
    content: bytes

    @classmethod
    def parse(cls, part: Any) -> Part:
        content = part.get_payload(decode=True) or b""
        return cls(part.get_content_type(), part.get_filename() or "", content)


def is_multipart(request: Request) -> bool:
    return request.content_type in ("multipart/mixed", "multipart/form-data")


def parse_parts(request: Request) -> list[Part]:
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(EmailMessage, policy=policy.HTTP).parsebytes(head + request.body)
    if not message.is_multipart():
        raise api_error(400, "CMN-104", "Cannot parse request")
    return [Part.parse(part) for part in message.iter_parts()]
