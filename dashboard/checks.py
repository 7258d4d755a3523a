"""System checks of the site's private files and of its sign-in locks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from dashboard.conf import private_files

MAX_LOCK_MINUTES = 24 * 60


def private_paths() -> private_files.Paths:
    return private_files.Paths(
        var_dir=Path(settings.VAR_DIR),
        folders=settings.OWN_FOLDERS,
        database=settings.DATABASE_FILE,
        project=Path(settings.BASE_DIR),
    )


@register(Tags.security)
def check_private(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[CheckMessage]:
    return [
        Error(exposed.message, hint=exposed.hint, id="carillon.E033")
        for exposed in private_files.problems(private_paths())
    ]


@register(Tags.security)
def check_lock(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[CheckMessage]:
    minutes = settings.SIGN_IN_LOCK_MINUTES
    if 1 <= minutes <= MAX_LOCK_MINUTES:
        return []
    return [
        Error(
            f"SIGN_IN_LOCK_MINUTES is {minutes}; it must be from 1 to {MAX_LOCK_MINUTES:,}.",
            hint="15 is the default: long enough to stop guessing, short enough to wait for.",
            id="carillon.E070",
        )
    ]


def refuse_open() -> None:
    """For the web server, which runs no checks. Raises ImproperlyConfigured with the first problem."""
    for exposed in private_files.problems(private_paths()):
        message = f"{exposed.message} {exposed.hint}"
        raise ImproperlyConfigured(message)
