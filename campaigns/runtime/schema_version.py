"""Compares the applied migrations with the program's. With another version's tables nothing may be sent."""

from __future__ import annotations

import pkgutil

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

import campaigns.migrations

OLDER = (
    "The database is older than this program: {names} not applied yet. Stop everything, run "
    "“python manage.py migrate”, then start again."
)
NEWER = (
    "The database is newer than this program: it knows nothing of {names}. Start the program of the version "
    "that the database was migrated to."
)


def problem() -> str:
    """A sentence for staff; empty if the database fits the program."""
    shipped = {module.name for module in pkgutil.iter_modules(campaigns.migrations.__path__)}
    applied = MigrationRecorder(connection).applied_migrations()
    in_database = {name for app, name in applied if app == "campaigns"}
    if missing := sorted(shipped - in_database):
        return OLDER.format(names=f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'}")
    if unknown := sorted(in_database - shipped):
        return NEWER.format(names=", ".join(unknown))
    return ""
