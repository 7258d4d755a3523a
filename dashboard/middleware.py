"""What every request passes through, besides Django's own."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

Handler = Callable[[HttpRequest], HttpResponse]

DRAIN_BYTES = 128 * 1024 * 1024
"""How much of a refused upload is read and thrown away. A browser shows an answer only once its upload was
taken; beyond this the connection is closed."""


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
