"""Every list of contacts, newest first."""

from dataclasses import dataclass

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from campaigns.models import ContactList, Import
from dashboard.paging import Pager, newest_first

PAGER = Pager("before", 50)


@dataclass(frozen=True, slots=True)
class ListLine:
    """A list with its latest upload. `not_used` is None while nobody knows."""

    contact_list: ContactList
    source: Import | None
    not_used: int | None
    href: str
    source_href: str


@require_safe
@permission_required("campaigns.view_contactlist", raise_exception=True)
def lists(request: HttpRequest) -> HttpResponse:
    every = ContactList.objects.select_related("created_by").prefetch_related("imports").order_by("-pk")
    page = PAGER.page(request, newest_first(every))
    lines = [_line(contact_list) for contact_list in page.rows]
    return render(request, "lists.html", {"lines": lines, "page": page})


def _line(contact_list: ContactList) -> ListLine:
    """A list that is not ready leads to its file, where one sees why."""
    source = next(iter(contact_list.imports.all()), None)
    source_href = reverse("import_detail", args=[source.pk]) if source else ""
    if source is None or source.state == Import.State.DONE:
        href = reverse("list_detail", args=[contact_list.pk])
    else:
        href = source_href
    known = source is not None and source.state == Import.State.DONE
    not_used = source.invalid_count + source.duplicate_count if source and known else None
    return ListLine(contact_list, source, not_used, href, source_href)
