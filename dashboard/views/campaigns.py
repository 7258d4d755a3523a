"""Every campaign: what moves, what is being written, what is finished."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns.accounts import registry
from campaigns.models import Campaign, ContactList

PAGE = 25
DRAFTS = 100
"""Shown at most; nobody keeps more on purpose."""


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def campaigns(request: HttpRequest) -> HttpResponse:
    every = Campaign.objects.select_related("tally", "contact_list", "launched_by", "created_by")
    before = request.GET.get("before", "")
    turned = before.isdecimal() and len(before) < 19
    finished = every.filter(state=Campaign.State.FINISHED)
    if turned:
        finished = finished.filter(pk__lt=int(before))
    shown = list(finished[: PAGE + 1])
    drafts = every.filter(state=Campaign.State.DRAFT)
    context = {
        "moving": [] if turned else every.filter(state__in=Campaign.MOVING),
        "drafts": [] if turned else drafts[:DRAFTS],
        "finished": shown[:PAGE],
        "older": shown[PAGE - 1].pk if len(shown) > PAGE else None,
        "turned": turned,
        "has_lists": ContactList.objects.exists(),
        "provider_name": registry.default().name,
    }
    return render(request, "campaigns.html", context)
