"""Paging by token, paging by page number, and the time window of every list."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from campaigns.simulator.api.errors import invalid_parameter
from campaigns.simulator.api.parsing import parse_positive_int, parse_time
from campaigns.simulator.carrier.clock import SECOND
from campaigns.simulator.http_types import Request

_Record = TypeVar("_Record")
MAX_PER_PAGE = 1000
_NUMBERED_PER_PAGE = 100
DAY = 24 * 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Page:
    """A page by token, without totals. A token is `F:<first>` or `N:<last>:<token of the first page>`."""

    size: int
    token: str | None
    first_token: str | None
    below: int | None
    """Only records with a number below this; None for the first page."""

    @classmethod
    def parse(cls, per_page: str, token: str | None) -> Page:
        """`perPage` above 1,000 is cut to it."""
        if not per_page.isascii() or not per_page.isdigit() or int(per_page) < 1:
            raise invalid_parameter("perPage")
        size = min(int(per_page), MAX_PER_PAGE)
        if token is None:
            return cls(size, None, None, None)
        try:
            kind, number, *rest = base64.urlsafe_b64decode(token).decode().split(":", 2)
            if kind == "N" and rest:
                return cls(size, token, rest[0], int(number))
            if kind == "F" and not rest:
                return cls(size, token, token, int(number) + 1)
        except (binascii.Error, ValueError):
            pass
        raise invalid_parameter("pageToken")

    @classmethod
    def from_query(cls, request: Request, default: int = MAX_PER_PAGE) -> Page:
        return cls.parse(request.last("perPage") or str(default), request.last("pageToken"))

    def response(
        self, records: list[_Record], number: Callable[[_Record], int], describe: Callable[[_Record], Any]
    ) -> dict[str, Any]:
        """`records` are newest first: all, or one more than the page holds if there are more."""
        rest = [record for record in records if self.below is None or number(record) < self.below]
        page = rest[: self.size]
        numbers = [number(record) for record in page]
        return {
            "records": [describe(record) for record in page],
            "paging": self._paging(numbers, more=len(rest) > self.size),
        }

    def _paging(self, numbers: list[int], *, more: bool) -> dict[str, Any]:
        paging: dict[str, Any] = {"perPage": self.size}
        first = self.first_token or (_encode_token(f"F:{numbers[0]}") if numbers else None)
        if token := self.token or first:
            paging["pageToken"] = token
        if first:
            paging["firstPageToken"] = first
        if more:
            paging["nextPageToken"] = _encode_token(f"N:{numbers[-1]}:{first}")
        return paging


def _encode_token(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def parse_window(request: Request, now: int, *, always: bool = True) -> tuple[int, int]:
    """From and to, both included. `dateFrom` defaults to a day before `dateTo`, or to 0 if not `always`."""
    text_from, text_to = request.last("dateFrom"), request.last("dateTo")
    until = now if text_to is None else parse_time(text_to, "dateTo")
    if text_from is not None:
        return parse_time(text_from, "dateFrom"), until
    return (until - DAY if always else 0), until


@dataclass(frozen=True, slots=True)
class NumberedPage:
    """A page by number, with totals and links."""

    number: int
    size: int

    @classmethod
    def from_query(cls, request: Request) -> NumberedPage:
        return cls(
            parse_positive_int(request, "page", 1),
            min(parse_positive_int(request, "perPage", _NUMBERED_PER_PAGE), MAX_PER_PAGE),
        )

    def response(
        self,
        uri: str,
        query: list[tuple[str, str]],
        records: list[_Record],
        describe: Callable[[_Record], dict[str, Any]],
    ) -> dict[str, Any]:
        """This page of all `records`. The links repeat `query`."""
        start = (self.number - 1) * self.size
        page_records = records[start : start + self.size]
        pages = max(1, -(-len(records) // self.size))
        paging = {
            "page": self.number,
            "totalPages": pages,
            "perPage": self.size,
            "totalElements": len(records),
        }
        if page_records:
            paging |= {"pageStart": start, "pageEnd": start + len(page_records) - 1}

        def link(page: int) -> str:
            return f"{uri}?{urlencode([*query, ('page', page), ('perPage', self.size)])}"

        targets = {"firstPage": 1, "lastPage": pages}
        if self.number < pages:
            targets["nextPage"] = self.number + 1
        if 1 < self.number <= pages:
            targets["previousPage"] = self.number - 1
        return {
            "uri": link(self.number),
            "records": [describe(one) for one in page_records],
            "paging": paging,
            "navigation": {name: {"uri": link(page)} for name, page in targets.items()},
        }
