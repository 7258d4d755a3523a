"""Step 3 of 3: every check, the exact cost, and the one press that sends."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from campaigns.accounts import registry
from campaigns.composing.checks import Finding, FindingCode, Level, Subject
from campaigns.composing.personalise import Personaliser
from campaigns.composing.preflight import Preflight
from campaigns.labels.findings import describe_finding
from campaigns.models import Campaign
from campaigns.opt_outs.how_to_stop import tells_how_to_stop
from campaigns.sending import canary
from campaigns.sending.launch import NotReady, launch, run_preflight
from dashboard.decorators import signed_in
from dashboard.forms.campaigns import OPT_OUT_LINE, LaunchForm
from dashboard.templatetags.carillon import duration, money, number, phone, plural
from dashboard.templatetags.compose import cents

SEND = "campaigns.send_campaign"
ICONS = {
    Subject.PEOPLE: "people",
    Subject.SENDER: "telephone",
    Subject.TIME: "clock",
    Subject.TEXT: "chat-left-text",
    Subject.COST: "currency-dollar",
}
EARLY, LATE = 8, 21
"""Hours of the day between which people expect a text, in the time zone of the site."""


@dataclass(frozen=True, slots=True)
class Check:
    """A line of the check list."""

    level: Level
    subject: Subject
    title: str
    detail: str = ""
    url: str = ""
    link: str = ""

    @property
    def tone(self) -> str:
        return {"good": "success", "look": "warning", "stop": "danger"}[self.level]

    @property
    def icon(self) -> str:
        return ICONS[self.subject]


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("campaigns.view_campaign", raise_exception=True)
def campaign_review(request: HttpRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.select_related("contact_list"), pk=campaign_id)
    if request.method == "POST":
        return _send(request, campaign)
    if not campaign.is_draft:
        return redirect("campaign", campaign.pk)
    form = LaunchForm(campaign=campaign, initial={"seen": seen(campaign)})
    return _page(request, campaign, form)


def seen(campaign: Campaign) -> str:
    """Names what the page showed: a press on Send sends that, and nothing that was edited meanwhile."""
    shown = json.dumps([campaign.contact_list_id, campaign.sender, campaign.text])
    return hashlib.sha256(shown.encode()).hexdigest()


def _send(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    if not request.user.has_perm(SEND):
        raise PermissionDenied
    if not campaign.is_draft:
        return _already(request, campaign)
    form = LaunchForm(request.POST, campaign=campaign)
    if not form.is_valid():
        return _page(request, campaign, form)
    _keep_choices(campaign, form.cleaned_data)
    if form.cleaned_data["seen"] != seen(campaign):
        messages.warning(
            request, _("It was changed while you looked at it, so nothing was sent. Check it once more.")
        )
        return redirect("campaign_review", campaign.pk)
    try:
        launched = launch(campaign, user=signed_in(request), undo_seconds=settings.UNDO_SECONDS)
    except Campaign.DoesNotExist:
        messages.warning(
            request,
            _("“{name}” was deleted at the same moment, so nothing was sent.").format(name=campaign.name),
        )
        return redirect("campaigns")
    except NotReady as not_ready:
        for title in (describe_finding(finding).title for finding in not_ready.findings):
            sentence = _("Not sent. {problem}. The checks below say more.")
            messages.error(request, sentence.format(problem=title.rstrip(".")))
        return redirect("campaign_review", campaign.pk)
    return redirect("campaign", campaign.pk) if launched else _already(request, campaign)


def _keep_choices(campaign: Campaign, chosen: dict[str, Any]) -> None:
    """On the draft, whatever comes next: a canary must not be lost while something is mended first."""
    campaign.batch_size = chosen["batch_size"]
    campaign.canary = canary.SIZE if chosen["canary"] else 0
    campaign.on_not_found = chosen["on_not_found"] or campaign.on_not_found
    Campaign.objects.filter(pk=campaign.pk, state=Campaign.State.DRAFT).update(
        batch_size=campaign.batch_size, canary=campaign.canary, on_not_found=campaign.on_not_found
    )


def _already(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    messages.info(
        request,
        _("“{name}” was already sending: the first press counts, and nobody is texted twice.").format(
            name=campaign.name
        ),
    )
    return redirect("campaign", campaign.pk)


def _page(request: HttpRequest, campaign: Campaign, form: LaunchForm) -> HttpResponse:
    preflight = run_preflight(campaign)
    context = {
        "campaign": campaign,
        "form": form,
        "preflight": preflight,
        "checks": checks(campaign, preflight),
        "may_send": request.user.has_perm(SEND),
        "may_edit": request.user.has_perm("campaigns.change_campaign"),
        "handover_minutes": settings.HANDOVER_MINUTES,
        "undo_seconds": settings.UNDO_SECONDS,
        "canary": canary.SIZE if preflight.texts > canary.SIZE else 0,
        "provider_name": registry.name_for(campaign),
    }
    return render(request, "campaign_review.html", context)


def checks(campaign: Campaign, preflight: Preflight) -> list[Check]:
    """The check list in the order of the questions: who, from where, when, what, how much."""
    lines = [_from_finding(campaign, finding) for finding in preflight.findings]
    subjects = {finding.subject for finding in preflight.findings}
    if Subject.SENDER not in subjects:
        lines.append(_from_number(campaign, preflight))
    if preflight.texts > 0:
        lines.append(_when(preflight))
    if not any(finding.level == "stop" and finding.subject == Subject.TEXT for finding in preflight.findings):
        lines.append(_what(campaign))
    if preflight.segments:
        lines.append(_cost(campaign, preflight))
    order = list(Subject)
    return sorted(lines, key=lambda line: order.index(line.subject))


def _from_finding(campaign: Campaign, finding: Finding) -> Check:
    words = describe_finding(finding)
    url, link = "", ""
    if finding.code == FindingCode.SOME_LEFT_OUT and campaign.contact_list_id:
        url = reverse("list_detail", args=[campaign.contact_list_id])
        link = _("See the list and its left-out rows")
    elif finding.code == FindingCode.UNDECIDED:
        url, link = reverse("opt_outs") + "#undecided", _("Read their replies")
    elif finding.level == "stop" or finding.code == FindingCode.EMPTY_FIELDS:
        url, link = reverse("campaign_edit", args=[campaign.pk]), _("Change it")
    title = _("Who: {title}").format(title=words.title) if finding.level == "good" else words.title
    return Check(finding.level, finding.subject, title, words.detail, url, link)


def _from_number(campaign: Campaign, preflight: Preflight) -> Check:
    account = registry.for_sender(campaign.sender)
    sender = account.number(campaign.sender)
    kind = _("toll-free number") if sender and sender.toll_free else _("local number")
    detail = _("Set up for high volume texts with {name}. It sends about {rate:,} texts a minute.").format(
        name=account.name, rate=round(preflight.rate)
    )
    return Check(
        "good",
        Subject.SENDER,
        _("From: {phone}, {kind}").format(phone=phone(campaign.sender), kind=kind),
        detail,
    )


def _when(preflight: Preflight) -> Check:
    start = timezone.localtime()
    end = timezone.localtime(start + timedelta(minutes=preflight.minutes))
    day = "" if end.date() == start.date() else _(" on {end:%b} {day}").format(end=end, day=end.day)
    title = _("When: now, the last one leaves at {end:%H:%M %Z}{day}").format(end=end, day=day)
    detail = _("{time} of sending. A few receipts take days.").format(
        time=duration(preflight.minutes * 60).capitalize()
    )
    if start.hour >= EARLY and end.hour < LATE and not day:
        return Check("good", Subject.TIME, title, detail)
    odd = _(
        "Some would arrive before {early}:00 or after {late}:00 {end:%Z}, when people do not expect texts."
    ).format(early=EARLY, late=LATE, end=end)
    return Check("look", Subject.TIME, title, f"{odd} {detail}")


def _what(campaign: Campaign) -> Check:
    names = campaign.contact_list.field_names if campaign.contact_list else ()
    fields = Personaliser(campaign.text, names).fields
    title = (
        ngettext(
            "What: one text with {count} field", "What: one text with {count} fields", len(fields)
        ).format(count=number(len(fields)))
        if fields
        else _("What: one text for all")
    )
    if tells_how_to_stop(campaign.text):
        return Check("good", Subject.TEXT, title, _("It tells people how to stop."))
    detail = _(
        "Nothing in it tells people how to stop. Carriers expect a line such as “{opt_out_line}”."
    ).format(opt_out_line=OPT_OUT_LINE)
    return Check(
        "look", Subject.TEXT, title, detail, reverse("campaign_edit", args=[campaign.pk]), _("Add it")
    )


def _cost(campaign: Campaign, preflight: Preflight) -> Check:
    spread = ", ".join(
        f"{plural(line.people, 'person gets,people get')} {line.segments:,}" for line in preflight.histogram
    )
    if preflight.cost is None:
        detail = ngettext(
            "{count} segment: {spread}. What one costs was not entered.",
            "{count} segments: {spread}. What one costs was not entered.",
            preflight.segments,
        ).format(count=number(preflight.segments), spread=spread)
        return Check("look", Subject.COST, _("Cost: unknown"), detail)
    price = registry.for_sender(campaign.sender).price_for(campaign.sender)
    detail = ngettext(
        "{count} segment at {money}: {spread}.", "{count} segments at {money}: {spread}.", preflight.segments
    ).format(count=number(preflight.segments), money=money(price), spread=spread)
    return Check(
        "good",
        Subject.COST,
        _("Cost: {money} expected").format(money=money(cents(preflight.cost))),
        detail,
    )
