"""Pages by the last row seen: the thousandth costs what the first one does."""

from __future__ import annotations

from django.http import HttpRequest

LONGEST = 18
"""Digits of a number that surely fits into an id of the database."""


def row_seen(request: HttpRequest, name: str) -> int | None:
    """The id in `?name=…`; None for none, and for what no page of ours would link to."""
    typed = request.GET.get(name, "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= LONGEST else None
