"""Throw a draft away. What was launched stays for ever."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from campaigns.models import Campaign


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("campaigns.change_campaign", raise_exception=True)
def campaign_delete(request: HttpRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    if request.method != "POST" and campaign.is_draft:
        return render(request, "campaign_delete.html", {"campaign": campaign})
    if not _deleted(campaign.pk):
        messages.warning(
            request, _("“{name}” has been launched, so its record stays.").format(name=campaign.name)
        )
        return redirect("campaign", campaign.pk)
    messages.success(
        request, _("The draft “{name}” is deleted. Nobody was texted.").format(name=campaign.name)
    )
    return redirect("campaigns")


@transaction.atomic
def _deleted(campaign_id: int) -> bool:
    """Only a draft; locked, because a launch may come between looking and deleting."""
    drafts = Campaign.objects.select_for_update().filter(state=Campaign.State.DRAFT)
    draft = drafts.filter(pk=campaign_id).first()
    if draft is not None:
        draft.delete()
    return draft is not None
