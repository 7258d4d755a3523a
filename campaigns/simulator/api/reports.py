"""Exports of the mailbox: a task that takes a moment, and then archives to fetch."""

import uuid
from typing import Any

from campaigns.simulator.api.archives import contents, zip_bytes
from campaigns.simulator.api.errors import api_error, invalid_parameter, unknown_resource
from campaigns.simulator.api.paging import DAY
from campaigns.simulator.api.parsing import base_url, parse_json_object, parse_time
from campaigns.simulator.api.platform import Platform
from campaigns.simulator.api.report_tasks import ReportTask
from campaigns.simulator.carrier.numbers import ACCOUNT_ID, EXTENSION_ID
from campaigns.simulator.carrier.timestamps import iso_time_ms
from campaigns.simulator.http_types import Request, Response, json_response
from campaigns.simulator.mailbox.message import TYPES

_MAX_RUNNING = 2


def create_report(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    body = parse_json_object(request.body)
    now = platform.clock.now()
    since, until = _parse_moment(body, "dateFrom"), _parse_moment(body, "dateTo") or now
    types = body.get("messageTypes", [])
    if not isinstance(types, list) or any(one not in TYPES for one in types):
        raise invalid_parameter("messageTypes")
    with platform.store.lock:
        running = sum(one.status(now) != "Completed" for one in platform.reports.values())
        if running >= _MAX_RUNNING:
            raise api_error(429, "CMN-304", "Duplicate concurrent request. Try again later")
        task_id = f"{ACCOUNT_ID}-{EXTENSION_ID}-{uuid.uuid4().hex}"
        task = ReportTask(task_id, now, platform.options.speed, since or until - DAY, until, types)
        platform.store.append_record(task.to_log())
        platform.reports[task.id] = task
    return json_response(_task_record(task, now, request), 202)


def _parse_moment(body: dict[str, Any], name: str) -> int | None:
    text = body.get(name)
    if text is None:
        return None
    if not isinstance(text, str):
        raise invalid_parameter(name)
    return parse_time(text, name)


def _task_uri(task: ReportTask, request: Request) -> str:
    return f"{base_url(request)}/v1.0/account/{ACCOUNT_ID}/message-store-report/{task.id}"


def _task_record(task: ReportTask, now: int, request: Request) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": task.id,
        "uri": _task_uri(task, request),
        "status": task.status(now),
        "accountId": ACCOUNT_ID,
        "extensionId": EXTENSION_ID,
        "dateFrom": iso_time_ms(task.since),
        "dateTo": iso_time_ms(task.until),
        "startTime": iso_time_ms(task.created),
        "messageTypes": task.types,
    }
    if record["status"] == "Completed":
        record["finishTime"] = iso_time_ms(task.finished)
    return record


def _get_task(platform: Platform, task_id: str) -> ReportTask:
    task = platform.reports.get(task_id)
    if task is None:
        raise unknown_resource("taskId")
    return task


def get_report(platform: Platform, request: Request, params: tuple[str, ...]) -> Response:
    return json_response(_task_record(_get_task(platform, params[0]), platform.clock.now(), request))


def list_archives(platform: Platform, request: Request, params: tuple[str, ...]) -> Response:
    """Links to the archives; none until the task is completed."""
    task = _get_task(platform, params[0])
    now = platform.clock.now()
    if task.status(now) != "Completed":
        return json_response({"records": []})
    archives = contents(platform.mailbox, task, now, base_url(request))
    uri = f"{_task_uri(task, request)}/archive"
    return json_response(
        {
            "records": [
                {"size": len(zip_bytes(files)), "uri": f"{uri}/{number}"}
                for number, files in enumerate(archives)
            ]
        }
    )


def get_archive(platform: Platform, request: Request, params: tuple[str, ...]) -> Response:
    task, now = _get_task(platform, params[0]), platform.clock.now()
    archives = contents(platform.mailbox, task, now, base_url(request))
    number = int(params[1]) if params[1].isascii() and params[1].isdigit() else len(archives)
    if task.status(now) != "Completed" or number >= len(archives):
        raise unknown_resource("archiveId")
    return Response(200, zip_bytes(archives[number]), "application/zip")
