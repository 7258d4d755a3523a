"""Which column of a list gets the texts: another one, while no campaign uses the list."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from campaigns.contacts import reimport, stored_rows
from campaigns.contacts.reimport import REFUSAL_SENTENCES, Refusal
from campaigns.models import ContactList
from dashboard.column_choices import column_cards
from dashboard.decorators import signed_in
from dashboard.forms.contacts import PhoneColumnForm


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("campaigns.change_contactlist", raise_exception=True)
def list_phone_column(request: HttpRequest, list_id: int) -> HttpResponse:
    found = get_object_or_404(ContactList, pk=list_id)
    if why := reimport.refusal(found):
        return _stays(request, found, why)
    data = request.POST if request.method == "POST" else None
    initial = {"phone_column": found.phone_column}
    form = PhoneColumnForm(data, initial=initial, columns=found.columns)
    if not form.is_valid():
        return _page(request, found, form)
    why = reimport.change_phone_column(found, form.cleaned_data["phone_column"], user=signed_in(request))
    if why:
        return _stays(request, found, why)
    name = found.columns[form.cleaned_data["phone_column"]]
    messages.success(
        request, f"The phone numbers are read from the column “{name}” now. Each row is checked anew."
    )
    return _to_import(found)


def _page(request: HttpRequest, found: ContactList, form: PhoneColumnForm) -> HttpResponse:
    looks = stored_rows.looks(found)
    likely = [look for look in looks if look.may_win or look.place == found.phone_column]
    cards = column_cards(form["phone_column"], looks, likely)
    return render(request, "list_phone_column.html", {"form": form, "contact_list": found, "cards": cards})


def _stays(request: HttpRequest, found: ContactList, why: Refusal) -> HttpResponse:
    tell = messages.info if why == Refusal.SAME else messages.warning
    tell(request, REFUSAL_SENTENCES[why])
    if why == Refusal.GONE:
        return redirect("lists")
    return _to_import(found) if why == Refusal.BUSY else redirect("list_detail", found.pk)


def _to_import(found: ContactList) -> HttpResponse:
    return redirect("import_detail", found.imports.values_list("pk", flat=True)[0])
