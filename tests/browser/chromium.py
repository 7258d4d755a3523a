"""Debian's Chromium, told to stay off the network."""

import shutil
from typing import Any

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def executable() -> str | None:
    """Its path; None if this machine has none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def launch_arguments() -> dict[str, Any]:
    return {"executable_path": executable(), "args": ARGUMENTS}
