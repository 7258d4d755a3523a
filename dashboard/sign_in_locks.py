"""Throttle sign-ins with django-axes: wrong passwords are counted by user and by address.

Each user and address has a row, and each of three sums has a limit. The pair has the lowest limit, so that
guessing from one address cannot lock a colleague out elsewhere. The user's sum limits guesses from many
addresses, the address's sum guesses of many names. An attempt is counted before its password is checked, so
that concurrent attempts all count. While locked nothing is counted, so the lock always ends on time.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from axes.backends import AxesStandaloneBackend
from axes.exceptions import AxesBackendPermissionDenied, AxesBackendRequestParameterRequired
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from dashboard import client_address

log = logging.getLogger(__name__)

PAIR_LIMIT = settings.AXES_FAILURE_LIMIT
USER_LIMIT = ADDRESS_LIMIT = 3 * PAIR_LIMIT
UNKNOWN_PREFIX = "unknown "
"""Prefix of the code stored for a name that no user has. The name itself is never stored: it may be a
password that was typed into the wrong field."""
_LOCK = "_sign_in_lock"


@dataclass(frozen=True, slots=True)
class Lock:
    until: datetime
    by_address: bool
    """Only the address is locked, whatever the name."""

    @property
    def sentence(self) -> str:
        what = _("from where you are") if self.by_address else _("for this name")
        end = f"{timezone.localtime(self.until):%H:%M %Z}"
        return _(
            "Too many wrong passwords were typed {what}, so even the right one is refused until {end}. "
            "Wait until then, or ask an administrator to unlock it."
        ).format(what=what, end=end)


def cool_off(_request: HttpRequest | None = None) -> timedelta:
    """How long a lock lasts after the last wrong password that counted."""
    return timedelta(minutes=settings.SIGN_IN_LOCK_MINUTES)


def stored_name(username: str) -> str:
    """The name under which attempts are counted: the user's own, or an irreversible code."""
    if known_name(username):
        return username
    code = salted_hmac("sign-in", username.encode("utf-8", "replace"), algorithm="sha256").hexdigest()
    return f"{UNKNOWN_PREFIX}{code[:16]}"


def known_name(username: str) -> str:
    """The name if a user has it, else an empty string."""
    longest = User._meta.get_field("username").max_length or 0
    if len(username) > longest or "\0" in username:
        return ""
    return username if User.objects.filter(username=username).exists() else ""


