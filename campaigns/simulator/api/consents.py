"""The consent endpoints of v2."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from campaigns.simulator.api.csv_response import csv_response
from campaigns.simulator.api.errors import invalid_parameter
from campaigns.simulator.api.paging import Page
from campaigns.simulator.api.parsing import parse_json_object, parse_texts
from campaigns.simulator.api.platform import Platform
from campaigns.simulator.carrier.numbers import BY_PHONE, takes_recipient
from campaigns.simulator.carrier.opt_outs import API, EVERY_NUMBER, Change, ChangeRequest
from campaigns.simulator.carrier.timestamps import iso_time
from campaigns.simulator.http_types import Request, Response, json_response

_E164 = re.compile(r"\+[1-9]\d{1,14}", re.ASCII)
_STATUSES = ("OptOut", "OptIn")
_COVERAGES = ("PhoneNumber", "Account", "CampaignType")
_CAMPAIGN_TYPES = ("Conversational", "Informational", "Promotional")
_SOURCES = ("Recipient", "Api", "Upstream", "Carrier")
_MAX_NUMBERS = 20
_MAX_RECORDS = 1000
_PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class ConsentFilter:
    """None stands for anything."""

    senders: list[str] | None
    recipients: list[str] | None
    statuses: list[str] | None
    coverages: list[str] | None
    campaign_types: list[str] | None

    @classmethod
    def parse(cls, fields: dict[str, Any], max_numbers: int | None = None) -> ConsentFilter:
        """`fields` has a list for each parameter."""
        return cls(
            parse_numbers(fields.get("from"), "from", max_numbers),
            parse_numbers(fields.get("to"), "to", max_numbers),
            _parse_known(fields.get("optStatus"), _STATUSES, "optStatus"),
            _parse_known(fields.get("coverage"), _COVERAGES, "coverage"),
            _parse_known(fields.get("campaignType"), _CAMPAIGN_TYPES, "campaignType"),
        )

    def matches(self, change: Change) -> bool:
        """No entry of this carrier has a campaign type, so a filter by type matches nothing."""
        return (
            self.campaign_types is None
            and (self.senders is None or change.sender in self.senders)
            and (self.recipients is None or change.recipient in self.recipients)
            and (self.statuses is None or change.status in self.statuses)
            and (self.coverages is None or change.coverage in self.coverages)
        )


def parse_numbers(value: Any, name: str, max_numbers: int | None) -> list[str] | None:
    if value is None:
        return None
    numbers = parse_texts(value, name)
    valid = all(number == EVERY_NUMBER or _E164.fullmatch(number) for number in numbers)
    if not valid or not numbers or (max_numbers is not None and len(numbers) > max_numbers):
        raise invalid_parameter(name)
    return numbers


def _parse_known(value: Any, allowed: tuple[str, ...], name: str) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not value or any(one not in allowed for one in value):
        raise invalid_parameter(name)
    return value


def list_consents(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    """Deprecated. Opt-outs, unless the query has another status."""
    wanted = ConsentFilter.parse({"optStatus": ["OptOut"]} | request.query)
    return consents_response(platform, wanted, Page.from_query(request, _PER_PAGE))


def search_consents(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    body = parse_json_object(request.body)
    if (status := body.get("optStatus")) is not None:
        body["optStatus"] = [status]
    wanted = ConsentFilter.parse(body, _MAX_NUMBERS)
    token = body.get("pageToken")
    if token is not None and not isinstance(token, str):
        raise invalid_parameter("pageToken")
    return consents_response(platform, wanted, Page.parse(str(body.get("perPage", _PER_PAGE)), token))


def consents_response(platform: Platform, wanted: ConsentFilter, page: Page) -> Response:
    changes = [change for change in platform.store.opt_outs.latest() if wanted.matches(change)]
    return changes_response(changes, page, "lastModifiedTime")


def changes_response(changes: list[Change], page: Page, time_key: str) -> Response:
    def describe(change: Change) -> dict[str, Any]:
        return {
            "coverage": change.coverage,
            "from": change.sender,
            "to": change.recipient,
            "optStatus": change.status,
            "source": change.source,
            time_key: iso_time(change.at),
        }

    return with_etag(json_response(page.response(changes, lambda change: change.number, describe)))


def with_etag(response: Response) -> Response:
    digest = hashlib.sha256(response.body).hexdigest()
    response.headers["ETag"] = f'"{digest[:16]}"'
    return response


def change_consents(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    """Valid records are taken. The others come back with the reason."""
    records = parse_json_object(request.body).get("records")
    if not isinstance(records, list) or not 1 <= len(records) <= _MAX_RECORDS:
        raise invalid_parameter("records")
    failed: list[dict[str, Any]] = []
    requests: list[ChangeRequest] = []
    for position, record in enumerate(records):
        _check_record(record, f"records[{position}]")
        if wrong := _wrong_field(record):
            error = {"errorCode": "CMN-101", "message": f"Parameter [{wrong}] value is invalid."}
            failed.append(record | {"error": error | {"parameterName": wrong}})
        else:
            requests.append(ChangeRequest(record["from"], record["to"], record["optStatus"] == "OptOut"))
    platform.store.change_opt_outs(requests)
    return with_etag(json_response({"failedRecords": failed} if failed else {}))


def _check_record(record: Any, place: str) -> None:
    """A violation of the schema fails the whole request."""
    if not isinstance(record, dict):
        raise invalid_parameter(place)
    allowed = {"from": None, "to": None, "optStatus": _STATUSES, "source": _SOURCES}
    for name, values in allowed.items():
        value = record.get(name)
        if not isinstance(value, str) or (values is not None and value not in values):
            parameter = f"{place}.{name}"
            raise invalid_parameter(parameter)


def _wrong_field(record: dict[str, Any]) -> str | None:
    if record["from"] != EVERY_NUMBER and record["from"] not in BY_PHONE:
        return "from"
    if not takes_recipient(record["to"]):
        return "to"
    return None if record["source"] == API else "source"


def show_history(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    """Every entry, newest first."""
    recipients = parse_numbers(request.query.get("to"), "to", _MAX_NUMBERS)
    page = Page.from_query(request, _PER_PAGE)
    changes = [
        change
        for change in reversed(platform.store.opt_outs.changes)
        if recipients is None or change.recipient in recipients
    ]
    return changes_response(changes, page, "createdAt")


def export_consents(platform: Platform, _: Request, __: tuple[str, ...]) -> Response:
    head = [
        *("External Party Number", "Internal Party Number", "Consent Status", "Source"),
        *("Coverage", "Campaign Type", "Notes", "Last Modified Time"),
    ]
    rows = []
    for change in platform.store.opt_outs.latest():
        coverage = "Company" if change.coverage == "Account" else change.coverage
        columns = [change.recipient, change.sender, change.status, change.source, coverage]
        rows.append([*columns, "", "", iso_time(change.at)])
    return with_etag(csv_response(head, rows))
