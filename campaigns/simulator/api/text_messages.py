"""Endpoints that send ordinary texts and pictures, from the numbers that cannot send batches."""

from campaigns.simulator.api.errors import api_error, invalid_parameter
from campaigns.simulator.api.multipart import is_multipart
from campaigns.simulator.api.parsing import base_url
from campaigns.simulator.api.platform import Platform
from campaigns.simulator.api.text_parsing import OutgoingText, parse_envelope
from campaigns.simulator.carrier.clock import SECOND
from campaigns.simulator.carrier.outcomes import OPTED_OUT, SENDING_FAILED, outcome_for
from campaigns.simulator.http_types import Request, Response, json_response
from campaigns.simulator.mailbox.message import SMS, Mail
from campaigns.simulator.records.mail import mail_record

_SENDING_SECONDS = 2.0
"""From accepting an ordinary text to its leaving, at the real carrier's speed."""
_MAX_PER_MINUTE = 50
"""The platform's policy for one number."""


def send_sms(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    """One text to one person, or to a group; with attachments it is an MMS."""
    return send(platform, request, OutgoingText.parse(*parse_envelope(request)))


def send_mms(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    if not is_multipart(request):
        raise api_error(415, "MSG-348", "Unsupported attachment media type")
    body, files = parse_envelope(request)
    if not files:
        raise invalid_parameter("attachments")
    return send(platform, request, OutgoingText.parse(body, files))


def send(platform: Platform, request: Request, outgoing: OutgoingText) -> Response:
    with platform.store.lock:
        now = platform.clock.now()
        check_pace(platform, outgoing.sender, now)
        mail = platform.mailbox.add(
            Mail(
                id=0,
                type=SMS,
                inbound=False,
                number=outgoing.sender,
                others=outgoing.recipients,
                created=now,
                modified=now,
                text=outgoing.text,
                read=True,
                leaves=now + int(_SENDING_SECONDS * SECOND / platform.options.speed),
                failure=failure_code(platform, outgoing, now),
                attachments=outgoing.attachments(),
            )
        )
    return json_response(mail_record(mail, now, base_url(request)))


def check_pace(platform: Platform, sender: str, now: int) -> None:
    sent = sum(
        not mail.inbound and mail.number == sender and mail.created > now - 60 * SECOND
        for mail in platform.mailbox.newest_first(now)
    )
    if sent >= _MAX_PER_MINUTE:
        raise api_error(429, "MSG-305", "Request rate exceeded")


def failure_code(platform: Platform, outgoing: OutgoingText, now: int) -> str:
    """Only the first step of an outcome counts: ordinary texts get no receipts from carriers."""
    for recipient in outgoing.recipients:
        if platform.store.opt_outs.is_blocked(outgoing.sender, recipient, now):
            return OPTED_OUT
        first = outcome_for(recipient).steps[0]
        if first.status == SENDING_FAILED:
            return first.code
    return ""
