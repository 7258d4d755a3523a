"""The door for gunicorn."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
site = get_wsgi_application()

from dashboard.checks import refuse_open  # noqa: E402 - they need the settings
from dashboard.middleware import UNREADABLE  # noqa: E402

refuse_open()


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The site. Django reads this header before any of its handlers could answer that it cannot be read."""
    try:
        _, said = parse_header_parameters(environ.get("CONTENT_TYPE", ""))
        readable = "\0" not in said.get("charset", "")
    except (ValueError, LookupError):
        readable = False
    if not readable:
        environ["CONTENT_TYPE"] = UNREADABLE
    return site(environ, start_response)
