"""Do the tables and this program belong together? A program of another version must hand nothing over."""

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
    """Why this program must not work on this database, for people; empty if they fit."""
    ours = {module.name for module in pkgutil.iter_modules(campaigns.migrations.__path__)}
    applied = MigrationRecorder(connection).applied_migrations()
    theirs = {name for app, name in applied if app == "campaigns"}
    if missing := sorted(ours - theirs):
        return OLDER.format(names=f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'}")
    if unknown := sorted(theirs - ours):
        return NEWER.format(names=", ".join(unknown))
    return ""
