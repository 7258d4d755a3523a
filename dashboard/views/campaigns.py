"""Every campaign: what moves, what is being written, what is finished."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns.accounts import registry
from campaigns.models import Campaign, ContactList
from dashboard.paging import Pager, newest_first

PAGER = Pager("before", 25)
DRAFTS = 100
"""Shown at most; nobody keeps more on purpose."""


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def campaigns(request: HttpRequest) -> HttpResponse:
    every = Campaign.objects.select_related("counters", "contact_list", "launched_by", "created_by")
    page = PAGER.page(request, newest_first(every.filter(state=Campaign.State.FINISHED)))
    drafts = every.filter(state=Campaign.State.DRAFT)
    context = {
        "moving": [] if page.first else every.filter(state__in=Campaign.MOVING),
        "drafts": [] if page.first else drafts[:DRAFTS],
        "finished": page.rows,
        "page": page,
        "has_lists": ContactList.objects.exists(),
        "provider_name": registry.names(),
    }
    return render(request, "campaigns.html", context)
