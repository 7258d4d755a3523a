"""Parses what several endpoints take; ApiError for anything else."""

from datetime import UTC, datetime
from typing import Any

import orjson

from campaigns.simulator.api.errors import api_error, invalid_parameter, unknown_resource
from campaigns.simulator.carrier.clock import SECOND
from campaigns.simulator.http_types import Request


def base_url(request: Request) -> str:
    """The API's address as the client called it, for links."""
    return f"http://{request.headers.get('host', 'localhost')}/restapi"


def parse_json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise api_error(400, "CMN-104", "Cannot parse request") from None


def parse_json_object(body: bytes) -> dict[str, Any]:
    value = parse_json(body)
    if not isinstance(value, dict):
        raise api_error(400, "CMN-104", "Cannot parse request")
    return value


def parse_time(text: str, parameter: str) -> int:
    """Microseconds since 1970 for an ISO 8601 time. Without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid_parameter(parameter) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * SECOND + moment.microsecond


def parse_phone_number(text: str, parameter: str) -> str:
    """A number in a query, with or without its plus, as E.164.

    A plus that was not percent-encoded arrives as a space. RingCentral's own Python client encodes nothing,
    and RingCentral's samples for it filter by number.
    """
    digits = text[1:] if text[:1] in ("+", " ") else text
    if not digits.isascii() or not digits.isdigit():
        raise invalid_parameter(parameter)
    return f"+{digits}"


def parse_id(text: str, parameter: str) -> int:
    """The id of a message in a path or a body."""
    if text.isascii() and text.isdigit() and len(text) < 20:
        return int(text)
    raise unknown_resource(parameter)


def parse_positive_int(request: Request, name: str, default: int) -> int:
    text = request.last(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) < 1_000_000:
        raise invalid_parameter(name)
    return int(text)


def parse_bool(request: Request, name: str) -> bool:
    value = request.last(name) or "false"
    if value not in ("true", "false"):
        raise invalid_parameter(name)
    return value == "true"


def parse_choices(request: Request, name: str, allowed: tuple[str, ...]) -> list[str]:
    """Comma-joined values in one parameter are not refused, but match nothing."""
    values = request.query.get(name, [])
    if any(value not in allowed and "," not in value for value in values):
        raise invalid_parameter(name)
    return values


def parse_texts(value: Any, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise invalid_parameter(name)
    return value
