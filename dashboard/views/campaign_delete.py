"""Throw a draft away. What was launched stays for ever."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from campaigns.models import Campaign


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("campaigns.change_campaign", raise_exception=True)
def campaign_delete(request: HttpRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    if request.method != "POST" and campaign.is_draft:
        return render(request, "campaign_delete.html", {"campaign": campaign})
    deleted, _ = Campaign.objects.filter(pk=campaign.pk, state=Campaign.State.DRAFT).delete()
    if not deleted:
        messages.warning(request, f"“{campaign.name}” has been launched, so its record stays.")
        return redirect("campaign", campaign.pk)
    messages.success(request, f"The draft “{campaign.name}” is deleted. Nobody was texted.")
    return redirect("campaigns")
