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
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django_htmx.http import HTMX_STOP_POLLING

from campaigns.accounts import registry
from campaigns.labels.progress import describe_progress, summarize
from campaigns.labels.states import PROVIDER_STATES
from campaigns.models import Campaign, History, Import, RowState
from campaigns.reports.progress import Progress, progress
from campaigns.reports.row_states import TAKEN
from campaigns.sending import lifecycle, quarantine
from dashboard.context_processors import site_status
from dashboard.decorators import post_action, signed_in
from dashboard.notices import campaign_notices
from dashboard.templatetags.carillon import number

SEND = "campaigns.send_campaign"
STOPPED = (History.Kind.CANCELLED, History.Kind.UNDONE)
PAUSABLE = (Campaign.State.PREPARING, Campaign.State.SENDING)


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def campaign(request: HttpRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    if campaign.is_draft:
        may_edit = request.user.has_perm("campaigns.change_campaign")
        return redirect("campaign_edit" if may_edit else "campaign_review", campaign.pk)
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


@permission_required(SEND, raise_exception=True)
@post_action("campaign", "campaign_id")
def campaign_try_again(request: HttpRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    user = signed_in(request)
    if lifecycle.resume(campaign, user=user) or quarantine.release(campaign.pk, user=user):
        messages.success(
            request, _("It goes on. What is with the carrier already is not handed over a second time.")
        )
    else:
        messages.info(request, _why_not_on(progress(campaign.pk)))
    return redirect("campaign", campaign.pk)


def _why_not_on(now: Progress) -> str:
    """What became of a campaign that cannot be told to go on."""
    if now.campaign.is_draft:
        return _("It is a draft: nothing of it was sent yet.")
    if now.cancelled:
        return _("It was cancelled: what had not been handed over is never sent.")
    if now.campaign.state in (Campaign.State.DELIVERING, Campaign.State.FINISHED):
        return _("Everything of it was handed over: there is nothing left to go on with.")
    return _("It goes on already: somebody was quicker.")


@permission_required(SEND, raise_exception=True)
@post_action("campaign", "campaign_id")
def campaign_pause(request: HttpRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    if lifecycle.pause(campaign, user=signed_in(request)):
        messages.success(
            request,
            _("Paused. {summary}").format(summary=summarize(campaign, progress(campaign.pk).counters)),
        )
    else:
        messages.info(request, _("There was nothing to pause: it is held already, or everything has left."))
    return redirect("campaign", campaign.pk)


@permission_required(SEND, raise_exception=True)
@post_action("campaign", "campaign_id")
def campaign_undo(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Take the launch back. A second press leads to the same draft."""
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    undone = lifecycle.undo(campaign, user=signed_in(request))
    draft = undone or lifecycle.draft_after(campaign)
    if undone:
        messages.success(
            request, _("Taken back: nothing was sent. Here is the same campaign as a draft again.")
        )
    elif draft is None:
        messages.warning(
            request,
            _("It is too late to take it back. {summary}").format(
                summary=summarize(campaign, progress(campaign.pk).counters)
            ),
        )
    return redirect("campaign_edit", draft.pk) if draft else redirect("campaign", campaign.pk)


def _live(request: HttpRequest, now: Progress) -> dict[str, Any]:
    people = reverse("campaign_people", args=[now.campaign.pk])
    source = Import.objects.filter(contact_list=now.campaign.contact_list, state=Import.State.DONE).first()
    provider = registry.name_of(now.campaign.account)
    return {
        "campaign": now.campaign,
        "progress": now,
        "shares": [(item.state.value, item.count) for item in now.states],
        "stats": [(item.count, item.state.value, f"{people}?state={item.state}") for item in now.states],
        "people_url": people,
        "source": source,
        "expected": _expected(now.campaign),
        "known_words": set(PROVIDER_STATES),
        "may_send": request.user.has_perm(SEND),
        "paused": now.campaign.is_paused,
        "can_pause": now.campaign.state in PAUSABLE and not now.campaign.is_paused,
        "receipt_states": (*TAKEN, RowState.REJECTED, RowState.MARKED_SENT),
        "asks_about_canary": now.campaign.hold_reason == Campaign.HoldReason.CANARY,
        "announcement": _("{processed} of {texts} processed by {provider}. {sentence}").format(
            processed=number(now.processed),
            texts=number(now.texts),
            provider=provider,
            sentence=describe_progress(now),
        ),
        "notices": [*campaign_notices(now, _stopped(now), provider)],
        "provider_name": provider,
    }


def _stopped(now: Progress) -> History | None:
    """When somebody cancelled it or took it back, and who."""
    if now.campaign.state in lifecycle.STOPPABLE and not now.cancelled:
        return None
    stopped = History.objects.filter(campaign_id=now.campaign.pk, kind__in=STOPPED)
    return stopped.first()


def _expected(campaign: Campaign) -> Any:
    """US dollars that the frozen texts should cost; None if no price was entered."""
    return None if campaign.price is None else campaign.price * campaign.segments


def _etag(request: HttpRequest, now: Progress) -> str:
    """Names everything on the fragment that can change."""
    done_by = now.done_by and timezone.localtime(now.done_by).strftime("%d %H:%M")
    shown = (
        (
            now.campaign.state,
            now.campaign.asked,
            (now.campaign.hold_reason, now.campaign.hold_data, now.quarantined),
            (now.campaign.wait_reason, now.campaign.wait_data, now.campaign.next_retry_at),
            now.counters.as_dict(),
            now.percent,
            now.leaves_in,
            now.canary_reasons,
        ),
        (now.batches, now.batch_count, now.read_at, now.next_delay, now.rate_per_minute, done_by),
        (request.user.pk, request.user.has_perm(SEND), site_status(request).banners),
    )
    return f'"{hashlib.sha256(repr(shown).encode()).hexdigest()[:32]}"'
