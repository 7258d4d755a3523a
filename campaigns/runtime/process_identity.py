"""Which process holds an attempt, and whether it still lives."""

from __future__ import annotations

import os
import socket
from functools import lru_cache
from pathlib import Path


def start_time(pid: int) -> str:
    """When the kernel started this process, in clock ticks since boot; empty if there is none, or a dead one
    that its parent has not buried yet.

    A process id alone is used again after a while; with the start time it names one process for ever.
    """
    try:
        # The second field is the program's name in brackets and may hold anything, spaces included.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return "" if fields[0] == "Z" else fields[19]
    except (OSError, IndexError):
        return ""


@lru_cache(maxsize=4)
def identity_of(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}:{start_time(pid)}"


def current() -> str:
    """host, process id and start time of this process."""
    return identity_of(os.getpid())


def is_dead(owner: str) -> bool:
    """True only if it is proved: same host, and no process of that id and start time."""
    host, _, rest = owner.partition(":")
    pid, _, started = rest.partition(":")
    if host != socket.gethostname() or not started or not pid.isdigit():
        return False
    return start_time(int(pid)) != started
