"""Every campaign that was sent, with what became of it."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns.accounts import registry
from campaigns.reports.delivery import campaign_reports

PAGE = 25


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def reports(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("before", "")
    turned = before.isdecimal() and len(before) < 19
    lines = campaign_reports(before_id=int(before) if turned else None, limit=PAGE + 1)
    context = {
        "lines": lines[:PAGE],
        "older": lines[PAGE - 1].campaign.pk if len(lines) > PAGE else None,
        "turned": turned,
        "provider_name": registry.default().name,
    }
    return render(request, "reports.html", context)
