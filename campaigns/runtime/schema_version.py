"""Compares the applied migrations with the program's. With another version's tables nothing may be sent."""

import pkgutil

from django.core.management import CommandError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

import campaigns.migrations

BEFORE_THE_FIRST = "0001_initial"
"""The first migration of a database whose tables differ from all later ones. Nothing was released with it."""
UNRELEASED = (
    "The database was made by a version from before the first release, and its tables cannot be carried "
    "over, so it is left as it is. Set DATABASE_URL to a new database, or move the old file away, and start "
    "again; to read what is in the old one, start the version that made it."
)
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
    in_database = applied()
    if BEFORE_THE_FIRST in in_database:
        return UNRELEASED
    shipped = {module.name for module in pkgutil.iter_modules(campaigns.migrations.__path__)}
    if missing := sorted(shipped - in_database):
        return OLDER.format(names=f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'}")
    if unknown := sorted(in_database - shipped):
        return NEWER.format(names=", ".join(unknown))
    return ""


def applied() -> set[str]:
    migrations = MigrationRecorder(connection).applied_migrations()
    return {name for app, name in migrations if app == "campaigns"}


def refuse_unreleased(**_signal: object) -> None:
    """Receiver of `pre_migrate`: without it the first statement fails halfway, as the tables exist."""
    if BEFORE_THE_FIRST in applied():
        raise CommandError(UNRELEASED)
