"""One list: its people, its columns, where it came from and what uses it."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.accounts import registry
from campaigns.contacts import importer, reach, removal
from campaigns.models import ContactList
from dashboard.column_choices import phone_column
from dashboard.forms.contacts import ListNameForm
from dashboard.paging import Pager

PAGER = Pager("after", 50)
SHOWN_COLUMNS = 4
"""Columns beside the phone; more do not fit a page and are named above the table."""
CAMPAIGNS = 20


@require_safe
@permission_required("campaigns.view_contactlist", raise_exception=True)
def list_detail(request: HttpRequest, list_id: int) -> HttpResponse:
    contact_list = get_object_or_404(ContactList.objects.select_related("created_by"), pk=list_id)
    fetch = partial(importer.contacts_page, contact_list)
    page = PAGER.page(request, lambda after, limit: fetch(after or 0, limit), anchor="#people")
    places = [place for place in range(len(contact_list.columns)) if place != contact_list.phone_column][
        :SHOWN_COLUMNS
    ]
    campaigns = list(contact_list.campaigns.select_related("counters")[: CAMPAIGNS + 1])
    imports = list(contact_list.imports.select_related("created_by"))
    far = reach.beyond(contact_list, registry.reaches())
    context = phone_column(contact_list) | {
        "contact_list": contact_list,
        "far": far,
        "reached_count": contact_list.contact_count - far.count,
        "fields": [
            (column, name, place == contact_list.phone_column)
            for place, (column, name) in enumerate(
                zip(contact_list.columns, contact_list.field_names, strict=True)
            )
        ],
        "shown": [contact_list.columns[place] for place in places],
        "people": [(contact, _cells(contact_list, contact.cells, places)) for contact in page.rows],
        "page": page,
        "imports": imports,
        "moving": any(source.state in removal.BUSY for source in imports),
        "campaigns": campaigns[:CAMPAIGNS],
        "more_campaigns": len(campaigns) > CAMPAIGNS,
        "provider_name": registry.names(),
    }
    return render(request, "list_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("campaigns.change_contactlist", raise_exception=True)
def list_rename(request: HttpRequest, list_id: int) -> HttpResponse:
    contact_list = get_object_or_404(ContactList, pk=list_id)
    form = ListNameForm(
        request.POST if request.method == "POST" else None, initial={"name": contact_list.name}
    )
    if not form.is_valid():
        return render(request, "list_rename.html", {"form": form, "contact_list": contact_list})
    if form.cleaned_data["name"] != contact_list.name:
        contact_list.name = form.cleaned_data["name"]
        contact_list.save(update_fields=["name"])
        messages.success(request, _("The list is called “{name}” now.").format(name=contact_list.name))
    return redirect("list_detail", contact_list.pk)


def _cells(contact_list: ContactList, cells: list[str], places: list[int]) -> list[tuple[str, str]]:
    return [(contact_list.columns[place], cells[place] if place < len(cells) else "") for place in places]
