"""Names a process for ever, so that another one can tell whether it is dead."""

import os
import socket
from functools import lru_cache
from pathlib import Path


def start_time(pid: int) -> str:
    """In clock ticks since boot. Empty if there is no such process, or if it is a zombie.

    The kernel reuses process ids, so only the id and the start time together identify a process.
    """
    try:
        # The second field, the program's name in brackets, may contain spaces.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return "" if fields[0] == "Z" else fields[19]
    except (OSError, IndexError):
        return ""


@lru_cache(maxsize=4)
def identity_of(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}:{start_time(pid)}"


def current() -> str:
    """`host:pid:start time` of this process."""
    return identity_of(os.getpid())


def is_dead(owner: str) -> bool:
    """True only if proved. A process on another host is never known to be dead."""
    host, _, rest = owner.partition(":")
    pid, _, started = rest.partition(":")
    if host != socket.gethostname() or not started or not pid.isdigit():
        return False
    return start_time(int(pid)) != started
