"""What every page knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from campaigns.models import Webhook
from campaigns.reporting import disagreements
from campaigns.sending import accounts, highwater, leases, review

SILENT = 60.0
"""Seconds after which pages say that the background worker is not heard of. It writes every half second."""


def carrier(request: HttpRequest) -> dict[str, Any]:
    """Whether texts are real, whether the carrier can be reached, and whether it can reach us."""
    context: dict[str, Any] = {
        "rehearsal": settings.REHEARSAL,
        "carrier_trouble": "",
        "webhook_trouble": "",
        "worker_silent": False,
        "sending_locked": "",
    }
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        context["carrier_trouble"] = accounts.trouble()
        context["worker_silent"] = leases.overdue("tick", seconds=SILENT)
        context["sending_locked"] = highwater.trouble  # asked by the banner only
        # Asked by the navigation only: a fragment that is polled has none.
        context["undecided"] = lambda: review.waiting().count() + disagreements.unsettled().count()
        if settings.PUBLIC_URL:
            webhook = Webhook.objects.exclude(trouble="").first()
            context["webhook_trouble"] = webhook.trouble if webhook else ""
    return context
