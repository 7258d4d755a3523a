"""What the pages of the provider's store share: where a page begins, the ways on from it, its words."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest

from campaigns.accounts import registry
from campaigns.receipts.store_sync import freshness
from campaigns.reports.store_search import Page, Place
from dashboard.paging import row_seen


def place(request: HttpRequest) -> Place:
    """The row that a page goes on from."""
    return Place(before=row_seen(request, "before"), after=row_seen(request, "after"))


def asked(form: forms.Form) -> dict[str, str]:
    """The fields that somebody filled in, as they stand in the address."""
    return {name: value for name in form.fields if (value := str(form.data.get(name, "")).strip())}


def turned(found: Page[Any], filled: dict[str, str], where: Place) -> dict[str, Any]:
    """What the foot of a page needs: where it stands, and the addresses of the pages around it."""
    upwards = where.before is None and where.after is not None
    links = _links(found, filled)
    return {
        **links,
        "turned": where != Place(),
        "looked_to": found.looked_to,
        "upwards": upwards,
        "further": links["newer" if upwards else "older"],
    }


def _links(found: Page[Any], filled: dict[str, str]) -> dict[str, str]:
    """The first page and those beside this one; empty where there is none."""
    links = {"newer": ("after", found.newer), "older": ("before", found.older)}
    return {
        name: f"?{urlencode(filled | {key: str(row)})}" if row is not None else ""
        for name, (key, row) in links.items()
    } | {"first": f"?{urlencode(filled)}"}


def common() -> dict[str, Any]:
    return {"fresh": freshness(), "provider_name": registry.provider_name()}
