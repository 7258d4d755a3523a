"""Is this database the one that handed over last, or a copy from before?

The journal, which is outside of it, names the attempts that left. A database that does not know the last of
them was restored from a backup: its queue holds people who have their text. Nothing leaves then until
`manage.py recover` has read the provider's records.
"""

from __future__ import annotations

import logging
import uuid
from typing import Any

from django.apps import AppConfig
from django.apps import apps as current_apps
from django.apps.registry import Apps

from campaigns.models import Attempt, Event, Installation
from campaigns.sending import journal

log = logging.getLogger(__name__)

RECOVERED = "recovered"
"""Verb of the event that the database knows since it was compared with the provider's records."""
CHUNK = 500
RESTORED = (
    "This database was restored from a backup: the journal beside it names texts that left later. Sending is "
    "locked, so that nobody is texted twice. Run “python manage.py recover” on the server: it reads the "
    "carrier's records, marks who has a text already, and unlocks."
)
UNREADABLE = (
    "The journal of what was handed over cannot be read, so nothing is sent. Look at the folder “journal” "
    "beside the database: it must belong to the user who runs Carillon."
)
UNWRITABLE = (
    "The journal of what is handed over cannot be written, so nothing was sent. The disk may be full. It is "
    "tried again every few seconds."
)


def installation_name() -> str:
    """Of this database, for ever; a copy has the same."""
    found = Installation.objects.values_list("name", flat=True).first()
    return (found or Installation.objects.create(name=uuid.uuid4()).name).hex


def ensure_installation_name(sender: AppConfig, using: str, apps: Apps = current_apps, **kwargs: Any) -> None:
    """Receiver of `post_migrate`: a database has its name before there is anything to back up."""
    try:
        model = apps.get_model("campaigns", "Installation")
    except LookupError:  # migrated back to before there was one
        return
    if not model.objects.using(using).exists():
        model.objects.using(using).create(name=uuid.uuid4())


def blocking_reason() -> str:
    """Why nothing may leave, for people; empty when all is well. Cheap: asked before every batch."""
    try:
        return RESTORED if is_restored() else ""
    except OSError:
        log.exception("the journal cannot be read")
        return UNREADABLE


def is_restored() -> bool:
    """Whether the journal is ahead of the database. Raises OSError if it cannot be read."""
    index = journal.current().index(installation_name())
    wanted = index.ids_to_verify()
    for start in range(0, len(wanted), CHUNK):
        some = set(wanted[start : start + CHUNK])
        known = set(
            Attempt.objects.filter(pk__in=some, sending_at__isnull=False).values_list("pk", flat=True)
        )
        index.unverified -= known
        if some - known:
            return True
    return index.witness is not None and not _knows(index.witness)


def _knows(witness: int) -> bool:
    return Event.objects.filter(pk=witness, verb=RECOVERED).exists()
