"""Cursor paging for the pages of the provider's store, and their common context."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest

from campaigns.accounts import registry
from campaigns.receipts.store_sync import freshness
from campaigns.reports.store_search import Page, Place
from dashboard.paging import row_seen


def cursor(request: HttpRequest) -> Place:
    return Place(before=row_seen(request, "before"), after=row_seen(request, "after"))


def filled_fields(form: forms.Form) -> dict[str, str]:
    """The filled fields of the search form, for the address."""
    return {name: value for name in form.fields if (value := str(form.data.get(name, "")).strip())}


def page_links(page: Page[Any], filled: dict[str, str], where: Place) -> dict[str, Any]:
    """Context for the foot of a page: its position and the addresses of its neighbours."""
    upwards = where.before is None and where.after is not None
    links = neighbour_links(page, filled)
    return {
        **links,
        "turned": where != Place(),
        "looked_to": page.looked_to,
        "upwards": upwards,
        "further": links["newer" if upwards else "older"],
    }


def neighbour_links(page: Page[Any], filled: dict[str, str]) -> dict[str, str]:
    """Addresses of the first, the newer and the older page; empty where there is none."""
    links = {"newer": ("after", page.newer), "older": ("before", page.older)}
    return {
        name: f"?{urlencode(filled | {key: str(row)})}" if row is not None else ""
        for name, (key, row) in links.items()
    } | {"first": f"?{urlencode(filled)}"}


def store_context() -> dict[str, Any]:
    return {"fresh": freshness(), "provider_name": registry.names()}
