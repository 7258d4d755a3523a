"""Every campaign that was sent, with what became of it."""

from operator import attrgetter

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns.accounts import registry
from campaigns.reports.delivery import campaign_reports
from dashboard.paging import Pager

PAGER = Pager("before", 25, key=attrgetter("campaign.id"))


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def reports(request: HttpRequest) -> HttpResponse:
    page = PAGER.page(request, campaign_reports)
    return render(request, "reports.html", {"page": page, "provider_name": registry.names()})
