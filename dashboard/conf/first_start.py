"""What is made once, at the first start on a machine, and kept in `var/`."""

import os
import secrets
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Create the file readable by its owner only; never overwrite one that another process just made."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Linked into place whole: a second process must never read a half-written file.
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.touch(mode=0o600)
    scratch.write_text(text, encoding="utf-8")
    try:
        os.link(scratch, path)
    except FileExistsError:
        pass
    finally:
        scratch.unlink()


def secret_key(var_dir: Path) -> str:
    """The key that signs sessions, when SECRET_KEY is not set: made here once, never fixed in the code."""
    path = var_dir / "secret-key"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(64))
    return path.read_text(encoding="utf-8")


def simulator_url(var_dir: Path) -> str:
    """Where `make run` started the simulated carrier; its usual place if it did not."""
    path = var_dir / "simulator-url"
    return path.read_text(encoding="utf-8").strip() if path.exists() else "http://127.0.0.1:8910"
