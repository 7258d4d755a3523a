"""Store an upload while its owner answers a question, so that nobody has to choose the file twice."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from pathlib import Path
from typing import IO

from django.conf import settings

PREFIX = "kept-"
EXPIRY_SECONDS = 24 * 3600
"""Age at which an abandoned file is deleted."""
_NAME = re.compile(rf"{PREFIX}[0-9a-f]{{32}}")


def save(upload: IO[bytes]) -> str:
    """Store a copy; returns its name for `find`."""
    settings.UPLOAD_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    path: Path = settings.UPLOAD_DIR / f"{PREFIX}{secrets.token_hex(16)}"
    upload.seek(0)
    with path.open("wb") as target:
        path.chmod(0o600)
        shutil.copyfileobj(upload, target, 1024 * 1024)
    return path.name


def find(name: str) -> Path | None:
    if not _NAME.fullmatch(name):
        return None
    path: Path = settings.UPLOAD_DIR / name
    return path if path.is_file() else None


def delete(name: str) -> None:
    path = find(name)
    if path is not None:
        path.unlink(missing_ok=True)


def delete_expired() -> None:
    for path in settings.UPLOAD_DIR.glob(f"{PREFIX}*"):
        if time.time() - path.stat().st_mtime > EXPIRY_SECONDS:
            path.unlink(missing_ok=True)
