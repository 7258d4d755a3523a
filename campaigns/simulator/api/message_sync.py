"""Synchronisation of the mailbox: everything once, and afterwards only what changed."""

from __future__ import annotations

import base64
import binascii
from dataclasses import asdict
from typing import Any

import orjson

from campaigns.simulator.api.answers import Answer, Request, bad_parameter, base_url, json_answer, refusal
from campaigns.simulator.api.message_filters import MailFilter, read_mail_filter
from campaigns.simulator.api.paging import whole_number
from campaigns.simulator.api.platform import Carrier
from campaigns.simulator.carrier.clock import SECOND
from campaigns.simulator.carrier.numbers import EXTENSION_PATH
from campaigns.simulator.mailbox.mailbox import ALIVE, Mail
from campaigns.simulator.records.mail import brief_time, mail_record

_OVERLAP = 5 * SECOND
"""What changed shortly before the last answer comes once more, for an answer that crossed a change."""
_TOKEN_LIFE = 7 * 24 * 3600 * SECOND


def sync_mails(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    kind = request.one("syncType") or "FSync"
    if kind not in ("FSync", "ISync"):
        raise bad_parameter("syncType")
    now = carrier.clock.now()
    if kind == "FSync":
        wanted = read_mail_filter(request, now)
        records, older = _all(carrier, request, wanted, now)
    else:
        wanted, since = _read_token(carrier, request, now)
        records, older = _changes(carrier, request, wanted, since), False
    return json_answer(
        {
            "uri": f"{base_url(request)}{EXTENSION_PATH}/message-sync",
            "records": records,
            "syncInfo": {
                "syncType": kind,
                "syncToken": _make_token(carrier, wanted, carrier.listed_until(request.lag)),
                "syncTime": brief_time(now),
                "olderRecordsExist": older,
            },
        }
    )


def _all(carrier: Carrier, request: Request, wanted: MailFilter, now: int) -> tuple[list[Any], bool]:
    visible = carrier.listed_until(request.lag)
    alive = [
        mail
        for mail in carrier.mailbox.newest_first(now)
        if mail.availability(now) == ALIVE
        and mail.created <= min(visible, wanted.until)
        and wanted.takes_at_any_time(mail)
    ]
    found = wanted.thin_out([mail for mail in alive if mail.created >= wanted.since])
    most = whole_number(request, "recordCount", max(1, len(found)))
    kept, base = found[:most], base_url(request)
    older = len(kept) < len(found) or any(mail.created < wanted.since for mail in alive)
    return [mail_record(mail, now, base) for mail in kept], older


def _changes(carrier: Carrier, request: Request, wanted: MailFilter, since: int) -> list[Any]:
    """A message that is no longer alive comes as its id and what became of it."""
    base, now = base_url(request), carrier.clock.now()
    visible = carrier.listed_until(request.lag)

    def describe(mail: Mail) -> dict[str, Any]:
        state = mail.availability(now)
        if state == ALIVE:
            return mail_record(mail, now, base)
        return {"id": mail.id, "availability": state}

    return [
        describe(mail)
        for mail in carrier.mailbox.newest_first(now)
        if mail.created <= visible
        and mail.changed(now) >= since - _OVERLAP
        and wanted.takes_at_any_time(mail)
    ]


def _make_token(carrier: Carrier, wanted: MailFilter, now: int) -> str:
    """What the next call needs to know. `born` tells tokens of this mailbox from those of another one."""
    content = {"at": now, "born": carrier.mailbox.born, "filter": asdict(wanted)}
    return base64.urlsafe_b64encode(orjson.dumps(content)).decode()


def _read_token(carrier: Carrier, request: Request, now: int) -> tuple[MailFilter, int]:
    try:
        content = orjson.loads(base64.urlsafe_b64decode(request.one("syncToken") or ""))
        wanted, at, born = MailFilter(**content["filter"]), content["at"], content["born"]
    except (binascii.Error, ValueError, TypeError, KeyError):
        born = at = 0
    if born != carrier.mailbox.born or at < now - _TOKEN_LIFE:
        raise refusal(400, "MSG-333", "Parameter [syncToken] is invalid. Full sync is required")
    return wanted, at
