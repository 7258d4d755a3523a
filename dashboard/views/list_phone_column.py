"""Which column of a list gets the texts: another one, while no campaign uses the list."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from campaigns.contacts import reimport, stored_rows
from campaigns.contacts.reimport import Refusal
from campaigns.labels.files import REIMPORT_REFUSALS
from campaigns.models import ContactList
from dashboard.column_choices import column_cards
from dashboard.decorators import signed_in
from dashboard.forms.contacts import PhoneColumnForm


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("campaigns.change_contactlist", raise_exception=True)
def list_phone_column(request: HttpRequest, list_id: int) -> HttpResponse:
    contact_list = get_object_or_404(ContactList, pk=list_id)
    if why := reimport.refusal(contact_list):
        return _stays(request, contact_list, why)
    data = request.POST if request.method == "POST" else None
    initial = {"phone_column": contact_list.phone_column}
    form = PhoneColumnForm(data, initial=initial, columns=contact_list.columns)
    if not form.is_valid():
        return _page(request, contact_list, form)
    why = reimport.change_phone_column(
        contact_list, form.cleaned_data["phone_column"], user=signed_in(request)
    )
    if why:
        return _stays(request, contact_list, why)
    name = contact_list.columns[form.cleaned_data["phone_column"]]
    messages.success(
        request,
        _("The phone numbers are read from the column “{name}” now. Each row is checked anew.").format(
            name=name
        ),
    )
    return _to_import(contact_list)


def _page(request: HttpRequest, contact_list: ContactList, form: PhoneColumnForm) -> HttpResponse:
    profiles = stored_rows.column_profiles(contact_list)
    likely = [
        profile for profile in profiles if profile.may_win or profile.place == contact_list.phone_column
    ]
    cards = column_cards(form["phone_column"], profiles, likely)
    return render(
        request, "list_phone_column.html", {"form": form, "contact_list": contact_list, "cards": cards}
    )


def _stays(request: HttpRequest, contact_list: ContactList, why: Refusal) -> HttpResponse:
    tell = messages.info if why == Refusal.SAME else messages.warning
    tell(request, str(REIMPORT_REFUSALS[why]))
    if why == Refusal.GONE:
        return redirect("lists")
    return _to_import(contact_list) if why == Refusal.BUSY else redirect("list_detail", contact_list.pk)


def _to_import(contact_list: ContactList) -> HttpResponse:
    return redirect("import_detail", contact_list.imports.values_list("pk", flat=True)[0])
