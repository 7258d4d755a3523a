"""Endpoints of opt-outs, the deprecated ones of v1 and the consents of v2, over one book."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from campaigns.simulator.api.answers import (
    Answer,
    Request,
    bad_parameter,
    iso,
    json_answer,
    read_json,
    read_number,
)
from campaigns.simulator.api.paging import Page, make_page, read_page
from campaigns.simulator.api.platform import Carrier
from campaigns.simulator.carrier.numbers import BY_PHONE, takes_recipient
from campaigns.simulator.carrier.opt_outs import API, EVERY_NUMBER, Change, Wish

_CSV = "text/csv;charset=utf-8"
_E164 = re.compile(r"\+[1-9]\d{1,14}", re.ASCII)
_STATUSES = ("OptOut", "OptIn")
_COVERAGES = ("PhoneNumber", "Account", "CampaignType")
_CAMPAIGN_TYPES = ("Conversational", "Informational", "Promotional")
_SOURCES = ("Recipient", "Api", "Upstream", "Carrier")
_MAX_NUMBERS = 20
_MAX_RECORDS = 1000
_CONSENTS_PER_PAGE = 100


def list_opt_outs(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    """v1: the newest entry of each pair, newest first; as CSV for who asks for it."""
    status = request.one("status") or "optout"
    if status not in ("optout", "optin", "all"):
        raise bad_parameter("status")
    sender, recipient = request.one("from"), request.one("to")
    if sender not in (None, EVERY_NUMBER):
        sender = read_number(sender, "from")
    if recipient is not None:
        recipient = read_number(recipient, "to")
    found = [
        change
        for change in carrier.store.opt_outs.latest()
        if status in ("all", change.status.lower())
        and sender in (None, EVERY_NUMBER, change.sender)
        and recipient in (None, change.recipient)
    ]
    if "text/csv" in request.headers.get("accept", ""):
        rows = [list(_opt_out(change).values()) for change in found]
        return Answer(200, _csv(["FROM", "TO", "STATUS", "SOURCE"], rows), _CSV)
    return json_answer(_listing(found, read_page(request), _opt_out))


def _opt_out(change: Change) -> dict[str, Any]:
    """What v2 calls Api, v1 calls Account."""
    source = "Account" if change.source == API else change.source
    return {
        "from": change.sender,
        "to": change.recipient,
        "status": change.status,
        "source": source,
    }


def assign_opt_outs(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    """v1: opt many people out of one number, or back in."""
    body = read_json(request.body)
    sender = body.get("from")
    if sender not in BY_PHONE:
        raise bad_parameter("from")
    asked = {name: _texts(body.get(name, []), name) for name in ("optOuts", "optIns")}
    if not any(asked.values()):
        raise bad_parameter("optOuts")
    answer: dict[str, Any] = {}
    wishes: list[Wish] = []
    for name, doing in (("optOuts", "creating"), ("optIns", "removing")):
        good = [number for number in asked[name] if takes_recipient(number)]
        message = f"Unexpected issue on {doing} an opt-out from bulk-assign request"
        bad = [{"to": number, "errorMessage": message} for number in asked[name] if number not in good]
        answer[name] = {"successful": good, "failed": bad}
        wishes += [Wish(sender, number, name == "optOuts") for number in good]
    carrier.store.record_wishes(wishes)
    return json_answer(answer)


def _texts(value: Any, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise bad_parameter(name)
    return value


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a search of v2 asks for; None stands for anything."""

    senders: list[str] | None
    recipients: list[str] | None
    statuses: list[str] | None
    coverages: list[str] | None
    campaign_types: list[str] | None

    def takes(self, change: Change) -> bool:
        """No entry of this carrier belongs to a type of campaign, so asking for one finds nothing."""
        return (
            self.campaign_types is None
            and (self.senders is None or change.sender in self.senders)
            and (self.recipients is None or change.recipient in self.recipients)
            and (self.statuses is None or change.status in self.statuses)
            and (self.coverages is None or change.coverage in self.coverages)
        )


