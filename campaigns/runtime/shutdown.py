"""The shutdown flag: requests in flight finish, and no new one starts."""

import threading

requested = threading.Event()
"""Set by SIGTERM and SIGINT in the worker and in `manage.py send`."""


def wait(seconds: float) -> bool:
    """Sleep. True as soon as a shutdown is requested."""
    return requested.wait(max(seconds, 0))
