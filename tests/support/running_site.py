"""Starts the whole site for a test, as `make run` does: real processes, a folder of its own, free ports."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from campaigns.local.supervisor import free_port
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 90
STOP_SECONDS = 60


class Site:
    """One `manage.py run`. It inherits no settings; those in `env` are added. Nobody waits to undo."""

    def __init__(self, var: Path, *arguments: str, env: dict[str, str] | None = None) -> None:
        self.var = var
        self.output = var.parent / f"{var.name}.output"
        clean = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
        ours = {"VAR_DIR": str(var), "ENV_FILE": os.devnull, "UNDO_SECONDS": "0"}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "run", *arguments],
                cwd=ROOT,
                env=clean | ours | (env or {}),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def printed(self) -> str:
        return self.output.read_text()

    def wait_until_ready(self) -> None:
        until(
            lambda: "Ctrl-C stops everything" in self.printed or self.process.poll() is not None,
            "the site says that it runs",
            seconds=READY_SECONDS,
        )
        assert self.process.poll() is None, self.printed

    def word(self, label: str) -> str:
        """What stands behind `label` in the welcome: Open, User or Password."""
        found = re.search(rf"^  {label} +(\S+)$", self.printed, re.MULTILINE)
        assert found, self.printed
        return found[1]

    @property
    def url(self) -> str:
        """With a slash at its end."""
        return self.word("Open")

    @property
    def simulator(self) -> str:
        return (self.var / "simulator-url").read_text().strip()

    def ctrl_c(self) -> int:
        """Returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=STOP_SECONDS)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=STOP_SECONDS)


def free_ports() -> tuple[str, ...]:
    """Away from those that a person uses, and others in each process of the tests."""
    base = 20_000 + os.getpid() % 10_000
    return "--port", str(free_port(base)), "--simulator-port", str(free_port(base + 15_000))


@contextmanager
def running_site(var: Path, *arguments: str, env: dict[str, str] | None = None) -> Iterator[Site]:
    site = Site(var, *free_ports(), *arguments, env=env)
    try:
        site.wait_until_ready()
        yield site
    finally:
        site.end()
