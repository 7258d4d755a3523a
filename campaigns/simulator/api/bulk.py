"""Requests about several messages, and their 207 responses."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from campaigns.simulator.api.errors import ApiError, api_error, invalid_parameter
from campaigns.simulator.api.multipart import is_multipart, parse_parts
from campaigns.simulator.api.parsing import parse_json
from campaigns.simulator.http_types import Request, Response

MAX_IN_PATH = 50
MAX_IN_BODY = 1000
MULTIPART_JSON = "application/vnd.ringcentral.multipart+json"
_DESCRIPTIONS = {200: "OK", 204: "No Content", 400: "Bad Request", 404: "Not Found"}


@dataclass(frozen=True, slots=True)
class Result:
    """The result for one resource."""

    resource_id: str
    status: int
    body: Any = None


def apply_to_each(items: list[tuple[str, Any]], action: Callable[[str, Any], Any]) -> list[Result]:
    """One item that fails does not stop the others."""
    results = []
    for resource_id, change in items:
        try:
            body = action(resource_id, change)
            results.append(Result(resource_id, 204 if body is None else 200, body))
        except ApiError as error:
            body = orjson.loads(error.response.body)
            results.append(Result(resource_id, error.response.status, body))
    return results


def check_count(items: Sequence[Any], limit: int) -> None:
    if len(items) > limit:
        raise api_error(400, "CMN-106", f"Bulk request cannot have more than {limit} entries")


def split_ids(path_part: str) -> list[str]:
    return [one for one in path_part.split(",") if one]


def multi_status(request: Request, results: list[Result], uri: str) -> Response:
    """A list in JSON if the client accepts it, else parts: first the statuses, then each body."""
    if MULTIPART_JSON in request.headers.get("accept", ""):
        listing = [
            {"resourceId": one.resource_id, "status": one.status, "body": one.body or {}} for one in results
        ]
        return Response(207, orjson.dumps(listing), MULTIPART_JSON)
    statuses = [
        {
            "href": f"{uri}/{one.resource_id}",
            "status": one.status,
            "responseDescription": _DESCRIPTIONS.get(one.status, "Error"),
        }
        for one in results
    ]
    boundary = f"Boundary_{uuid.uuid4().hex}"
    bodies = [{"response": statuses}, *(one.body for one in results if one.body is not None)]
    parts = (
        b"--%s\r\nContent-Type: application/json\r\n\r\n%s\r\n" % (boundary.encode(), orjson.dumps(body))
        for body in bodies
    )
    content = b"".join(parts) + f"--{boundary}--\r\n".encode()
    return Response(207, content, f'multipart/mixed; boundary="{boundary}"')


def parse_changes(request: Request, ids: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """Each message's id with its change.

    The ids stand in the path, and the body is one change for all, a list or parts in the same order; or the
    path is `*`, and the body is a list of `{resourceId, body}`.
    """
    if is_multipart(request):
        entries: Any = [{"body": parse_json(part.content)} for part in parse_parts(request)]
    else:
        entries = parse_json(request.body)
    if ids == ["*"]:
        if not isinstance(entries, list) or not entries:
            raise invalid_parameter("body")
        check_count(entries, MAX_IN_BODY)
        ids = [str(entry.get("resourceId", "")) if isinstance(entry, dict) else "" for entry in entries]
    else:
        check_count(ids, MAX_IN_PATH)
    if isinstance(entries, dict):
        return [(one, entries) for one in ids]
    if not isinstance(entries, list) or len(entries) != len(ids):
        raise invalid_parameter("body")
    changes = []
    for one, entry in zip(ids, entries, strict=True):
        if not isinstance(entry, dict) or not isinstance(entry.get("body"), dict):
            raise invalid_parameter("body")
        changes.append((str(entry.get("resourceId") or one), entry["body"]))
    return changes
