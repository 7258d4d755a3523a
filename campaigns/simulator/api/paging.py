"""Token paging without totals, paging by page number, and the window of time that every list applies."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from campaigns.simulator.api.answers import Request, bad_parameter, read_time
from campaigns.simulator.carrier.clock import SECOND

_Record = TypeVar("_Record")
MAX_PER_PAGE = 1000
_NUMBERED_PER_PAGE = 100
DAY = 24 * 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Page:
    size: int
    token: str | None
    first_token: str | None
    below: int | None
    """Only records numbered below this; None for the first page."""

    def describe(self, shown: list[int], *, more: bool) -> dict[str, Any]:
        """The paging object, given the numbers of the records on this page, newest first."""
        paging: dict[str, Any] = {"perPage": self.size}
        first = self.first_token or (_encode(f"F:{shown[0]}") if shown else None)
        if token := self.token or first:
            paging["pageToken"] = token
        if first:
            paging["firstPageToken"] = first
        if more:
            paging["nextPageToken"] = _encode(f"N:{shown[-1]}:{first}")
        return paging


def _encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def read_page(request: Request, default: int = MAX_PER_PAGE) -> Page:
    """The page that a query asks for."""
    return make_page(request.one("perPage") or str(default), request.one("pageToken"))


def make_page(per_page: str, token: str | None) -> Page:
    """`perPage` above 1,000 is cut to it. A token is `F:<first>` or `N:<last>:<token of the first page>`."""
    if not per_page.isascii() or not per_page.isdigit() or int(per_page) < 1:
        raise bad_parameter("perPage")
    size = min(int(per_page), MAX_PER_PAGE)
    if token is None:
        return Page(size, None, None, None)
    try:
        kind, number, *rest = base64.urlsafe_b64decode(token).decode().split(":", 2)
        if kind == "N" and rest:
            return Page(size, token, rest[0], int(number))
        if kind == "F" and not rest:
            return Page(size, token, token, int(number) + 1)
    except (binascii.Error, ValueError):
        pass
    raise bad_parameter("pageToken")


def read_window(request: Request, now: int, *, always: bool = True) -> tuple[int, int]:
    """From and to, both included. `dateFrom` defaults to a day before `dateTo`, or to 0 if not `always`."""
    text_from, text_to = request.one("dateFrom"), request.one("dateTo")
    until = now if text_to is None else read_time(text_to, "dateTo")
    if text_from is not None:
        return read_time(text_from, "dateFrom"), until
    return (until - DAY if always else 0), until


@dataclass(frozen=True, slots=True)
class NumberedPage:
    number: int
    size: int

    def listing(
        self,
        uri: str,
        query: list[tuple[str, str]],
        found: list[_Record],
        describe: Callable[[_Record], dict[str, Any]],
    ) -> dict[str, Any]:
        """The whole answer: this page of `found`, totals, and links that repeat `query`."""
        start = (self.number - 1) * self.size
        shown = found[start : start + self.size]
        pages = max(1, -(-len(found) // self.size))
        paging = {
            "page": self.number,
            "totalPages": pages,
            "perPage": self.size,
            "totalElements": len(found),
        }
        if shown:
            paging |= {"pageStart": start, "pageEnd": start + len(shown) - 1}

        def link(page: int) -> str:
            return f"{uri}?{urlencode([*query, ('page', page), ('perPage', self.size)])}"

        targets = {"firstPage": 1, "lastPage": pages}
        if self.number < pages:
            targets["nextPage"] = self.number + 1
        if 1 < self.number <= pages:
            targets["previousPage"] = self.number - 1
        return {
            "uri": link(self.number),
            "records": [describe(one) for one in shown],
            "paging": paging,
            "navigation": {name: {"uri": link(page)} for name, page in targets.items()},
        }


def read_numbered_page(request: Request) -> NumberedPage:
    return NumberedPage(
        whole_number(request, "page", 1),
        min(whole_number(request, "perPage", _NUMBERED_PER_PAGE), MAX_PER_PAGE),
    )


def whole_number(request: Request, name: str, default: int) -> int:
    text = request.one(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) < 1_000_000:
        raise bad_parameter(name)
    return int(text)
