"""Locks sending after the database was restored from a backup.

The journal, outside the database, names the attempts that left. A database without the last of them is an
older copy: people in its queue have their text already. Nothing leaves until `manage.py recover` has read the
provider's records.
"""

import logging
import uuid
from enum import StrEnum
from typing import Any

from django.apps import AppConfig
from django.apps import apps as current_apps
from django.apps.registry import Apps
from django.utils import timezone

from campaigns.models import Attempt, Installation, Recovery
from campaigns.sending import journal

log = logging.getLogger(__name__)

CHUNK = 500


class Lock(StrEnum):
    """Why nothing may leave."""

    RESTORED = "restored"
    UNREADABLE = "unreadable"
    """The journal."""


def installation_name() -> str:
    """The permanent name of this database. A restored copy has the same name."""
    name = Installation.objects.values_list("name", flat=True).first()
    return (name or Installation.objects.create(name=uuid.uuid4()).name).hex


def ensure_installation_name(sender: AppConfig, using: str, apps: Apps = current_apps, **kwargs: Any) -> None:
    """Receiver of `post_migrate`, so that the name exists before the first backup."""
    try:
        model = apps.get_model("campaigns", "Installation")
    except LookupError:  # migrated back to before the table
        return
    if not model.objects.using(using).exists():
        model.objects.using(using).create(name=uuid.uuid4())


def note_alive() -> None:
    """A sign of life. A restored copy gives none until it was compared, so that it is known how old it is."""
    if not sending_lock():
        Installation.objects.update(alive_at=timezone.now())


def sending_lock() -> Lock | None:
    """None: sending is open. Runs before every batch."""
    try:
        return Lock.RESTORED if is_restored() else None
    except OSError:
        log.exception("the journal cannot be read")
        return Lock.UNREADABLE


def is_restored() -> bool:
    """Whether the journal is ahead of the database. Raises OSError if it cannot be read."""
    index = journal.current().index(installation_name())
    to_verify = index.ids_to_verify()
    for start in range(0, len(to_verify), CHUNK):
        ids = set(to_verify[start : start + CHUNK])
        known = set(Attempt.objects.filter(pk__in=ids, sending_at__isnull=False).values_list("pk", flat=True))
        index.unverified -= known
        if ids - known:
            return True
    if index.witness is None:
        return False
    return not Recovery.objects.filter(pk=index.witness).exists()
