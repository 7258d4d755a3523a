"""Wrong passwords are counted by user and by address, and too many of them lock, with django-axes.

There is a row for each user and address, and a limit for each of three sums. The pair has the least room, so
that whoever guesses from one place cannot lock a colleague out elsewhere. The user's sum is for guesses from
many places, the address's sum for guesses of many names. A try is counted before its password is looked at,
so that many at once are as many. While locked, nothing is counted: the lock ends on time, whoever knocks.
"""

from __future__ import annotations

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

from dashboard import client_address

log = logging.getLogger(__name__)

PAIR_LIMIT = settings.AXES_FAILURE_LIMIT
USER_LIMIT = ADDRESS_LIMIT = 3 * PAIR_LIMIT
STRANGER = "unknown "
"""Begins what stands for a name that no user has. The name itself is kept nowhere: it may be a password that
was typed into the wrong field."""
_LOCK = "_sign_in_lock"


@dataclass(frozen=True, slots=True)
class Lock:
    until: datetime
    by_address: bool
    """Only the address is locked, whatever the name."""

    @property
    def sentence(self) -> str:
        what = "from where you are" if self.by_address else "for this name"
        end = f"{timezone.localtime(self.until):%H:%M %Z}"
        return (
            f"Too many wrong passwords were typed {what}, so even the right one is refused until {end}. "
            "Wait until then, or ask an administrator to unlock it."
        )


def cool_off(_request: HttpRequest | None = None) -> timedelta:
    """How long a lock lasts after the last wrong password that counted."""
    return timedelta(minutes=settings.SIGN_IN_LOCK_MINUTES)


def name_kept(username: str) -> str:
    """The name under which tries are counted: a user's own, or a code that nobody can read back."""
    if known_name(username):
        return username
    code = salted_hmac("sign-in", username.encode("utf-8", "replace"), algorithm="sha256").hexdigest()
    return f"{STRANGER}{code[:16]}"


def known_name(username: str) -> str:
    """The name if a user has it, else nothing."""
    longest = User._meta.get_field("username").max_length or 0
    if len(username) > longest or "\0" in username:
        return ""
    return username if User.objects.filter(username=username).exists() else ""


def name_of(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """As django-axes asks for it."""
    return name_kept(str((credentials or {}).get("username") or ""))


# --- Counting -------------------------------------------------------------------------------------------


def current(*, lock_rows: bool = False) -> Any:
    """Tries that count still."""
    rows = AccessAttempt.objects.filter(attempt_time__gt=timezone.now() - cool_off())
    return rows.select_for_update().order_by("pk") if lock_rows else rows


def standing(rows: Iterable[AccessAttempt], name: str, place: str) -> Lock | None:
    """The lock on this name from this address, if there is one. `rows`: all that are of either."""
    known = list(rows)
    of_name = [row for row in known if row.username == name]
    of_place = [row for row in known if row.ip_address == place]
    own = _end([row for row in of_name if row.ip_address == place], PAIR_LIMIT)
    ends = [end for end in (own, _end(of_name, USER_LIMIT)) if end]
    address_end = _end(of_place, ADDRESS_LIMIT)
    if not ends and not address_end:
        return None
    return Lock(max(filter(None, [*ends, address_end])), by_address=not ends)


def _end(rows: Sequence[AccessAttempt], limit: int) -> datetime | None:
    """When so many will have been forgotten that the count is below the limit; None if it is now."""
    count = 0
    for row in sorted(rows, key=lambda row: row.attempt_time, reverse=True):
        count += row.failures_since_start
        if count >= limit:
            end: datetime = row.attempt_time + cool_off()
            return end
    return None


def look(name: str, place: str) -> Lock | None:
    return standing(current().filter(Q(username=name) | Q(ip_address=place)), name, place)


@transaction.atomic
def begin(name: str, place: str) -> Lock | None:
    """Count a try whose password is looked at next; or count nothing, and say what forbids it."""
    AccessAttempt.objects.filter(attempt_time__lte=timezone.now() - cool_off()).delete()
    if lock := look(name, place):
        return lock
    blank = {"get_data": "", "post_data": "", "http_accept": "", "path_info": "", "failures_since_start": 0}
    AccessAttempt.objects.get_or_create(username=name, ip_address=place, user_agent="", defaults=blank)
    # Others who try the same now wait for the row, which is there for all of them.
    rows = current(lock_rows=True).filter(Q(username=name) | Q(ip_address=place))
    if lock := standing(rows, name, place):
        return lock
    AccessAttempt.objects.filter(username=name, ip_address=place).update(
        failures_since_start=F("failures_since_start") + 1, attempt_time=timezone.now()
    )
    return None


def forget(name: str, place: str) -> None:
    """The right password was typed. What was guessed from elsewhere, or of others from here, still counts."""
    AccessAttempt.objects.filter(username=name, ip_address=place).delete()


@transaction.atomic
def unlock(name: str, place: str) -> list[str]:
    """Forget what was counted of a user, and of the address if that is locked. Returns what was locked."""
    rows = list(current(lock_rows=True).filter(Q(username=name) | Q(ip_address=place)))
    lock = standing(rows, name, place)
    user_locked = lock is not None and not lock.by_address
    place_locked = _end([row for row in rows if row.ip_address == place], ADDRESS_LIMIT) is not None
    gone = Q(username=name) | Q(ip_address=place) if place_locked else Q(username=name)
    AccessAttempt.objects.filter(gone).delete()
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
        name, place = name_kept(username), client_address.place(request)
        if lock := begin(name, place):
            vars(request)[_LOCK] = lock
            raise AxesBackendPermissionDenied("locked")
        user = ModelBackend.authenticate(self, request, username, password, **more)
        if user is not None:
            forget(name, place)
        return user


class Handler(AxesDatabaseHandler):  # type: ignore[misc] # it comes without types
    """Keeps nothing of a request but the user and the address; `Backend` has counted already."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        return look(name_of(request, credentials), client_address.place(request)) is not None

    def user_login_failed(
        self, sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **_more: Any
    ) -> None:
        if request is None:
            return
        before = lock_on(request)
        lock = before or look(name_of(request, credentials), client_address.place(request))
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
    """Why the sign-in of this request was refused, if a lock was why."""
    found: Lock | None = vars(request).get(_LOCK)
    return found


def answer(request: HttpRequest, page: HttpResponse, _credentials: object = None) -> HttpResponse:
    """The page with the form says it; programs read it from the status."""
    lock = lock_on(request)
    page.status_code = 429
    if lock:
        page["Retry-After"] = str(max(1, round((lock.until - timezone.now()).total_seconds())))
    return page
