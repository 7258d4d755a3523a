"""Keyset paging by the last row seen: the thousandth page costs what the first one does."""

from __future__ import annotations

from django.http import HttpRequest

MAX_DIGITS = 18
"""A number of so many digits surely fits into a 64-bit id."""


def row_seen(request: HttpRequest, name: str) -> int | None:
    """The id in `?name=…`; None if it is missing or malformed."""
    typed = request.GET.get(name, "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= MAX_DIGITS else None
