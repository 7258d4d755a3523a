"""No tables of our own: only our words for one of django-axes."""

from axes.models import AccessAttempt
from django.utils.translation import gettext_lazy


class FailedSignIn(AccessAttempt):  # type: ignore[misc] # it comes without types
    """The wrong passwords of one user from one address."""

    class Meta:
        proxy = True
        verbose_name = gettext_lazy("failed sign-in")
        verbose_name_plural = gettext_lazy("failed sign-ins")
