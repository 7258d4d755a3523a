"""Let a list go. One that a campaign uses stays, for the record."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from campaigns.contacts import removal
from campaigns.models import ContactList
from dashboard.decorators import signed_in


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("campaigns.delete_contactlist", raise_exception=True)
def list_delete(request: HttpRequest, list_id: int) -> HttpResponse:
    contact_list = get_object_or_404(ContactList, pk=list_id)
    if request.method != "POST" and removal.removable(contact_list):
        return render(request, "list_delete.html", {"contact_list": contact_list})
    if request.method == "POST" and removal.remove(contact_list, user=signed_in(request)):
        messages.success(
            request, _("“{name}” is deleted, and the people in it with it.").format(name=contact_list.name)
        )
        return redirect("lists")
    if contact_list.campaigns.exists():
        messages.warning(request, _("A campaign uses this list, so it stays. You find the campaign below."))
    else:
        messages.warning(
            request, _("The file of this list is still being read. Delete it when that is done.")
        )
    return redirect("list_detail", contact_list.pk)
