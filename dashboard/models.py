"""No tables of our own: only our words for one of django-axes."""

from __future__ import annotations

from axes.models import AccessAttempt


class FailedSignIn(AccessAttempt):  # type: ignore[misc] # it comes without types
    """The wrong passwords of one user from one address."""

    class Meta:
        proxy = True
        verbose_name = "failed sign-in"
        verbose_name_plural = "failed sign-ins"
