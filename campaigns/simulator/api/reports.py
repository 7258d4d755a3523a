"""Exports of the mailbox: a task that takes a moment, and then an archive to fetch."""

from __future__ import annotations

import io
import uuid
import zipfile
from typing import Any

import orjson

from campaigns.simulator.api.answers import (
    Answer,
    RefusalError,
    Request,
    bad_parameter,
    base_url,
    json_answer,
    not_found,
    read_json,
    read_time,
    refusal,
)
from campaigns.simulator.api.paging import DAY
from campaigns.simulator.api.platform import Carrier
from campaigns.simulator.api.report_tasks import Report
from campaigns.simulator.carrier.numbers import ACCOUNT_ID, EXTENSION_ID
from campaigns.simulator.mailbox.mailbox import PURGED, TYPES
from campaigns.simulator.records.mail import brief_time, mail_record

_MOST_AT_ONCE = 2


def create_report(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    body = read_json(request.body)
    now = carrier.clock.now()
    moments = {name: _moment(body, name) for name in ("dateFrom", "dateTo")}
    until = moments["dateTo"] or now
    types = body.get("messageTypes", [])
    if not isinstance(types, list) or any(one not in TYPES for one in types):
        raise bad_parameter("messageTypes")
    with carrier.store.lock:
        running = sum(one.status(now) != "Completed" for one in carrier.reports.values())
        if running >= _MOST_AT_ONCE:
            raise refusal(429, "CMN-304", "Duplicate concurrent request. Try again later")
        number = f"{ACCOUNT_ID}-{EXTENSION_ID}-{uuid.uuid4().hex}"
        report = Report(number, now, carrier.options.speed, moments["dateFrom"] or until - DAY, until, types)
        carrier.store.note(report.to_log())
        carrier.reports[report.id] = report
    return json_answer(_describe(report, now, request), 202)


def _moment(body: dict[str, Any], name: str) -> int | None:
    text = body.get(name)
    if text is None:
        return None
    if not isinstance(text, str):
        raise bad_parameter(name)
    return read_time(text, name)


def _uri(report: Report, request: Request) -> str:
    return f"{base_url(request)}/v1.0/account/{ACCOUNT_ID}/message-store-report/{report.id}"


def _describe(report: Report, now: int, request: Request) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": report.id,
        "uri": _uri(report, request),
        "status": report.status(now),
        "accountId": ACCOUNT_ID,
        "extensionId": EXTENSION_ID,
        "dateFrom": brief_time(report.since),
        "dateTo": brief_time(report.until),
        "startTime": brief_time(report.created),
        "messageTypes": report.types,
    }
    if record["status"] == "Completed":
        record["finishTime"] = brief_time(report.finished)
    return record


def _find(carrier: Carrier, task_id: str) -> Report:
    report = carrier.reports.get(task_id)
    if report is None:
        raise not_found("taskId")
    return report


def get_report(carrier: Carrier, request: Request, found: tuple[str, ...]) -> Answer:
    return json_answer(_describe(_find(carrier, found[0]), carrier.clock.now(), request))


def list_archives(carrier: Carrier, request: Request, found: tuple[str, ...]) -> Answer:
    """Links to the archives; none until the task is completed."""
    report = _find(carrier, found[0])
    if report.status(carrier.clock.now()) != "Completed":
        return json_answer({"records": []})
    sizes = [len(_zip(files)) for files in _contents(carrier, report, request)]
    uri = f"{_uri(report, request)}/archive"
    return json_answer(
        {"records": [{"size": size, "uri": f"{uri}/{place}"} for place, size in enumerate(sizes)]}
    )


def get_archive(carrier: Carrier, request: Request, found: tuple[str, ...]) -> Answer:
    """Archive 0 holds the records as JSON, archive 1 the attachments."""
    report = _find(carrier, found[0])
    archives = _contents(carrier, report, request)
    place = int(found[1]) if found[1].isascii() and found[1].isdigit() else len(archives)
    if report.status(carrier.clock.now()) != "Completed" or place >= len(archives):
        raise _no_archive()
    return Answer(200, _zip(archives[place]), "application/zip")


def _no_archive() -> RefusalError:
    return not_found("archiveId")


def _contents(carrier: Carrier, report: Report, request: Request) -> list[dict[str, bytes]]:
    now, base = carrier.clock.now(), base_url(request)
    mails = [
        mail
        for mail in carrier.mailbox.newest_first(now)
        if report.since <= mail.created <= report.until and mail.type in (report.types or TYPES)
    ]
    records = orjson.dumps([mail_record(mail, now, base) for mail in mails])
    attachments = {
        f"{mail.id}/{one.id}{f'-{one.name}' if one.name else ''}": one.content
        for mail in mails
        if mail.availability(now) != PURGED
        for one in mail.attachments
    }
    return [{"messages.json": records}, attachments] if attachments else [{"messages.json": records}]


def _zip(files: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files.items():
            out.writestr(zipfile.ZipInfo(name), content)
    return archive.getvalue()
