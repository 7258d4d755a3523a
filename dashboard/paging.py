"""Keyset paging by the last row seen: the thousandth page costs what the first one does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from django.db.models import Model, QuerySet
from django.http import HttpRequest

MAX_DIGITS = 18
"""A number of so many digits surely fits into a 64-bit id."""

Row = TypeVar("Row")
Item = TypeVar("Item", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    rows: Sequence[Row]
    first: str
    """Address of the first page; empty on that page."""
    further: str
    """Address of the next page; empty if there is none."""


@dataclass(frozen=True, slots=True)
class Pager:
    name: str
    """Of the field in the address: `before` in lists with the newest first, `after` in others."""
    size: int
    key: Callable[[Any], int] = attrgetter("id")

    def page(
        self,
        request: HttpRequest,
        fetch: Callable[[int | None, int], Sequence[Row]],
        path: str = "",
        anchor: str = "",
        **kept: str,
    ) -> Page[Row]:
        """`fetch` takes the last row seen and the most rows to read. Links repeat the fields in `kept`."""
        seen = row_seen(request, self.name)
        rows = fetch(seen, self.size + 1)

        def link(**fields: int) -> str:
            query = urlencode({name: value for name, value in kept.items() if value} | fields)
            return (path or request.path) + (f"?{query}" if query else "") + anchor

        further = link(**{self.name: self.key(rows[self.size - 1])}) if len(rows) > self.size else ""
        return Page(rows[: self.size], "" if seen is None else link(), further)


def newest_first(rows: QuerySet[Item]) -> Callable[[int | None, int], Sequence[Item]]:
    return lambda before, limit: list((rows if before is None else rows.filter(pk__lt=before))[:limit])


def row_seen(request: HttpRequest, name: str) -> int | None:
    """The id in `?name=…`; None if it is missing or malformed."""
    typed = request.GET.get(name, "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= MAX_DIGITS else None
