"""What every request passes through, besides Django's own."""

import codecs
import logging
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy

Handler = Callable[[HttpRequest], HttpResponse]

DRAIN_BYTES = 128 * 1024 * 1024
"""How much of a refused upload is read and thrown away. A browser shows an answer only once its upload was
taken; beyond this the connection is closed."""


log = logging.getLogger(__name__)

FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
UNREADABLE: Final = "unreadable/unreadable"
"""The content type of a request whose own cannot be read at all."""
CHARACTER_SET: Final = gettext_lazy(
    "It was written in a character set that Carillon does not read. Browsers send UTF-8; set the program "
    "that sent this to UTF-8."
)
NO_KIND: Final = gettext_lazy(
    "Its Content-Type could not be read, so nobody knows what it is. Correct it, and send it again."
)
ZERO_BYTE: Final = gettext_lazy(
    "It holds a zero byte (NUL), which no text can hold. It may come from a damaged file or from copying. "
    "Type what you need anew."
)
TOO_LARGE: Final = gettext_lazy(
    "A number in it is larger than any that Carillon keeps. Correct it, and send it again."
)
UNTAKEN: Final = {
    "too large to convert to SQLite INTEGER": TOO_LARGE,
    "NUL (0x00)": ZERO_BYTE,
}
"""What the databases say of values that no column holds, and what people read instead."""


class ReadableMiddleware:
    """Refuse with a sentence what no page can work with: odd character sets, zero bytes, huge numbers."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info:
            return render(request, "404.html", status=404)
        # Django would believe the name of any codec that Python knows, such as rot13.
        request.encoding = "utf-8"
        why = _unreadable(request)
        return refused(request, why) if why else self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Forms find these by themselves. Django's own pages hand over to the database whatever comes."""
        why = next((str(why) for said, why in UNTAKEN.items() if said in str(exception)), "")
        if not why or not isinstance(exception, OverflowError | ValueError | DataError):
            return None
        log.info("the database cannot hold what was sent", extra={"path": request.path})
        return refused(request, why)


def _unreadable(request: HttpRequest) -> str:
    """Why nobody can read it, for people; empty if they can."""
    if request.content_type == UNREADABLE:
        return str(NO_KIND)
    said = (request.content_params or {}).get("charset", "utf-8")
    if request.content_type in FORMS and not _is_utf8(said):
        return str(CHARACTER_SET)
    return ""


def _is_utf8(name: str) -> bool:
    try:
        return codecs.lookup(name).name in ("utf-8", "ascii")
    except (LookupError, ValueError):
        return False


def refused(request: HttpRequest, why: str) -> HttpResponse:
    """The page that says why nothing was done."""
    return render(request, "400.html", {"why": why}, status=400)


class UploadLimitMiddleware:
    """Refuse a body over the limit before anything parses it, and in a way that the sentence arrives."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            size = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            size = 0
        # The form around the file takes a few hundred bytes of its own.
        if size <= settings.MAX_UPLOAD_BYTES + 64 * 1024:
            return self.get_response(request)
        left = min(size, DRAIN_BYTES)
        while left > 0 and (piece := request.read(min(left, 1024 * 1024))):
            left -= len(piece)
        context = {
            "size_mb": round(size / 1024 / 1024),
            "limit_mb": settings.MAX_UPLOAD_BYTES // 1024 // 1024,
        }
        return render(request, "413.html", context, status=413)


class FragmentSignInMiddleware:
    """A fragment asked for without a session sends the whole page to the sign-in, never the form into it."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        sign_in = reverse(settings.LOGIN_URL)
        if (
            request.headers.get("HX-Request") == "true"
            and response.status_code == 302
            and response["Location"].startswith(sign_in)
        ):
            return HttpResponse(status=204, headers={"HX-Redirect": sign_in})
        return response
