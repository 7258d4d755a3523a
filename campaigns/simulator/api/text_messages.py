"""Sending ordinary texts and pictures, from the numbers that cannot send batches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from campaigns.simulator.api.answers import (
    Answer,
    RefusalError,
    Request,
    bad_parameter,
    base_url,
    json_answer,
    read_any_json,
    read_json,
    refusal,
)
from campaigns.simulator.api.bulk import Part, is_multipart, read_parts
from campaigns.simulator.api.platform import Carrier
from campaigns.simulator.carrier.clock import SECOND
from campaigns.simulator.carrier.numbers import BY_PHONE, takes_recipient
from campaigns.simulator.carrier.outcomes import OPTED_OUT, SENDING_FAILED, outcome_for
from campaigns.simulator.carrier.segments import utf16_units
from campaigns.simulator.mailbox.mailbox import SENDING_SECONDS, SMS, Attachment, Mail
from campaigns.simulator.mailbox.samples import text_attachment
from campaigns.simulator.records.mail import mail_record

_MAX_BODY = 10 * 1024 * 1024
_MAX_UNITS = 1000
_MAX_RECIPIENTS = 10
_MAX_ATTACHMENTS = 10
_MAX_ATTACHED = 1_500_000
_PER_MINUTE = 50
"""Texts that the platform's policy lets one number send in a minute."""
_MEDIA = ("image/", "audio/", "video/", "text/", "application/")


def send_sms(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    """One text to one person, or to a group; with attachments it is an MMS."""
    body, files = _read_envelope(request)
    return _send(carrier, request, body, files)


def send_mms(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    if not is_multipart(request):
        raise refusal(415, "MSG-348", "Unsupported attachment media type")
    body, files = _read_envelope(request)
    if not files:
        raise bad_parameter("attachments")
    return _send(carrier, request, body, files)


def _read_envelope(request: Request) -> tuple[dict[str, Any], list[Part]]:
    """The fields, and the files if the request comes in parts: the first part of type JSON has the fields."""
    if len(request.body) > _MAX_BODY:
        raise refusal(413, "CMN-101", "Request entity too large", parameter="body")
    if not is_multipart(request):
        return read_json(request.body), []
    parts = read_parts(request)
    envelope = next((part for part in parts if part.content_type == "application/json"), None)
    body = read_any_json(envelope.content) if envelope else None
    if not isinstance(body, dict):
        raise refusal(400, "CMN-104", "Cannot parse request")
    return body, [part for part in parts if part is not envelope]


def _send(carrier: Carrier, request: Request, body: dict[str, Any], files: list[Part]) -> Answer:
    sender = _phone(body.get("from"), "from")
    _check_sender(sender, "MmsSender" if files else "SmsSender")
    recipients = _read_recipients(body.get("to"))
    text = body.get("text", "" if files else None)
    if not isinstance(text, str) or not (text or files) or utf16_units(text) > _MAX_UNITS:
        raise bad_parameter("text")
    _check_files(files)
    with carrier.store.lock:
        now = carrier.clock.now()
        _check_pace(carrier.mailbox.newest_first(now), sender, now)
        mail = carrier.mailbox.add(
            Mail(
                id=0,
                type=SMS,
                inbound=False,
                ours=sender,
                others=recipients,
                created=now,
                modified=now,
                text=text,
                read=True,
                leaves=now + int(SENDING_SECONDS * SECOND / carrier.options.speed),
                failure=_failure(carrier, sender, recipients, now),
                attachments=_attachments(text, files),
            )
        )
    return json_answer(mail_record(mail, now, base_url(request)))


def _phone(value: Any, name: str) -> str:
    number = value.get("phoneNumber") if isinstance(value, dict) else None
    if not isinstance(number, str) or not number:
        parameter = f"{name}.phoneNumber"
        raise bad_parameter(parameter)
    return number


def _check_sender(sender: str, feature: str) -> None:
    number = BY_PHONE.get(sender)
    if number is None:
        raise refusal(403, "MSG-304", "Phone number doesn't belong to extension")
    if feature not in number.features:
        message = f"Sending is not available from phone number {sender[-4:]}"
        raise refusal(403, "MSG-242", message)


def _read_recipients(value: Any) -> list[str]:
    if not isinstance(value, list) or not value:
        raise bad_parameter("to")
    numbers = [_phone(one, "to") for one in value]
    if len(numbers) > _MAX_RECIPIENTS:
        raise refusal(400, "MSG-381", f"More than {_MAX_RECIPIENTS} recipients in a group message")
    if len(set(numbers)) < len(numbers):
        raise refusal(400, "CMN-406", "Duplicate value for parameter [to] found in request", parameter="to")
    if not all(takes_recipient(number) for number in numbers):
        raise bad_parameter("to.phoneNumber")
    return numbers


def _check_files(files: list[Part]) -> None:
    if len(files) > _MAX_ATTACHMENTS:
        raise _too_much("MSG-379", "Too many attachments")
    if sum(len(one.content) for one in files) > _MAX_ATTACHED:
        raise _too_much("MSG-338", "The attachments are too large")
    if not all(one.content_type.startswith(_MEDIA) for one in files):
        raise refusal(415, "MSG-348", "Unsupported attachment media type")


def _too_much(code: str, message: str) -> RefusalError:
    return refusal(400, code, message, parameter="attachments")


def _check_pace(mails: Iterable[Mail], sender: str, now: int) -> None:
    sent = sum(
        not mail.inbound and mail.ours == sender and mail.created > now - 60 * SECOND for mail in mails
    )
    if sent >= _PER_MINUTE:
        raise refusal(429, "MSG-305", "Request rate exceeded")


def _failure(carrier: Carrier, sender: str, recipients: list[str], now: int) -> str:
    """Why sending fails. What carriers say later never reaches ordinary texts, so it does not count here."""
    for recipient in recipients:
        if carrier.store.opt_outs.blocked(sender, recipient, now):
            return OPTED_OUT
        first = outcome_for(recipient).steps[0]
        if first.status == SENDING_FAILED:
            return first.code
    return ""


def _attachments(text: str, files: list[Part]) -> list[Attachment]:
    told = [text_attachment(text)] if text else []
    return told + [
        Attachment(
            id=0,
            type="MmsAttachment",
            content_type=one.content_type,
            content=one.content,
            name=one.file_name,
        )
        for one in files
    ]