def list_consents(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    """v2, deprecated: opt-outs unless another status is asked for."""
    query = request.query
    wanted = _Wanted(
        _numbers(query.get("from"), "from"),
        _numbers(query.get("to"), "to"),
        _known(query.get("optStatus", ["OptOut"]), _STATUSES, "optStatus"),
        _known(query.get("coverage"), _COVERAGES, "coverage"),
        _known(query.get("campaignType"), _CAMPAIGN_TYPES, "campaignType"),
    )
    return _found(carrier, wanted, read_page(request, _CONSENTS_PER_PAGE))


def search_consents(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    body = read_json(request.body)
    status = body.get("optStatus")
    wanted = _Wanted(
        _numbers(body.get("from"), "from", _MAX_NUMBERS),
        _numbers(body.get("to"), "to", _MAX_NUMBERS),
        None if status is None else _known([status], _STATUSES, "optStatus"),
        _known(body.get("coverage"), _COVERAGES, "coverage"),
        _known(body.get("campaignType"), _CAMPAIGN_TYPES, "campaignType"),
    )
    token = body.get("pageToken")
    if token is not None and not isinstance(token, str):
        raise bad_parameter("pageToken")
    return _found(carrier, wanted, make_page(str(body.get("perPage", _CONSENTS_PER_PAGE)), token))


def _numbers(value: Any, name: str, most: int | None = None) -> list[str] | None:
    if value is None:
        return None
    numbers = _texts(value, name)
    good = all(number == EVERY_NUMBER or _E164.fullmatch(number) for number in numbers)
    if not good or not numbers or (most is not None and len(numbers) > most):
        raise bad_parameter(name)
    return numbers


def _known(value: Any, allowed: tuple[str, ...], name: str) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not value or any(one not in allowed for one in value):
        raise bad_parameter(name)
    return value


def _found(carrier: Carrier, wanted: _Wanted, page: Page) -> Answer:
    found = [change for change in carrier.store.opt_outs.latest() if wanted.takes(change)]
    return _tagged(json_answer(_listing(found, page, _consent)))


def _consent(change: Change) -> dict[str, Any]:
    return _entry(change) | {"lastModifiedTime": iso(change.at)}


def _entry(change: Change) -> dict[str, Any]:
    return {
        "coverage": change.coverage,
        "from": change.sender,
        "to": change.recipient,
        "optStatus": change.status,
        "source": change.source,
    }


def _listing(found: list[Change], page: Page, describe: Callable[[Change], dict[str, Any]]) -> dict[str, Any]:
    rest = [change for change in found if page.below is None or change.number < page.below]
    kept = rest[: page.size]
    return {
        "records": [describe(change) for change in kept],
        "paging": page.describe([change.number for change in kept], more=len(rest) > page.size),
    }


def _tagged(answer: Answer) -> Answer:
    digest = hashlib.sha256(answer.body).hexdigest()
    answer.headers["ETag"] = f'"{digest[:16]}"'
    return answer


def change_consents(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    """v2: the good records are taken, the others come back with the reason."""
    records = read_json(request.body).get("records")
    if not isinstance(records, list) or not 1 <= len(records) <= _MAX_RECORDS:
        raise bad_parameter("records")
    failed: list[dict[str, Any]] = []
    wishes: list[Wish] = []
    for position, record in enumerate(records):
        _check_record(record, f"records[{position}]")
        if wrong := _wrong_field(record):
            error = {"errorCode": "CMN-101", "message": f"Parameter [{wrong}] value is invalid."}
            failed.append(record | {"error": error | {"parameterName": wrong}})
        else:
            wishes.append(Wish(record["from"], record["to"], record["optStatus"] == "OptOut"))
    carrier.store.record_wishes(wishes)
    return _tagged(json_answer({"failedRecords": failed} if failed else {}))


def _check_record(record: Any, place: str) -> None:
    """What the schema forbids fails the whole request."""
    if not isinstance(record, dict):
        raise bad_parameter(place)
    allowed = {"from": None, "to": None, "optStatus": _STATUSES, "source": _SOURCES}
    for name, values in allowed.items():
        value = record.get(name)
        if not isinstance(value, str) or (values is not None and value not in values):
            parameter = f"{place}.{name}"
            raise bad_parameter(parameter)


def _wrong_field(record: dict[str, Any]) -> str | None:
    if record["from"] != EVERY_NUMBER and record["from"] not in BY_PHONE:
        return "from"
    if not takes_recipient(record["to"]):
        return "to"
    return None if record["source"] == API else "source"


def show_history(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    """v2: every entry there ever was, newest first."""
    recipients = _numbers(request.query.get("to"), "to", _MAX_NUMBERS)
    page = read_page(request, _CONSENTS_PER_PAGE)
    changes = reversed(carrier.store.opt_outs.changes)
    found = [change for change in changes if recipients is None or change.recipient in recipients]
    return _tagged(
        json_answer(_listing(found, page, lambda change: _entry(change) | {"createdAt": iso(change.at)}))
    )


def export_consents(carrier: Carrier, _: Request, __: tuple[str, ...]) -> Answer:
    head = [
        *("External Party Number", "Internal Party Number", "Consent Status", "Source"),
        *("Coverage", "Campaign Type", "Notes", "Last Modified Time"),
    ]
    rows = []
    for change in carrier.store.opt_outs.latest():
        coverage = "Company" if change.coverage == "Account" else change.coverage
        told = [change.recipient, change.sender, change.status, change.source, coverage]
        rows.append([*told, "", "", iso(change.at)])
    return _tagged(Answer(200, _csv(head, rows), _CSV))


def _csv(head: list[str], rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([head, *rows])
    return text.getvalue().encode()
