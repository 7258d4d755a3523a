"""The people behind a count, one row of the file each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from campaigns.accounts import registry
from campaigns.models import Campaign, ContactList, Counters, RowState
from campaigns.reports.exports import PersonLine, people
from campaigns.reports.row_states import LEFT_OUT, READING_ORDER
from dashboard.csv_files import rows_csv
from dashboard.paging import Pager
from dashboard.state_badges import state_badge
from dashboard.templatetags.carillon import number

PAGER = Pager("after", 50)
OWN_COLUMNS = 2
"""Columns of the file in the table; the others are folded away under each person."""


@dataclass(frozen=True, slots=True)
class PersonRow:
    line: PersonLine
    code: str
    """The provider's own code; empty if the reason is ours."""
    shown: Sequence[tuple[str, str]]
    folded: Sequence[tuple[str, str]]


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def campaign_people(request: HttpRequest, campaign_id: int) -> HttpResponse:
    campaign = _launched(campaign_id)
    if campaign.is_draft:
        return redirect("campaign_review", campaign.pk)
    state = _state(request)
    page = PAGER.page(
        request, lambda after, limit: people(campaign, state, after or 0, limit), state=state or ""
    )
    counts, provider = Counters.objects.get(campaign=campaign), registry.name_of(campaign.account)
    columns = _columns(campaign.contact_list)
    context = {
        "title": _title(state, counts, provider),
        "campaign": campaign,
        "state": state,
        "count": counts.rows if state is None else counts.count(state),
        "rows": counts.rows,
        "balanced": counts.balanced,
        "filters": [(item, count) for item in READING_ORDER if (count := counts.count(item))],
        "columns": [name for _, name in columns[:OWN_COLUMNS]],
        "people": [_row(line, columns) for line in page.rows],
        "page": page,
        "provider_name": provider,
    }
    return render(request, "campaign_people.html", context)


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def campaign_people_csv(request: HttpRequest, campaign_id: int) -> HttpResponse | StreamingHttpResponse:
    campaign = _launched(campaign_id)
    if campaign.is_draft:
        raise Http404
    return csv_answer(campaign, _state(request))


def csv_answer(campaign: Campaign, state: RowState | None) -> StreamingHttpResponse:
    """The rows as a download, streamed: it never holds more than a page of them."""
    name = "-".join(filter(None, (slugify(campaign.name) or "campaign", str(campaign.pk), state)))
    response = StreamingHttpResponse(rows_csv(campaign, state), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _launched(campaign_id: int) -> Campaign:
    return get_object_or_404(Campaign.objects.select_related("contact_list"), pk=campaign_id)


def _state(request: HttpRequest) -> RowState | None:
    asked = request.GET.get("state", "")
    if asked and asked not in RowState.values:
        raise Http404
    return RowState(asked) if asked else None


def _title(state: RowState | None, counts: Counters, provider: str) -> str:
    if state is None:
        return _("Where everyone is")
    label = state_badge(state, provider=provider).label
    return ngettext("{count} person: {label}", "{count} people: {label}", counts.count(state)).format(
        count=number(counts.count(state)), label=label
    )


def _columns(contact_list: ContactList | None) -> list[tuple[int, str]]:
    """Place and name of each column but the phone's, which has a place of its own."""
    if contact_list is None:
        return []
    return [
        (place, name) for place, name in enumerate(contact_list.columns) if place != contact_list.phone_column
    ]


def _row(line: PersonLine, columns: Sequence[tuple[int, str]]) -> PersonRow:
    cells = [(name, line.cells[place] if place < len(line.cells) else "") for place, name in columns]
    code = "" if line.state in LEFT_OUT else line.code
    return PersonRow(line, code, cells[:OWN_COLUMNS], cells[OWN_COLUMNS:])
