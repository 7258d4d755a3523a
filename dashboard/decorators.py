"""Pages that are only a press on a button, and what becomes of a press that got lost on the way."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

View = Callable[..., HttpResponseBase]

NOT_DONE: Final = (
    "Your press on the button was not carried out, most likely because you had been signed out meanwhile. "
    "If you still want it, press once more."
)


def press(page: str, *names: str, said: str = NOT_DONE) -> Callable[[View], View]:
    """Take POST only. A GET changes nothing and leads to `page`, which has the button, and says so.

    Whoever presses after the session ended comes here from the sign-in, by GET: the browser does not press
    again for them. `names` are those parts of the address that `page` has in its own.
    """

    def around(view: View) -> View:
        posted: View = require_POST(view)

        @wraps(view)
        def pressed(request: HttpRequest, **address: Any) -> HttpResponseBase:
            if request.method not in ("GET", "HEAD"):
                return posted(request, **address)
            messages.warning(request, said)
            return redirect(reverse(page, kwargs={name: address[name] for name in names}))

        return pressed

    return around
