"""Endpoints with which tests change the carrier."""

from typing import Any
from urllib.parse import parse_qs

import orjson

from campaigns.simulator.api.errors import api_error, invalid_parameter
from campaigns.simulator.api.parsing import base_url, parse_json_object
from campaigns.simulator.api.platform import Platform
from campaigns.simulator.carrier.clock import SECOND
from campaigns.simulator.carrier.faults import FaultScriptError
from campaigns.simulator.carrier.numbers import BY_PHONE, CAMPAIGN_STATUSES, P2P_NUMBER, takes_recipient
from campaigns.simulator.carrier.timestamps import iso_time
from campaigns.simulator.control.inspection import show_faults
from campaigns.simulator.http_types import Request, Response, json_response
from campaigns.simulator.mailbox.factory import make_mail
from campaigns.simulator.mailbox.message import FAX, SMS, VOICEMAIL
from campaigns.simulator.records.mail import mail_record


def receive_text(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    """A text from a person: JSON from a test, or the form of the page, which redirects to the page."""
    from_page = "urlencoded" in request.headers.get("content-type", "")
    fields: dict[str, Any]
    if from_page:
        form = parse_qs(request.body.decode("utf-8", "replace"))
        fields = {name: values[-1] for name, values in form.items()}
    else:
        fields = parse_json_object(request.body)
    sender, receiver, text = (fields.get(name) for name in ("from", "to", "text"))
    if not isinstance(sender, str) or not takes_recipient(sender):
        raise invalid_parameter("from")
    if receiver not in BY_PHONE:
        raise invalid_parameter("to")
    if not isinstance(text, str) or not text:
        raise invalid_parameter("text")
    number, created = platform.receive(sender, receiver, text)
    if from_page:
        return Response(303, headers={"Location": "/"})
    return json_response({"id": str(number), "creationTime": iso_time(created)}, 201)


def add_mail(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    """One more message of the mailbox, perhaps from some time ago."""
    fields = parse_json_object(request.body)
    kind, direction = fields.get("type", SMS), fields.get("direction", "Inbound")
    other, text, ago = fields.get("number"), fields.get("text", ""), fields.get("secondsAgo", 0)
    if kind not in (SMS, FAX, VOICEMAIL):
        raise invalid_parameter("type")
    if direction not in ("Inbound", "Outbound"):
        raise invalid_parameter("direction")
    if not isinstance(other, str) or not takes_recipient(other):
        raise invalid_parameter("number")
    if not isinstance(text, str) or (kind == SMS and not text):
        raise invalid_parameter("text")
    if not isinstance(ago, int) or isinstance(ago, bool) or ago < 0:
        raise invalid_parameter("secondsAgo")
    now = platform.clock.now()
    mail = make_mail(
        kind,
        inbound=direction == "Inbound",
        number=P2P_NUMBER,
        others=[other],
        text=text,
        created=now - ago * SECOND,
    )
    return json_response(mail_record(platform.mailbox.add(mail), now, base_url(request)), 201)


def set_faults(platform: Platform, request: Request, __: tuple[str, ...]) -> Response:
    try:
        platform.faults.replace(orjson.loads(request.body))
    except (FaultScriptError, TypeError, orjson.JSONDecodeError) as error:
        raise api_error(400, "CMN-104", str(error)) from None
    return show_faults(platform, request, ())


def clear_faults(platform: Platform, request: Request, __: tuple[str, ...]) -> Response:
    platform.faults.replace([])
    return show_faults(platform, request, ())


def advance(platform: Platform, request: Request, __: tuple[str, ...]) -> Response:
    """Move the clock forward for everything: sending, receipts, tokens, rate limits, windows."""
    seconds = parse_json_object(request.body).get("seconds")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
        raise invalid_parameter("seconds")
    platform.clock.advance(seconds)
    platform.store.append_record({"kind": "clock", "advanced": platform.clock.advanced})
    return json_response({"now": iso_time(platform.clock.now())})


def end_sessions(platform: Platform, _: Request, __: tuple[str, ...]) -> Response:
    """As when somebody revokes the application."""
    platform.sessions.clear()
    platform.save_sessions()
    return Response(204)


def reset(platform: Platform, _: Request, __: tuple[str, ...]) -> Response:
    """Back to a fresh start. Refused if there are files, because their records must last."""
    if platform.store.files.exist():
        raise api_error(409, "CMN-202", "A simulator with a ledger or state file cannot be reset.")
    platform.reset()
    return Response(204)


def set_options(platform: Platform, request: Request, __: tuple[str, ...]) -> Response:
    """A new speed holds for batches to come."""
    values = parse_json_object(request.body)
    for name, value in values.items():
        if not platform.options.accepts(name, value):
            raise invalid_parameter(name)
    for name, value in values.items():
        platform.set_option(name, value)
    return json_response(values)


def set_campaign(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    """The registration of a number's campaign. Unless it is confirmed, its batches fail."""
    body = parse_json_object(request.body)
    phone, status = body.get("phoneNumber"), body.get("status")
    number = BY_PHONE.get(phone) if isinstance(phone, str) else None
    if number is None or number.toll_free:
        raise invalid_parameter("phoneNumber")
    if not isinstance(status, str) or status not in CAMPAIGN_STATUSES:
        raise invalid_parameter("status")
    platform.store.set_campaign_status(number.phone, status)
    return json_response(body)