def name_of(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """As django-axes asks for it."""
    return stored_name(str((credentials or {}).get("username") or ""))


# --- Counting -------------------------------------------------------------------------------------------


def current(*, lock_rows: bool = False) -> Any:
    """Attempts that still count."""
    rows = AccessAttempt.objects.filter(attempt_time__gt=timezone.now() - cool_off())
    return rows.select_for_update().order_by("pk") if lock_rows else rows


def lock_of(rows: Iterable[AccessAttempt], name: str, place: str) -> Lock | None:
    """The lock on this name from this address, if any. `rows`: all rows of either."""
    known = list(rows)
    of_name = [row for row in known if row.username == name]
    of_place = [row for row in known if row.ip_address == place]
    own = lock_end([row for row in of_name if row.ip_address == place], PAIR_LIMIT)
    ends = [end for end in (own, lock_end(of_name, USER_LIMIT)) if end]
    address_end = lock_end(of_place, ADDRESS_LIMIT)
    if not ends and not address_end:
        return None
    return Lock(max(filter(None, [*ends, address_end])), by_address=not ends)


def lock_end(rows: Sequence[AccessAttempt], limit: int) -> datetime | None:
    """When enough attempts expire that the count falls below the limit; None if it is below now."""
    count = 0
    for row in sorted(rows, key=lambda row: row.attempt_time, reverse=True):
        count += row.failures_since_start
        if count >= limit:
            end: datetime = row.attempt_time + cool_off()
            return end
    return None


def find_lock(name: str, place: str) -> Lock | None:
    return lock_of(current().filter(Q(username=name) | Q(ip_address=place)), name, place)


@transaction.atomic
def count_attempt(name: str, place: str) -> Lock | None:
    """Count an attempt before its password is checked, or return the lock that forbids it."""
    AccessAttempt.objects.filter(attempt_time__lte=timezone.now() - cool_off()).delete()
    if lock := find_lock(name, place):
        return lock
    blank = {"get_data": "", "post_data": "", "http_accept": "", "path_info": "", "failures_since_start": 0}
    AccessAttempt.objects.get_or_create(username=name, ip_address=place, user_agent="", defaults=blank)
    # Concurrent attempts wait for the row, which exists for all of them.
    rows = current(lock_rows=True).filter(Q(username=name) | Q(ip_address=place))
    if lock := lock_of(rows, name, place):
        return lock
    AccessAttempt.objects.filter(username=name, ip_address=place).update(
        failures_since_start=F("failures_since_start") + 1, attempt_time=timezone.now()
    )
    return None


def clear(name: str, place: str) -> None:
    """Reset the pair after the right password. Other addresses and other names still count."""
    AccessAttempt.objects.filter(username=name, ip_address=place).delete()


@transaction.atomic
def unlock(name: str, place: str) -> list[str]:
    """Reset the counts of a user, and of the address if that is locked. Returns what was locked."""
    rows = list(current(lock_rows=True).filter(Q(username=name) | Q(ip_address=place)))
    lock = lock_of(rows, name, place)
    user_locked = lock is not None and not lock.by_address
    place_locked = lock_end([row for row in rows if row.ip_address == place], ADDRESS_LIMIT) is not None
    cleared = Q(username=name) | Q(ip_address=place) if place_locked else Q(username=name)
    AccessAttempt.objects.filter(cleared).delete()
    return [*([name] if user_locked else []), *([place] if place_locked else [])]


# --- What Django and django-axes call --------------------------------------------------------------------


class Backend(AxesStandaloneBackend, ModelBackend):  # type: ignore[misc] # it comes without types
    """Names and passwords, as Django's own, behind the locks."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **more: Any,
    ) -> User | None:
        if request is None:
            raise AxesBackendRequestParameterRequired("the address of a request is needed to count by it")
        if username is None or password is None:
            return None
        name, place = stored_name(username), client_address.place(request)
        if lock := count_attempt(name, place):
            vars(request)[_LOCK] = lock
            raise AxesBackendPermissionDenied("locked")
        user = ModelBackend.authenticate(self, request, username, password, **more)
        if user is not None:
            clear(name, place)
        return user


class Handler(AxesDatabaseHandler):  # type: ignore[misc] # it comes without types
    """Stores only the user and the address of a request; `Backend` has counted already."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        return find_lock(name_of(request, credentials), client_address.place(request)) is not None

    def user_login_failed(
        self, sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **_more: Any
    ) -> None:
        if request is None:
            return
        before = lock_on(request)
        lock = before or find_lock(name_of(request, credentials), client_address.place(request))
        vars(request)[_LOCK] = lock
        # From here on its middleware asks `answer` for the answer.
        vars(request)["axes_locked_out"] = lock is not None
        log.warning(
            "sign-in refused",
            extra={
                "user": known_name(str(credentials.get("username") or "")) or "unknown user",
                "address": client_address.address(request),
                "locked": "still" if before else "from now on" if lock else "no",
            },
        )

    def user_logged_in(self, sender: object, request: HttpRequest, user: User, **_more: Any) -> None:
        address = client_address.address(request)
        log.info("signed in", extra={"user": user.get_username(), "address": address})

    def user_logged_out(self, sender: object, request: HttpRequest, user: User | None, **_more: Any) -> None:
        if user is not None:
            address = client_address.address(request)
            log.info("signed out", extra={"user": user.get_username(), "address": address})


def lock_on(request: HttpRequest) -> Lock | None:
    """The lock that refused the sign-in of this request, if any."""
    lock: Lock | None = vars(request).get(_LOCK)
    return lock


def answer(request: HttpRequest, page: HttpResponse, _credentials: object = None) -> HttpResponse:
    """Add status 429 and Retry-After for programs; the page itself shows the sentence."""
    lock = lock_on(request)
    page.status_code = 429
    if lock:
        page["Retry-After"] = str(max(1, round((lock.until - timezone.now()).total_seconds())))
    return page
