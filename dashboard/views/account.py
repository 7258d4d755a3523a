"""Who is signed in, and their own password."""

import logging

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from campaigns.models import History
from dashboard.client_address import address
from dashboard.decorators import signed_in
from dashboard.forms.contacts import PasswordForm

log = logging.getLogger(__name__)

ROLES = {
    "viewer": gettext_lazy("Viewer: sees everything, changes nothing"),
    "composer": gettext_lazy("Composer: also uploads lists, writes campaigns and enters opt-outs"),
    "sender": gettext_lazy("Sender: also sends campaigns"),
}
ADMINISTRATOR = gettext_lazy("Administrator: may do everything, and looks after users and prices")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters()
def account(request: HttpRequest) -> HttpResponse:
    """For everybody who is signed in, whatever their role."""
    user = signed_in(request)
    form = (
        PasswordForm(request, user, request.POST) if request.method == "POST" else PasswordForm(request, user)
    )
    if form.is_valid():
        form.save()
        # The others of this user end, because they were signed with the old password.
        update_session_auth_hash(request, user)
        History.objects.record(History.Kind.PASSWORD_CHANGED, actor=user)
        log.info("password changed", extra={"user": user.get_username(), "address": address(request)})
        messages.success(
            request, _("Your password is changed. Wherever else you were signed in, you are no more.")
        )
        return redirect("account")
    return render(request, "account.html", {"form": form, "roles": roles(user)})


def admin_password(request: HttpRequest) -> HttpResponse:
    """The admin site's own page would let one guess the current password without end."""
    return redirect("account")


def roles(user: User) -> list[str]:
    """In words, the most powerful first; groups that an administrator made are called by their names."""
    groups = list(user.groups.order_by("name").values_list("name", flat=True))
    known = [ROLES[name] for name in reversed(ROLES) if name in groups]
    own = [name for name in groups if name not in ROLES]
    return [*([str(ADMINISTRATOR)] if user.is_superuser else []), *map(str, known), *own]
