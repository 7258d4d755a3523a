"""For what other processes do in their own time: look until it is so.

The deadline is far beyond what a busy machine needs: it only ends a test that would hang.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], what: str, *, seconds: float = 60) -> T:
    """The first truthy answer of `condition`; AssertionError naming `what` after `seconds`."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < end, f"waited {seconds} seconds in vain: {what}"
        threading.Event().wait(0.02)
    return answer
