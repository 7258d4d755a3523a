"""The live page: where everyone is, while it happens. Reads counters of our own database and nothing else."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HTMX_STOP_POLLING

from campaigns.models import Campaign, Event, Import
from campaigns.reporting.progress import Progress, progress
from campaigns.sending import accounts, control
from dashboard.people import signed_in
from dashboard.words import REMOTE

SEND = "campaigns.send_campaign"


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def campaign(request: HttpRequest, campaign_id: int) -> HttpResponse:
    found = get_object_or_404(Campaign, pk=campaign_id)
    if found.is_draft:
        may_edit = request.user.has_perm("campaigns.change_campaign")
        return redirect("campaign_edit" if may_edit else "campaign_review", found.pk)
    return render(request, "campaign.html", _live(request, progress(campaign_id)))


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def campaign_batches(request: HttpRequest, campaign_id: int) -> HttpResponseBase:
    """The part of the page that moves. The last answer tells HTMX to stop asking."""
    try:
        now = progress(campaign_id)
    except Campaign.DoesNotExist:
        raise Http404 from None
    if now.campaign.is_draft:
        raise Http404
    etag = _etag(request, now)
    # Quotes, weak and strong comparison, HEAD: Django knows the rules. None: it has changed since.
    unchanged = get_conditional_response(request, etag=etag) if now.moving else None
    if unchanged is not None:
        return unchanged
    status = 200 if now.moving else HTMX_STOP_POLLING
    response = render(request, "campaign.html#answer", _live(request, now) | {"answer": True}, status=status)
    response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    return response


@require_POST
@permission_required(SEND, raise_exception=True)
def campaign_try_again(request: HttpRequest, campaign_id: int) -> HttpResponse:
    found = get_object_or_404(Campaign, pk=campaign_id)
    if control.try_again(found, user=signed_in(request)):
        messages.success(
            request, "It goes on. What is with the carrier already is not handed over a second time."
        )
    else:
        messages.info(request, "It was not held any more: somebody was quicker.")
    return redirect("campaign", found.pk)


@require_POST
@permission_required(SEND, raise_exception=True)
def campaign_pause(request: HttpRequest, campaign_id: int) -> HttpResponse:
    found = get_object_or_404(Campaign, pk=campaign_id)
    if control.pause(found, user=signed_in(request)):
        messages.success(request, "Paused. Nothing more is handed over until somebody presses Go on.")
    else:
        messages.info(request, "There was nothing to pause: it is held already, or everything has left.")
    return redirect("campaign", found.pk)


def _live(request: HttpRequest, now: Progress) -> dict[str, Any]:
    people = reverse("campaign_people", args=[now.campaign.pk])
    source = Import.objects.filter(contact_list=now.campaign.contact_list, state=Import.State.DONE).first()
    return {
        "campaign": now.campaign,
        "progress": now,
        "shares": [(item.state.value, item.count) for item in now.states],
        "tiles": [(item.count, item.state.value, f"{people}?state={item.state}") for item in now.states],
        "people_url": people,
        "source": source,
        "expected": _expected(now.campaign),
        "known_words": set(REMOTE),
        "may_send": request.user.has_perm(SEND),
        "paused": now.campaign.trouble_code == control.PAUSED,
        "cancelled": _cancelled(now),
        "provider_name": accounts.provider_name(),
    }


def _cancelled(now: Progress) -> Event | None:
    """When somebody cancelled it, and who."""
    if now.campaign.state in control.STOPPABLE:
        return None
    return now.campaign.events.filter(verb="cancelled").select_related("actor").first()


def _expected(campaign: Campaign) -> Any:
    """US dollars that the frozen texts should cost; None if no price was entered."""
    return None if campaign.price is None else campaign.price * campaign.segments


def _etag(request: HttpRequest, now: Progress) -> str:
    """Names everything on the fragment that can change."""
    done_by = now.done_by and timezone.localtime(now.done_by).strftime("%d %H:%M")
    shown = (
        (
            now.campaign.state,
            now.campaign.trouble,
            now.campaign.next_try_at,
            now.tally.as_dict(),
            now.percent,
        ),
        (now.batches, now.batch_count, now.read_at, now.next_delay, now.rate_per_minute, done_by),
        (request.user.pk, request.user.has_perm(SEND)),
    )
    return f'"{hashlib.sha256(repr(shown).encode()).hexdigest()[:32]}"'
