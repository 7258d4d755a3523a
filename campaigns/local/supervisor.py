"""Keeps the processes of one machine running together, and ends all of them together.

No Django here, and nothing of the project. Every child leads a process group of its own, so that Ctrl-C in a
terminal reaches only the supervisor, which then ends them in the reverse order of their start: who is asked
stops after who asks. A child that dies is started again, a bounded number of times. If the supervisor itself
is killed, its guardian (a second, tiny process) sees their pipe close and ends what is left.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
RESTARTS = 3
"""How often a child may die before it is given up."""
FORGIVE_SECONDS = 60.0
"""A child that lived this long starts with a clean record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to start, and how long it may take to finish what it has in hand."""

    name: str  # as a sentence names it: web server
    argv: Sequence[str]
    log: Path
    grace_seconds: float


@dataclass(slots=True)
class Child:
    program: Program
    process: subprocess.Popen[bytes]
    started: float  # monotonic seconds
    deaths: int = field(default=0)


class ProgramFailedError(Exception):
    """A program died again and again. The text is for people."""


class Supervisor:
    """Use as a context: leaving it, however that happens, ends every child."""

    def __init__(self, say: Callable[[str], None], *, hold: Sequence[int] = ()) -> None:
        self._say = say
        self._children: list[Child] = []
        self._stopping: int | None = None  # the signal that asked for it
        self._hold = tuple(hold)
        """File descriptors that stay open until the last child is gone, such as a lock."""

    def __enter__(self) -> Supervisor:
        self._ear, self._mouth = socket.socketpair()
        for end in (self._ear, self._mouth):
            end.setblocking(False)
        self._old_wakeup = signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
        self._old_handlers = {number: signal.signal(number, self._asked_to_stop) for number in STOP_SIGNALS}
        # A handler has to exist for the death of a child to wake `_listen` up.
        self._old_handlers[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        self._guardian = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            start_new_session=True,
            pass_fds=self._hold,
            cwd=Path(__file__).resolve().parents[2],
        )
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
        assert self._guardian.stdin is not None  # noqa: S101 - opened as a pipe above
        self._guardian.stdin.close()
        self._guardian.wait()
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._old_wakeup)
        self._ear.close()
        self._mouth.close()

    @property
    def stopping(self) -> bool:
        return self._stopping is not None

    def _asked_to_stop(self, number: int, _frame: FrameType | None) -> None:
        self._stopping = number

    def start(self, program: Program) -> None:
        self._children.append(Child(program, self._spawn(program), time.monotonic()))

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        with program.log.open("ab") as log:
            process = subprocess.Popen(
                program.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._tell_guardian(f"+{process.pid}")
        return process

    def _tell_guardian(self, line: str) -> None:
        assert self._guardian.stdin is not None  # noqa: S101 - opened as a pipe in __enter__
        # A guardian that somebody killed must not take the site with it.
        with suppress(BrokenPipeError):
            self._guardian.stdin.write(f"{line}\n".encode())
            self._guardian.stdin.flush()

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> bool:
        """Look after the children until `ready` (True), or a signal to stop or the time limit (False).

        Raises ProgramFailedError.
        """
        end = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < end:
            self._look_after()
            if ready():
                return True
            self._listen(0.1)
        return False

    def watch(self) -> None:
        """Look after the children until a signal asks to stop. Raises ProgramFailedError."""
        while not self.stopping:
            self._look_after()
            self._listen(5.0)

    def _listen(self, seconds: float) -> None:
        """Return at the next signal, the death of a child included, or after `seconds`."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._ear, selectors.EVENT_READ)
            if selector.select(seconds):
                self._ear.recv(4096)

    def _look_after(self) -> None:
        for child in self._children:
            code = child.process.poll()
            if code is None:
                continue
            self._tell_guardian(f"-{child.process.pid}")
            _end_group(child.process.pid)
            if time.monotonic() - child.started > FORGIVE_SECONDS:
                child.deaths = 0
            child.deaths += 1
            program = child.program
            if child.deaths > RESTARTS:
                raise ProgramFailedError(_obituary(child, code))
            self._say(f"The {program.name} {_how(code)}; starting it again. Why is in {program.log}.")
            child.process, child.started = self._spawn(program), time.monotonic()

    def stop(self) -> None:
        """End all children, the last started first, each within its grace. Ctrl-C ends that grace."""
        self._stopping = 0
        while self._children:
            child = self._children.pop()
            child.process.terminate()
            end = time.monotonic() + child.program.grace_seconds
            while child.process.poll() is None and time.monotonic() < end and self._stopping != signal.SIGINT:
                self._listen(0.2)
            if child.process.poll() is None:
                self._say(f"The {child.program.name} did not stop by itself and was ended.")
            _end_group(child.process.pid)
            child.process.wait()
            self._tell_guardian(f"-{child.process.pid}")


def _how(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"stopped with exit code {code}"


def _obituary(child: Child, code: int) -> str:
    log = child.program.log
    return (
        f"The {child.program.name} died {child.deaths} times, the last time because it {_how(code)}, "
        f"so everything stops. The end of {log}:\n{tail(log)}"
    )


def _end_group(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def tail(path: Path, lines: int = 8) -> str:
    """The last lines of a log; empty if there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 8192))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])


def free_port(first: int, *, host: str = "127.0.0.1", tries: int = 200) -> int:
    """The first port from `first` on that nobody listens on. Raises OSError if all are taken."""
    for port in range(first, min(first + tries, 65536)):
        with socket.socket() as probe:
            # As the servers do: a port in TIME_WAIT after the last run counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((host, port))
                return port
    message = f"No port is free from {first} on."
    raise OSError(message)


def _group_lives(group: int) -> bool:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, 0)
        return True
    return False


def guard(grace_seconds: float = 20.0) -> None:
    """The guardian's whole life: note the groups on stdin; when it closes, end those that are left."""
    groups: list[int] = []
    for line in sys.stdin:
        number = int(line[1:])
        if line.startswith("+"):
            groups.append(number)
        elif number in groups:
            groups.remove(number)
    for group in reversed(groups):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(group, signal.SIGTERM)
        end = time.monotonic() + grace_seconds
        while _group_lives(group) and time.monotonic() < end:
            time.sleep(0.1)  # not our children: their end cannot be waited for, only looked for
        _end_group(group)


if __name__ == "__main__":
    guard()
