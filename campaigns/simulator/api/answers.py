"""Requests and answers in the carrier's own shapes, and its error envelopes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

JSON_TYPE = "application/json;charset=utf-8"


@dataclass(slots=True)
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    request_id: str
    too_large: bool = False
    """The body was over the limit: it was read to its end and thrown away."""
    lag: float = 0.0
    """Seconds by which a fault keeps new records from this call's lists."""

    def one(self, name: str) -> str | None:
        """The last value given for a query parameter; None if it was not given."""
        values = self.query.get(name)
        return values[-1] if values else None


@dataclass(slots=True)
class Answer:
    status: int
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: dict[str, str] = field(default_factory=dict)


def json_answer(value: Any, status: int = 200) -> Answer:
    return Answer(status, orjson.dumps(value))


class RefusalError(Exception):
    """Ends the handling of a request with an error answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def refusal(status: int, code: str, message: str, *, symbol: str = "", parameter: str = "") -> RefusalError:
    """The envelope of v1.0: the first error stands at the top too, there under its symbolic name if any."""
    extra = {"parameterName": parameter} if parameter else {}
    first = {"errorCode": code, "message": message, **extra}
    return RefusalError(
        json_answer({"errorCode": symbol or code, "message": message, "errors": [first], **extra}, status)
    )


def bad_parameter(name: str) -> RefusalError:
    return refusal(400, "CMN-101", f"Parameter [{name}] value is invalid.", parameter=name)


def not_found(name: str) -> RefusalError:
    return refusal(404, "CMN-102", f"Resource for parameter [{name}] is not found.", parameter=name)


def only_errors(answer: Answer) -> Answer:
    """The same refusal in the envelope of v2, which has the list of errors and nothing beside it."""
    value = orjson.loads(answer.body)
    errors = value.get("errors") or [{"errorCode": value["errorCode"], "message": value["message"]}]
    return Answer(answer.status, orjson.dumps({"errors": errors}), headers=answer.headers)


def unknown_path() -> RefusalError:
    return RefusalError(
        json_answer({"errorCode": "AGW-404", "message": "Resource not found", "errors": []}, status=404)
    )


def base_url(request: Request) -> str:
    """Where the client found us, for the links in answers."""
    return f"http://{request.headers.get('host', 'localhost')}/restapi"


def read_any_json(body: bytes) -> Any:
    """The JSON in a request body; CMN-104 if there is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise refusal(400, "CMN-104", "Cannot parse request") from None


def read_json(body: bytes) -> dict[str, Any]:
    """The object in a request body; CMN-104 if there is none."""
    value = read_any_json(body)
    if not isinstance(value, dict):
        raise refusal(400, "CMN-104", "Cannot parse request")
    return value


def iso(microseconds: int) -> str:
    """UTC with six decimals and a Z, as the High Volume endpoints write times."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}.{rest:06d}Z"


def read_time(text: str, parameter: str) -> int:
    """Microseconds since 1970; CMN-101 for anything but an ISO 8601 time. Without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise bad_parameter(parameter) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * 1_000_000 + moment.microsecond


def read_number(text: str, parameter: str) -> str:
    """A number in a query, with or without its plus, as E.164.

    A plus that was not percent-encoded arrives as a space. RingCentral's own Python client encodes nothing,
    and RingCentral's samples for it filter by number.
    """
    digits = text[1:] if text[:1] in ("+", " ") else text
    if not digits.isascii() or not digits.isdigit():
        raise bad_parameter(parameter)
    return f"+{digits}"
