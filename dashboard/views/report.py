"""How a campaign went: the provider's own count beside ours, what failed and why, and what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from campaigns.accounts import registry
from campaigns.labels.provider_words import describe_explanation
from campaigns.models import Campaign, Import, RowState
from campaigns.reports import delivery as reporting
from campaigns.reports.delivery import Report, StatusLine
from campaigns.reports.row_states import READING_ORDER
from campaigns.sending import resend
from dashboard.decorators import post_action, signed_in
from dashboard.notices import difference_notices, report_notices
from dashboard.templatetags.carillon import plural
from dashboard.views.campaign_people import csv_answer

LABELS = {
    "queued": (gettext_lazy("Queued: the carrier has not got it yet"), RowState.WITH_CARRIER),
    "sent": (gettext_lazy("Sent: handed to the carrier, no receipt yet"), RowState.SENT),
    "delivered": (gettext_lazy("Delivered: the carrier says it reached the phone"), RowState.DELIVERED),
    "sendingFailed": (gettext_lazy("Sending failed: the carrier never got it"), RowState.NOT_DELIVERED),
    "deliveryFailed": (
        gettext_lazy("Delivery failed: the carrier could not deliver it"),
        RowState.NOT_DELIVERED,
    ),
}
"""The provider's words, what they mean, and which of our states they are."""


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """One line of the provider's count. `ours` is None where the line above it speaks for both; that one's
    `rows` says for how many it speaks."""

    name: str
    label: str | Promise
    line: StatusLine
    ours: int | None
    rows: int
    url: str


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def report(request: HttpRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.select_related("contact_list"), pk=campaign_id)
    if campaign.is_draft:
        return redirect("campaign_review", campaign.pk)
    return render(request, "report.html", _context(reporting.report(campaign)))


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def report_csv(request: HttpRequest, campaign_id: int) -> HttpResponse | StreamingHttpResponse:
    """Every row of the file with what became of it."""
    campaign = get_object_or_404(Campaign.objects.select_related("contact_list"), pk=campaign_id)
    if campaign.is_draft:
        raise Http404
    return csv_answer(campaign, None)


@permission_required("campaigns.add_campaign", raise_exception=True)
@post_action("report", "campaign_id")
def report_again(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Make the draft for those whom it did not reach. What is sent, and whether, is decided there."""
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    wanted = resend.estimate(campaign)
    child = resend.create_draft(campaign, user=signed_in(request))
    if child is None:
        draft = campaign.children.filter(state=Campaign.State.DRAFT).first()
        messages.info(
            request, _("Nothing was made: everybody who can be tried again is in a campaign already.")
        )
        return redirect("campaign_edit", draft.pk) if draft else redirect("report", campaign.pk)
    people = plural(child.contact_list.contact_count if child.contact_list else 0, "person,people")
    messages.success(
        request,
        _("A draft for exactly these {people}. Nothing is sent before you press Send.").format(people=people),
    )
    for first in dict.fromkeys(reason.first for reason in wanted.reasons if reason.first):
        messages.warning(request, f"{first} {_why(wanted, first)}")
    return redirect("campaign_edit", child.pk)


def _why(wanted: resend.Plan, first: str) -> str:
    """The reasons for which something has to be done before."""
    because = [
        (plural(reason.count, "person,people"), describe_explanation(reason.explanation))
        for reason in wanted.reasons
        if reason.first == first
    ]
    return " ".join(f"{people}: {words.sentence} {words.advice}" for people, words in because)


def _context(report: Report) -> dict[str, Any]:
    campaign = report.campaign
    people = reverse("campaign_people", args=[campaign.pk])
    provider = registry.name_of(campaign.account)
    states = [(state.value, count) for state in READING_ORDER if (count := report.counters.count(state))]
    return {
        "campaign": campaign,
        "report": report,
        "states": states,
        "stats": [(count, state, f"{people}?state={state}") for state, count in states],
        "provider_rows": [*_provider_rows(report, people)],
        "people_url": people,
        "source": Import.objects.filter(contact_list=campaign.contact_list, state=Import.State.DONE).first(),
        "drift": _drift(report),
        "again": resend.estimate(campaign),
        "notices": [*report_notices(campaign)],
        "count_notices": [*difference_notices(report, provider)],
        "provider_name": provider,
    }


def _provider_rows(report: Report, people: str) -> Iterator[ProviderRow]:
    lines = Counter(state for _, state in LABELS.values())
    for name, line in report.provider_totals.items():
        label, state = LABELS[name]
        rows = lines.pop(state, 0)
        ours = report.counters.count(state) if rows else None
        yield ProviderRow(name, label, line, ours, rows, f"{people}?state={state}")


def _drift(report: Report) -> Decimal | None:
    """US dollars billed beyond what was expected; None before the end, or if no price was entered."""
    if (
        report.cost is None
        or report.expected_cost is None
        or report.campaign.state != Campaign.State.FINISHED
    ):
        return None
    return report.cost - report.expected_cost
