"""Who is locked out of the sign-in, and the way back in."""

import logging
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html

from campaigns.admin import ReadOnlyAdmin
from campaigns.models import History
from dashboard import sign_in_locks
from dashboard.decorators import signed_in
from dashboard.models import FailedSignIn

log = logging.getLogger(__name__)

UNLOCK = "dashboard.delete_failedsignin"
"""The permission that it takes."""


@admin.register(FailedSignIn)
class FailedSignInAdmin(ReadOnlyAdmin):
    """What counts still. A row goes away by itself, by the right password, or by Unlock."""

    list_display = ("who", "address", "wrong", "last", "locked", "unlock")
    list_display_links = None
    fields = ("who", "address", "wrong", "last", "locked")
    search_fields = ("username__exact", "ip_address__exact")
    search_help_text = "A whole user name or address"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        since = timezone.now() - sign_in_locks.cool_off()
        return super().get_queryset(request).filter(attempt_time__gt=since)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST" and "unlock" in request.POST:
            return self._unlock(request, request.POST["unlock"])
        title = f"Wrong passwords of the last {settings.SIGN_IN_LOCK_MINUTES} minutes"
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def _unlock(self, request: HttpRequest, chosen: str) -> HttpResponse:
        if not request.user.has_perm(UNLOCK):
            raise PermissionDenied
        row = self.get_queryset(request).filter(pk=chosen).first() if chosen.isdecimal() else None
        if row is None:
            messages.warning(request, "This one is forgotten already. Nothing was changed.")
            return redirect(request.get_full_path())
        freed = sign_in_locks.unlock(row.username, row.ip_address)
        said = " and ".join(map(shown, freed)) or f"{shown(row.username)} from {row.ip_address}"
        name = "" if row.username.startswith(sign_in_locks.UNKNOWN_PREFIX) else row.username
        History.objects.record(
            History.Kind.SIGN_IN_UNLOCKED, actor=signed_in(request), user=name, locks=len(freed)
        )
        log.info("sign-in unlocked", extra={"user": request.user.get_username(), "unlocked": said})
        if freed:
            messages.success(request, f"Unlocked: {said}. The right password is taken again.")
        else:
            messages.success(request, f"The wrong passwords of {said} are forgotten. Nobody was locked out.")
        return redirect(request.get_full_path())

    @admin.display(description="user", ordering="username")
    def who(self, row: Any) -> str:
        return shown(row.username)

    @admin.display(description="address", ordering="ip_address")
    def address(self, row: Any) -> str:
        return str(row.ip_address)

    @admin.display(description="wrong passwords", ordering="failures_since_start")
    def wrong(self, row: Any) -> int:
        return int(row.failures_since_start)

    @admin.display(description="the last one at", ordering="attempt_time")
    def last(self, row: Any) -> str:
        return f"{timezone.localtime(row.attempt_time):%H:%M %Z}"

    @admin.display(description="sign-in")
    def locked(self, row: Any) -> str:
        lock = sign_in_locks.find_lock(row.username, row.ip_address)
        if lock is None:
            return "open"
        which = "the address is locked" if lock.by_address else "locked"
        return f"{which} until {timezone.localtime(lock.until):%H:%M %Z}"

    @admin.display(description="way back in")
    def unlock(self, row: Any) -> str:
        # The list stands in a form of its own, so a button in a row works without a script.
        return format_html(
            '<button class="button" name="unlock" value="{}" aria-label="Unlock {}">Unlock</button>',
            row.pk,
            f"{shown(row.username)} from {row.ip_address}",
        )


def shown(name: str) -> str:
    """A user; or that there is none of the name that was typed."""
    return "no such user" if name.startswith(sign_in_locks.UNKNOWN_PREFIX) else name
