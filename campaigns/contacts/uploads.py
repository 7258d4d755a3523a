"""Uploaded files while they are needed, each with what it was converted to beside it."""

import hashlib
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings

from campaigns.models import Import

EXPIRY_SECONDS = 24 * 3600
"""Age at which a file that no import needs is deleted: its owner left a question unanswered."""
_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    """Of the file in UPLOAD_DIR."""
    sha256: str

    @property
    def path(self) -> Path:
        return _path(self.name)


def _path(name: str) -> Path:
    path: Path = settings.UPLOAD_DIR / name
    return path


def store(content: IO[bytes]) -> Upload:
    settings.UPLOAD_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    name, digest = secrets.token_hex(16), hashlib.sha256()
    path = _path(name)
    try:
        with path.open("wb") as target:
            path.chmod(0o600)
            while piece := content.read(1024 * 1024):
                digest.update(piece)
                target.write(piece)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Upload(name, digest.hexdigest())


def copy(upload: Upload) -> Upload:
    """A copy of the file and of what it was converted to. Raises FileNotFoundError."""
    made = Upload(secrets.token_hex(16), upload.sha256)
    for path in (upload.path, *_beside(upload.name)):
        shutil.copy(path, path.with_name(path.name.replace(upload.name, made.name)))
    return made


def find(name: str) -> Path | None:
    path = _path(name)
    return path if _NAME.fullmatch(name) and path.is_file() else None


def delete(name: str) -> None:
    if _NAME.fullmatch(name):
        for path in (_path(name), *_beside(name)):
            path.unlink(missing_ok=True)


def _beside(name: str) -> Iterator[Path]:
    return settings.UPLOAD_DIR.glob(f"{name}.*")


def delete_expired() -> None:
    unread = (Import.State.WAITING, Import.State.READING)
    needed = set(Import.objects.filter(state__in=unread).values_list("stored_filename", flat=True))
    for path in settings.UPLOAD_DIR.glob("*"):
        old = time.time() - path.stat().st_mtime > EXPIRY_SECONDS
        if old and path.name not in needed:
            delete(path.name)
