"""System checks of what the site keeps on this machine, and of who gets in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from dashboard.conf import private_files

MOST_LOCK_MINUTES = 24 * 60


def kept() -> private_files.Kept:
    return private_files.Kept(
        var_dir=Path(settings.VAR_DIR),
        folders=settings.OWN_FOLDERS,
        database=settings.DATABASE_FILE,
        project=Path(settings.BASE_DIR),
    )


@register(Tags.security)
def check_private(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[CheckMessage]:
    return [
        Error(found.said, hint=found.hint, id="carillon.E033") for found in private_files.problems(kept())
    ]


@register(Tags.security)
def check_lock(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[CheckMessage]:
    minutes = settings.SIGN_IN_LOCK_MINUTES
    if 1 <= minutes <= MOST_LOCK_MINUTES:
        return []
    return [
        Error(
            f"SIGN_IN_LOCK_MINUTES is {minutes}; it must be from 1 to {MOST_LOCK_MINUTES:,}.",
            hint="15 is the default: long enough to stop guessing, short enough to wait for.",
            id="carillon.E070",
        )
    ]


def refuse_open() -> None:
    """For the web server, which runs no checks. Raises ImproperlyConfigured with the first problem."""
    for found in private_files.problems(kept()):
        message = f"{found.said} {found.hint}"
        raise ImproperlyConfigured(message)
