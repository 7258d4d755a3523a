"""Decorators and helpers for views: actions that are a button (POST only), and the signed-in user."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

View = Callable[..., HttpResponseBase]

NOT_DONE: Final = gettext_lazy(
    "Your press on the button was not carried out, most likely because you had been signed out meanwhile. "
    "If you still want it, press once more."
)


def signed_in(request: HttpRequest) -> User:
    """The user of a request that passed the sign-in. Raises PermissionDenied for an anonymous one."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def post_action(page: str, *names: str, message: str | Promise = NOT_DONE) -> Callable[[View], View]:
    """Accept POST only; a GET changes nothing and redirects to `page`, which has the button, with a warning.

    A user who signs in again after the session ended comes back by GET, because the browser does not repeat
    the POST. `names` are the URL arguments that `page` takes too.
    """

    def decorate(view: View) -> View:
        post_view: View = require_POST(view)

        @wraps(view)
        def wrapper(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
            if request.method not in ("GET", "HEAD"):
                return post_view(request, **arguments)
            messages.warning(request, str(message))
            return redirect(reverse(page, kwargs={name: arguments[name] for name in names}))

        return wrapper

    return decorate
