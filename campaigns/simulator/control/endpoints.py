"""The simulator's own small API, for tests and for the page: no sign-in, no rate limit, no faults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs

import orjson

from campaigns.simulator.api.answers import (
    Answer,
    Request,
    bad_parameter,
    base_url,
    iso,
    json_answer,
    read_json,
    refusal,
)
from campaigns.simulator.api.platform import Carrier
from campaigns.simulator.carrier.accepted_log import ledger_lines
from campaigns.simulator.carrier.blocks import Batch
from campaigns.simulator.carrier.clock import SECOND
from campaigns.simulator.carrier.faults import FaultScriptError
from campaigns.simulator.carrier.numbers import BY_PHONE, CAMPAIGN_STATUSES, P2P_NUMBER, takes_recipient
from campaigns.simulator.mailbox.mailbox import FAX, SMS, VOICEMAIL
from campaigns.simulator.mailbox.samples import make_mail
from campaigns.simulator.records.mail import mail_record

_LINES = "application/x-ndjson"


def show_ledger(carrier: Carrier, _: Request, __: tuple[str, ...]) -> Answer:
    """Every text accepted, as the ledger file has it, whether or not there is a file."""
    lines = b"".join(ledger_lines(batch) for batch in list(carrier.store.batches))
    return Answer(200, lines, _LINES)


def show_truth(carrier: Carrier, _: Request, __: tuple[str, ...]) -> Answer:
    """Every text with its present status, one JSON object a line."""
    progress = carrier.progress()

    def records() -> Iterator[dict[str, Any]]:
        for batch in list(carrier.store.batches):
            for index in range(batch.size):
                yield progress.message_record(batch, index, with_text=True)

    lines = (orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records())
    return Answer(200, b"".join(lines), _LINES)


def show_requests(carrier: Carrier, _: Request, __: tuple[str, ...]) -> Answer:
    counts = [
        {"method": method, "endpoint": endpoint, "status": status, "count": count}
        for (method, endpoint, status), count in sorted(carrier.calls.counts.items())
    ]
    calls = [asdict(call) | {"at": iso(call.at)} for call in list(carrier.calls.recent)]
    return json_answer({"counts": counts, "calls": calls})


def receive_text(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    """A text from a person: JSON from a test, or the form of the page, which is sent back to the page."""
    from_page = "urlencoded" in request.headers.get("content-type", "")
    if from_page:
        form = parse_qs(request.body.decode("utf-8", "replace"))
        fields = {name: values[-1] for name, values in form.items()}
    else:
        fields = read_json(request.body)
    sender, receiver, text = (fields.get(name) for name in ("from", "to", "text"))
    if not isinstance(sender, str) or not takes_recipient(sender):
        raise bad_parameter("from")
    if receiver not in BY_PHONE:
        raise bad_parameter("to")
    if not isinstance(text, str) or not text:
        raise bad_parameter("text")
    number, created = carrier.receive(sender, receiver, text)
    if from_page:
        return Answer(303, headers={"Location": "/"})
    return json_answer({"id": str(number), "creationTime": iso(created)}, 201)


def show_mailbox(carrier: Carrier, request: Request, __: tuple[str, ...]) -> Answer:
    """Every message of the mailbox, whatever its state, as the API shows it."""
    now, base = carrier.clock.now(), base_url(request)
    return json_answer([mail_record(mail, now, base) for mail in carrier.mailbox.newest_first(now)])


def add_mail(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    """A message that comes into the mailbox, or went out of it, perhaps some time ago."""
    fields = read_json(request.body)
    kind, direction = fields.get("type", SMS), fields.get("direction", "Inbound")
    other, text, ago = fields.get("number"), fields.get("text", ""), fields.get("secondsAgo", 0)
    if kind not in (SMS, FAX, VOICEMAIL):
        raise bad_parameter("type")
    if direction not in ("Inbound", "Outbound"):
        raise bad_parameter("direction")
    if not isinstance(other, str) or not takes_recipient(other):
        raise bad_parameter("number")
    if not isinstance(text, str) or (kind == SMS and not text):
        raise bad_parameter("text")
    if not isinstance(ago, int) or isinstance(ago, bool) or ago < 0:
        raise bad_parameter("secondsAgo")
    now = carrier.clock.now()
    created = now - ago * SECOND
    inbound = direction == "Inbound"
    mail = make_mail(kind, inbound=inbound, ours=P2P_NUMBER, others=[other], text=text, created=created)
    return json_answer(mail_record(carrier.mailbox.add(mail), now, base_url(request)), 201)


def show_faults(carrier: Carrier, _: Request, __: tuple[str, ...]) -> Answer:
    return json_answer(carrier.faults.describe())


def set_faults(carrier: Carrier, request: Request, __: tuple[str, ...]) -> Answer:
    try:
        carrier.faults.replace(orjson.loads(request.body))
    except (FaultScriptError, TypeError, orjson.JSONDecodeError) as error:
        raise refusal(400, "CMN-104", str(error)) from None
    return show_faults(carrier, request, ())


def clear_faults(carrier: Carrier, request: Request, __: tuple[str, ...]) -> Answer:
    carrier.faults.replace([])
    return show_faults(carrier, request, ())


def advance(carrier: Carrier, request: Request, __: tuple[str, ...]) -> Answer:
    """Move the carrier's clock forward, for everything: sending, receipts, tokens, rate limits, windows."""
    seconds = read_json(request.body).get("seconds")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
        raise bad_parameter("seconds")
    carrier.clock.advance(seconds)
    carrier.store.note({"kind": "clock", "advanced": carrier.clock.advanced})
    return json_answer({"now": iso(carrier.clock.now())})


