"""The one flag that says: finish what is in flight, start nothing new."""

from __future__ import annotations

import threading

requested = threading.Event()
"""Set by SIGTERM and SIGINT in the worker and in `manage.py send`."""


def wait(seconds: float) -> bool:
    """Wait; True as soon as a stop was asked for."""
    return requested.wait(max(seconds, 0))
