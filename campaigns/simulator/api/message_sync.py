"""Synchronisation of the mailbox: first everything, and afterwards only what changed."""

import base64
import binascii
from dataclasses import asdict
from typing import Any

import orjson

from campaigns.simulator.api.errors import api_error, invalid_parameter
from campaigns.simulator.api.message_filters import MailFilter
from campaigns.simulator.api.parsing import base_url, parse_positive_int
from campaigns.simulator.api.platform import Platform
from campaigns.simulator.carrier.clock import SECOND
from campaigns.simulator.carrier.numbers import EXTENSION_PATH
from campaigns.simulator.carrier.timestamps import iso_time_ms
from campaigns.simulator.http_types import Request, Response, json_response
from campaigns.simulator.mailbox.message import ALIVE
from campaigns.simulator.records.mail import mail_record

_OVERLAP = 5 * SECOND
"""Changes shortly before the last response are repeated, in case the response crossed one."""
_TOKEN_LIFE = 7 * 24 * 3600 * SECOND


def sync_mails(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    kind = request.last("syncType") or "FSync"
    if kind not in ("FSync", "ISync"):
        raise invalid_parameter("syncType")
    now = platform.clock.now()
    if kind == "FSync":
        wanted = MailFilter.parse(request, now)
        records, older = full_sync(platform, request, wanted, now)
    else:
        wanted, since = parse_token(platform, request, now)
        records, older = incremental_sync(platform, request, wanted, since), False
    return json_response(
        {
            "uri": f"{base_url(request)}{EXTENSION_PATH}/message-sync",
            "records": records,
            "syncInfo": {
                "syncType": kind,
                "syncToken": make_token(platform, wanted, platform.listed_until(request.lag)),
                "syncTime": iso_time_ms(now),
                "olderRecordsExist": older,
            },
        }
    )


def full_sync(
    platform: Platform, request: Request, wanted: MailFilter, now: int
) -> tuple[list[dict[str, Any]], bool]:
    """The records, and whether there are older ones."""
    visible = platform.listed_until(request.lag)
    alive = [
        mail
        for mail in platform.mailbox.newest_first(now)
        if mail.availability(now) == ALIVE
        and mail.created <= min(visible, wanted.until)
        and wanted.matches_at_any_time(mail)
    ]
    mails = wanted.newest_of_conversations([mail for mail in alive if mail.created >= wanted.since])
    limit = parse_positive_int(request, "recordCount", max(1, len(mails)))
    older = limit < len(mails) or any(mail.created < wanted.since for mail in alive)
    base = base_url(request)
    return [mail_record(mail, now, base) for mail in mails[:limit]], older


def incremental_sync(
    platform: Platform, request: Request, wanted: MailFilter, since: int
) -> list[dict[str, Any]]:
    """Of a message that is no longer alive, only its id and availability."""
    base, now = base_url(request), platform.clock.now()
    visible = platform.listed_until(request.lag)
    return [
        mail_record(mail, now, base)
        if mail.availability(now) == ALIVE
        else {"id": mail.id, "availability": mail.availability(now)}
        for mail in platform.mailbox.newest_first(now)
        if mail.created <= visible
        and mail.changed(now) >= since - _OVERLAP
        and wanted.matches_at_any_time(mail)
    ]


def make_token(platform: Platform, wanted: MailFilter, now: int) -> str:
    """All that the next call needs. `born` tells this mailbox from an earlier one."""
    content = {"at": now, "born": platform.mailbox.identity, "filter": asdict(wanted)}
    return base64.urlsafe_b64encode(orjson.dumps(content)).decode()


def parse_token(platform: Platform, request: Request, now: int) -> tuple[MailFilter, int]:
    try:
        content = orjson.loads(base64.urlsafe_b64decode(request.last("syncToken") or ""))
        wanted, at, born = MailFilter(**content["filter"]), content["at"], content["born"]
    except (binascii.Error, ValueError, TypeError, KeyError):
        born = at = 0
    if born != platform.mailbox.identity or at < now - _TOKEN_LIFE:
        raise api_error(400, "MSG-333", "Parameter [syncToken] is invalid. Full sync is required")
    return wanted, at
