"""Stop what was not handed over yet, for good. What the provider has cannot be recalled."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from campaigns.accounts import registry
from campaigns.labels.progress import summarize
from campaigns.models import Campaign
from campaigns.reports.progress import progress
from campaigns.sending import lifecycle
from dashboard.decorators import signed_in
from dashboard.templatetags.carillon import plural


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("campaigns.send_campaign", raise_exception=True)
def campaign_cancel(request: HttpRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    now = progress(campaign.pk)
    if request.method != "POST" and campaign.state in lifecycle.STOPPABLE and not now.cancelled:
        context = {"progress": now, "provider_name": registry.name_of(campaign.account)}
        return render(request, "campaign_cancel.html", context)
    stopped = lifecycle.cancel(campaign, user=signed_in(request)) if request.method == "POST" else None
    if stopped is None:
        messages.info(request, _("There is nothing to cancel: nothing of it is left to be handed over."))
    elif now.campaign.state == Campaign.State.PREPARING:
        messages.success(request, _("Cancelled: nothing of it is sent."))
    else:
        count = plural(stopped, "text is,texts are") if stopped else _("nothing was left here, so no text is")
        messages.success(
            request,
            _("Cancelled: {count} kept from leaving. {summary}").format(
                count=count, summary=summarize(campaign, progress(campaign.pk).counters)
            ),
        )
    return redirect("campaign", campaign.pk)
