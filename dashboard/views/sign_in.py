"""The only door of the site, for the admin pages too."""

from urllib.parse import urlencode, urlsplit

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from dashboard.forms.contacts import SignInForm
from dashboard.notices import OTHER_ROLE


class SignInView(LoginView):
    """Django's own, which never leads back to itself."""

    template_name = "sign_in.html"
    extra_context = {"notices": [OTHER_ROLE]}
    authentication_form = SignInForm
    redirect_authenticated_user = True
    http_method_names = ["get", "head", "post"]

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        wanted = super().get_redirect_url()
        doors = {reverse("sign_in"), reverse("admin:login")}
        return "" if urlsplit(wanted).path in doors else wanted


sign_in = SignInView.as_view()


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
