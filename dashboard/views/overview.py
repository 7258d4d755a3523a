"""The first page: what runs, what ran, and what to do next."""

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import HTMX_STOP_POLLING

from campaigns.accounts import registry
from campaigns.models import Counters
from campaigns.reports.overview import Overview, load_overview
from campaigns.reports.row_states import LEFT_OUT
from dashboard.notices import VIEWER
from dashboard.templatetags.carillon import number
from dashboard.undecided_replies import undecided_replies


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def overview(request: HttpRequest) -> HttpResponse:
    return render(request, "overview.html", _context(load_overview()) | undecided_replies(request))


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
@never_cache
def overview_moving(request: HttpRequest) -> HttpResponse:
    """The part of the page that moves. The last answer tells HTMX to stop asking."""
    now = load_overview()
    status = 200 if now.moving else HTMX_STOP_POLLING
    return render(request, "overview.html#answer", _context(now), status=status)


def _context(now: Overview) -> dict[str, Any]:
    new_here = not (now.moving or now.recent or now.drafts)
    return {
        "title": _title(now, new_here=new_here),
        "announcement": _announcement(now),
        "notices": [VIEWER],
        "overview": now,
        "recent": [(campaign, campaign.counters, _texts(campaign.counters)) for campaign in now.recent],
        "delay": min((line.next_delay for line in now.moving), default=0),
        "new_here": new_here,
        "provider_name": registry.names(),
    }


def _title(now: Overview, *, new_here: bool) -> str:
    if new_here:
        return _("Your first campaign, in three steps")
    return _("What is going out now?") if now.moving else _("Nothing is going out right now")


def _announcement(now: Overview) -> str:
    """What is read out about the campaign at the top."""
    if not now.moving:
        return ""
    line = now.moving[0]
    return ngettext(
        "{name}: {processed} of {count} text processed",
        "{name}: {processed} of {count} texts processed",
        line.texts,
    ).format(name=line.campaign.name, processed=number(line.processed), count=number(line.texts))


def _texts(counters: Counters) -> int:
    """Rows that got a text, or were meant to."""
    return counters.rows - counters.count(*LEFT_OUT)
