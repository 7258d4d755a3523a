"""A file that waits for an answer to one question, so that nobody has to choose it twice."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from pathlib import Path
from typing import IO

from django.conf import settings

PREFIX = "kept-"
KEEP_FOR = 24 * 3600
"""Seconds until a file that nobody came back for is deleted."""
_NAME = re.compile(rf"{PREFIX}[0-9a-f]{{32}}")


def save(upload: IO[bytes]) -> str:
    """Store a copy; returns the name to ask for it by."""
    settings.UPLOAD_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    path: Path = settings.UPLOAD_DIR / f"{PREFIX}{secrets.token_hex(16)}"
    upload.seek(0)
    with path.open("wb") as target:
        path.chmod(0o600)
        shutil.copyfileobj(upload, target, 1024 * 1024)
    return path.name


def find(name: str) -> Path | None:
    """The kept file of this name, if it is still there."""
    if not _NAME.fullmatch(name):
        return None
    path: Path = settings.UPLOAD_DIR / name
    return path if path.is_file() else None


def delete(name: str) -> None:
    path = find(name)
    if path is not None:
        path.unlink(missing_ok=True)


def delete_expired() -> None:
    """Delete what has waited too long."""
    for path in settings.UPLOAD_DIR.glob(f"{PREFIX}*"):
        if time.time() - path.stat().st_mtime > KEEP_FOR:
            path.unlink(missing_ok=True)
