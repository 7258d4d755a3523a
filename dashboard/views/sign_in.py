"""The only door of the site, for the admin pages too."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from dashboard.forms import SignInForm

sign_in = LoginView.as_view(
    template_name="sign_in.html",
    authentication_form=SignInForm,
    redirect_authenticated_user=True,
    http_method_names=["get", "head", "post"],
)


@login_not_required
@require_safe
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Where the admin site sends those whom it does not let in."""
    if admin.site.has_permission(request):
        return redirect("admin:index")
    if request.user.is_authenticated:
        # Not back to the sign-in: it would send somebody who is signed in here again.
        raise PermissionDenied
    wanted = request.GET.get("next") or reverse("admin:index")
    return redirect(f"{reverse('sign_in')}?{urlencode({'next': wanted})}")
