"""The status of the site, for every page."""

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.accounts.account import Account
from campaigns.labels.holds import describe_lock
from campaigns.labels.provider_words import describe_stored
from campaigns.labels.webhooks import describe_webhook_error
from campaigns.models import Campaign, Import, Webhook
from campaigns.receipts import discrepancies
from campaigns.reconciling import decisions
from campaigns.runtime import leases
from campaigns.sending import restore_guard

SILENT_SECONDS = 60.0
"""Age of the worker's last lease after which pages report it as silent. It is renewed before it ends."""


class SiteStatus:
    """Lazy status of the site: each value is queried at most once, and only if a page shows it.

    An anonymous visitor learns only whether texts are real.
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
        """Why nothing may be sent; empty if it may."""
        return describe_lock(restore_guard.sending_lock()) if self._signed_in else ""

    @cached_property
    def worker_silent(self) -> bool:
        """Whether no worker runs. One that never ran is reported only once work has waited for it."""
        if not self._signed_in:
            return False
        long_ago = timezone.now() - timedelta(seconds=SILENT_SECONDS)
        seen = leases.expires_at("tick")
        return seen < long_ago if seen else work_waits_since(long_ago)

    @property
    def nothing_leaves(self) -> bool:
        """Whether no campaign can be sent, so that no page may promise an end time."""
        return self.worker_silent or bool(self.sending_locked)

    @cached_property
    def account_error(self) -> str:
        """Why a provider cannot be reached; empty if all can."""
        errors = map(Account.error, registry.accounts()) if self._signed_in else ()
        return next(filter(None, map(describe_stored, errors)), "")

    @cached_property
    def webhook_error(self) -> str:
        """Why webhooks do not arrive; empty if they do."""
        if not (self._signed_in and settings.PUBLIC_URL):
            return ""
        webhook = Webhook.objects.exclude(error_since=None).first()
        return describe_webhook_error(webhook) if webhook else ""

    @cached_property
    def undecided(self) -> int:
        """How many decisions wait for a person."""
        if not self._signed_in:
            return 0
        return decisions.awaiting_decision().count() + discrepancies.unsettled().count()

    @property
    def banners(self) -> tuple[object, ...]:
        """Everything that the banners show, for the ETag of pages."""
        return (
            self.rehearsal,
            self.sending_locked,
            self.worker_silent,
            self.account_error,
            self.webhook_error,
        )


def work_waits_since(moment: datetime) -> bool:
    """Whether work has been waiting for a worker since then."""
    campaigns = Campaign.objects.filter(state__in=Campaign.MOVING, launched_at__lt=moment)
    uploads = Import.objects.filter(state=Import.State.WAITING)
    uploads = uploads.filter(created_at__lt=moment).exclude(finished_at__gte=moment)
    return campaigns.exists() or uploads.exists()


def site_status(request: HttpRequest) -> SiteStatus:
    """One object per request, shared by its view and its template."""
    status: SiteStatus = vars(request).setdefault("_standing", SiteStatus(getattr(request, "user", None)))
    return status


def standing(request: HttpRequest) -> dict[str, Any]:
    return {"standing": site_status(request)}