def end_sessions(carrier: Carrier, _: Request, __: tuple[str, ...]) -> Answer:
    """Every token dies at once, as when somebody revokes the application."""
    carrier.sessions.clear()
    carrier.keep_sessions()
    return Answer(204)


def reset(carrier: Carrier, _: Request, __: tuple[str, ...]) -> Answer:
    """As after a fresh start. Refused to a carrier with files, whose records are for ever."""
    if carrier.store.keeps_files():
        raise refusal(409, "CMN-202", "A simulator with a ledger or state file cannot be reset.")
    carrier.reset()
    return Answer(204)


def set_options(carrier: Carrier, request: Request, __: tuple[str, ...]) -> Answer:
    """Change options while running. A new speed holds for batches to come."""
    wanted = read_json(request.body)
    for name, value in wanted.items():
        if not carrier.can_set(name, value):
            raise bad_parameter(name)
    for name, value in wanted.items():
        carrier.set(name, value)
    return json_answer(wanted)


def show_opt_outs(carrier: Carrier, _: Request, __: tuple[str, ...]) -> Answer:
    pairs = carrier.store.opt_outs.current(carrier.clock.now())
    return json_answer([{"from": sender, "to": recipient} for sender, recipient in pairs])


def count_held(carrier: Carrier) -> tuple[int, int]:
    """How many texts went out and came in."""
    blocks = list(carrier.store.blocks)
    out = sum(block.size for block in blocks if isinstance(block, Batch))
    return out, sum(not isinstance(block, Batch) for block in blocks)


def set_campaign(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    """How far the registration of a number's campaign is. Unless it is confirmed, its batches fail."""
    body = read_json(request.body)
    phone, status = body.get("phoneNumber"), body.get("status")
    number = BY_PHONE.get(phone) if isinstance(phone, str) else None
    if number is None or number.toll_free:
        raise bad_parameter("phoneNumber")
    if not isinstance(status, str) or status not in CAMPAIGN_STATUSES:
        raise bad_parameter("status")
    carrier.store.set_campaign(number.phone, status)
    return json_answer(body)


def show_webhooks(carrier: Carrier, _: Request, __: tuple[str, ...]) -> Answer:
    """Every try to deliver an event, and what came of it: a status, or why there was none."""
    return json_answer(list(carrier.postman.deliveries))


ENDPOINTS = (
    ("GET", "/simulator/ledger", show_ledger),
    ("GET", "/simulator/messages", show_truth),
    ("GET", "/simulator/requests", show_requests),
    ("GET", "/simulator/opt-outs", show_opt_outs),
    ("POST", "/simulator/inbound", receive_text),
    ("GET", "/simulator/mailbox", show_mailbox),
    ("POST", "/simulator/mailbox", add_mail),
    ("POST", "/simulator/campaign", set_campaign),
    ("GET", "/simulator/webhooks", show_webhooks),
    ("GET", "/simulator/faults", show_faults),
    ("POST", "/simulator/faults", set_faults),
    ("DELETE", "/simulator/faults", clear_faults),
    ("POST", "/simulator/advance", advance),
    ("POST", "/simulator/options", set_options),
    ("DELETE", "/simulator/sessions", end_sessions),
    ("POST", "/simulator/reset", reset),
)
