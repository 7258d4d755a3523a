"""What every page knows."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Campaign, Import, Webhook
from campaigns.receipts import discrepancies
from campaigns.reconciling import decisions
from campaigns.runtime import leases
from campaigns.sending import restore_guard

SILENT = 60.0
"""Seconds after which pages say that the background worker is not heard of. It writes every half second."""


class Standing:
    """How the site stands: a page asks only for what it shows, and at most once for each.

    Whoever is not signed in learns no more than whether texts are real.
    """

    def __init__(self, user: AbstractBaseUser | AnonymousUser | None) -> None:
        self._user = user

    @cached_property
    def _signed_in(self) -> bool:
        return self._user is not None and self._user.is_authenticated

    @property
    def rehearsal(self) -> bool:
        """No text leaves this machine."""
        return bool(settings.REHEARSAL)

    @cached_property
    def sending_locked(self) -> str:
        """Why nothing may leave."""
        return restore_guard.blocking_reason() if self._signed_in else ""

    @cached_property
    def worker_silent(self) -> bool:
        """Nobody does the work in the background; whether that was never begun shows in what waits for it."""
        if not self._signed_in:
            return False
        long_ago = timezone.now() - timedelta(seconds=SILENT)
        seen = leases.expires_at("tick")
        return seen < long_ago if seen else _something_waits_since(long_ago)

    @property
    def nothing_leaves(self) -> bool:
        """Of any campaign, so that no page may promise when one is done."""
        return self.worker_silent or bool(self.sending_locked)

    @cached_property
    def carrier_trouble(self) -> str:
        """Why the carrier cannot be reached."""
        return registry.current_problem() if self._signed_in else ""

    @cached_property
    def webhook_trouble(self) -> str:
        """Why the carrier cannot reach us."""
        if not (self._signed_in and settings.PUBLIC_URL):
            return ""
        return Webhook.objects.exclude(trouble="").values_list("trouble", flat=True).first() or ""

    @cached_property
    def undecided(self) -> int:
        """What waits on the page of decisions."""
        if not self._signed_in:
            return 0
        return decisions.awaiting_decision().count() + discrepancies.unsettled().count()

    @property
    def banners(self) -> tuple[object, ...]:
        """All that the banners say, for pages that tell by it whether they have to be sent again."""
        return (
            self.rehearsal,
            self.sending_locked,
            self.worker_silent,
            self.carrier_trouble,
            self.webhook_trouble,
        )


def _something_waits_since(moment: datetime) -> bool:
    """Whether a worker had something to begin with at that time."""
    campaigns = Campaign.objects.filter(state__in=Campaign.MOVING, launched_at__lt=moment)
    uploads = Import.objects.filter(state=Import.State.WAITING)
    uploads = uploads.filter(created_at__lt=moment).exclude(finished_at__gte=moment)
    return campaigns.exists() or uploads.exists()


def standing_of(request: HttpRequest) -> Standing:
    """The same one as long as the request lasts, for its view and its template."""
    found: Standing = vars(request).setdefault("_standing", Standing(getattr(request, "user", None)))
    return found


def standing(request: HttpRequest) -> dict[str, Any]:
    return {"standing": standing_of(request)}
