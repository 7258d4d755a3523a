"""Requests and responses, between the server and the APIs behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    """The body was over the limit and was discarded."""
    lag: float = 0.0
    """Seconds by which a fault hides new records from this call's lists."""

    def last(self, name: str) -> str | None:
        """The last value of a query parameter; None if it was not given."""
        values = self.query.get(name)
        return values[-1] if values else None

    @property
    def content_type(self) -> str:
        """In lower case, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(slots=True)
class Response:
    status: int
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: dict[str, str] = field(default_factory=dict)


def json_response(value: Any, status: int = 200) -> Response:
    return Response(status, orjson.dumps(value))
