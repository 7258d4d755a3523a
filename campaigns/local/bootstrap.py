"""Prepare a site before its first start; each step is idempotent."""

import hashlib
import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

FIRST_USER = "admin"
FIRST_PASSWORD = "first-password"  # noqa: S105 - the name of a file
PASSWORD_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # noqa: S105 - without those that look alike
PASSWORD_LENGTH = 20


def database() -> bool:
    """Migrate; True if there was anything to do."""
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    call_command("migrate", interactive=False, verbosity=0)
    return True


def static_files() -> bool:
    """Collect and compress static files if any changed; True if so."""
    if settings.DEBUG:
        return False  # WhiteNoise then serves them from where they are
    mark = settings.VAR_DIR / "static-fingerprint"
    fingerprint = _static_fingerprint()
    if mark.exists() and mark.read_text() == fingerprint and Path(settings.STATIC_ROOT).is_dir():
        return False
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    mark.write_text(fingerprint)
    return True


def _static_fingerprint() -> str:
    lines = [settings.STORAGES["staticfiles"]["BACKEND"], str(settings.STATIC_ROOT)]
    for finder in get_finders():
        for path, storage in finder.list([]):
            stat = Path(storage.path(path)).stat()
            lines.append(f"{path} {stat.st_size} {stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def first_password_changed(
    sender: type[User], instance: User, update_fields: frozenset[str] | None, **_more: Any
) -> None:
    """Receiver of `post_save` of users: delete the password file once its password no longer works."""
    password_file = Path(settings.VAR_DIR) / FIRST_PASSWORD
    if (
        instance.username != FIRST_USER
        or update_fields == frozenset({"last_login"})
        or not password_file.exists()
    ):
        return
    if not instance.check_password(password_file.read_text().strip()):
        password_file.unlink(missing_ok=True)


def first_user(password_file: Path) -> str:
    """Create the first user of an empty site.

    Returns its password as long as nobody changed it, else nothing. `kept_in` is readable by its owner only,
    and goes away once the password in it no longer fits.
    """
    if not User.objects.exists():
        password = "".join(secrets.choice(PASSWORD_ALPHABET) for _ in range(PASSWORD_LENGTH))
        password_file.unlink(missing_ok=True)
        with os.fdopen(os.open(password_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(f"{password}\n")
        User.objects.create_superuser(FIRST_USER, password=password)
        return password
    if not password_file.exists():
        return ""
    password = password_file.read_text().strip()
    user = User.objects.filter(username=FIRST_USER, is_active=True).first()
    if user is not None and user.check_password(password):
        return password
    password_file.unlink()
    return ""
