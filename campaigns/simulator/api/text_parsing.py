"""Parses the request for an ordinary text or picture message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from campaigns.simulator.api.errors import api_error, invalid_parameter
from campaigns.simulator.api.multipart import Part, is_multipart, parse_parts
from campaigns.simulator.api.parsing import parse_json, parse_json_object
from campaigns.simulator.carrier.numbers import BY_PHONE, takes_recipient
from campaigns.simulator.carrier.segments import utf16_units
from campaigns.simulator.http_types import Request
from campaigns.simulator.mailbox.factory import text_attachment
from campaigns.simulator.mailbox.message import Attachment

_MAX_BODY = 10 * 1024 * 1024
_MAX_UNITS = 1000
_MAX_RECIPIENTS = 10
_MAX_ATTACHMENTS = 10
_MAX_ATTACHED_BYTES = 1_500_000
_MEDIA = ("image/", "audio/", "video/", "text/", "application/")


@dataclass(frozen=True, slots=True)
class OutgoingText:
    sender: str
    recipients: list[str]
    text: str
    files: list[Part]

    @classmethod
    def parse(cls, body: dict[str, Any], files: list[Part]) -> OutgoingText:
        sender = parse_phone(body.get("from"), "from")
        check_sender(sender, "MmsSender" if files else "SmsSender")
        recipients = parse_recipients(body.get("to"))
        text = body.get("text", "" if files else None)
        if not isinstance(text, str) or not (text or files) or utf16_units(text) > _MAX_UNITS:
            raise invalid_parameter("text")
        check_files(files)
        return cls(sender, recipients, text, files)

    def attachments(self) -> list[Attachment]:
        """The text is an attachment too."""
        attachments = [text_attachment(self.text)] if self.text else []
        return attachments + [
            Attachment(
                id=0,
                type="MmsAttachment",
                content_type=one.content_type,
                content=one.content,
                name=one.file_name,
            )
            for one in self.files
        ]


def parse_envelope(request: Request) -> tuple[dict[str, Any], list[Part]]:
    """The fields and the files. In a multipart body, the first part of type JSON has the fields."""
    if len(request.body) > _MAX_BODY:
        raise api_error(413, "CMN-101", "Request entity too large", parameter="body")
    if not is_multipart(request):
        return parse_json_object(request.body), []
    parts = parse_parts(request)
    envelope = next((part for part in parts if part.content_type == "application/json"), None)
    body = parse_json(envelope.content) if envelope else None
    if not isinstance(body, dict):
        raise api_error(400, "CMN-104", "Cannot parse request")
    return body, [part for part in parts if part is not envelope]


def parse_phone(value: Any, name: str) -> str:
    number = value.get("phoneNumber") if isinstance(value, dict) else None
    if not isinstance(number, str) or not number:
        parameter = f"{name}.phoneNumber"
        raise invalid_parameter(parameter)
    return number


def check_sender(sender: str, feature: str) -> None:
    number = BY_PHONE.get(sender)
    if number is None:
        raise api_error(403, "MSG-304", "Phone number doesn't belong to extension")
    if feature not in number.features:
        message = f"Sending is not available from phone number {sender[-4:]}"
        raise api_error(403, "MSG-242", message)


def parse_recipients(value: Any) -> list[str]:
    if not isinstance(value, list) or not value:
        raise invalid_parameter("to")
    numbers = [parse_phone(one, "to") for one in value]
    if len(numbers) > _MAX_RECIPIENTS:
        raise api_error(400, "MSG-381", f"More than {_MAX_RECIPIENTS} recipients in a group message")
    if len(set(numbers)) < len(numbers):
        message = "Duplicate value for parameter [to] found in request"
        raise api_error(400, "CMN-406", message, parameter="to")
    if not all(takes_recipient(number) for number in numbers):
        raise invalid_parameter("to.phoneNumber")
    return numbers


def check_files(files: list[Part]) -> None:
    if len(files) > _MAX_ATTACHMENTS:
        raise api_error(400, "MSG-379", "Too many attachments", parameter="attachments")
    if sum(len(one.content) for one in files) > _MAX_ATTACHED_BYTES:
        raise api_error(400, "MSG-338", "The attachments are too large", parameter="attachments")
    if not all(one.content_type.startswith(_MEDIA) for one in files):
        raise api_error(415, "MSG-348", "Unsupported attachment media type")
