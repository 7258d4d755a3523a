"""`manage.py run`: the whole site on this machine, from an empty folder to a signed-in page."""

import fcntl
import http.client
import os
import socket
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from campaigns.local import bootstrap
from campaigns.local.supervisor import Program, ProgramFailedError, Supervisor, free_port

WEB_GRACE, WORKER_GRACE, SIMULATOR_GRACE = 8.0, 30.0, 5.0  # seconds
START_LIMIT = 60.0  # seconds


class Command(BaseCommand):
    help = (
        "Starts the web server, the background worker and, unless provider credentials are set, the "
        "simulated carrier. Ctrl-C stops all of them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="first port to try for the site")
        parser.add_argument("--simulator-port", type=int, default=8910, help="first port to try for it")
        parser.add_argument("--speed", type=float, default=60, help="simulated carrier: times real speed")
        parser.add_argument("--no-demo", action="store_true", help="start empty, without demo data")

    def handle(self, *_args: Any, **options: Any) -> None:
        with only_one(settings.VAR_DIR / "run.lock") as lock:
            bootstrap.database()
            if bootstrap.static_files():
                self.stdout.write("Prepared the site's pictures, styles and scripts.")
            password = bootstrap.first_user(settings.VAR_DIR / bootstrap.FIRST_PASSWORD)
            connections.close_all()
            try:
                with Supervisor(self.stdout.write, hold=[lock]) as supervisor:
                    self._run(supervisor, options, password)
                    if not supervisor.stopping:
                        message = f"The web server did not answer within {START_LIMIT:.0f} seconds."
                        raise CommandError(message)
                    self.stdout.write("\nStopping.")
            except ProgramFailedError as problem:
                raise CommandError(str(problem)) from None
        self.stdout.write("Everything is stopped.")

    def _run(self, supervisor: Supervisor, options: dict[str, Any], password: str) -> None:
        """Returns when asked to stop, or when the web server does not come up."""
        if settings.STARTS_SIMULATOR:
            port = simulator_port(options["simulator_port"])
            write_whole(settings.VAR_DIR / "simulator-url", f"http://127.0.0.1:{port}\n")
            supervisor.start(simulator(port, options["speed"]))
            supervisor.wait_until(lambda: accepts(port), seconds=START_LIMIT)
        if settings.REHEARSAL and not options["no_demo"] and not supervisor.stopping:
            # In a process of its own: this one still has the simulator's old address.
            subprocess.run([sys.executable, "manage.py", "demo"], cwd=settings.BASE_DIR, check=False)
        if supervisor.stopping:
            return
        port = free_port(options["port"])
        supervisor.start(worker())
        supervisor.start(web(port))
        if supervisor.wait_until(lambda: answers(port), seconds=START_LIMIT):
            self._welcome(port, password)
            supervisor.watch()

    def _welcome(self, port: int, password: str) -> None:
        lines = ["", "Carillon is running.", "", f"  Open      http://127.0.0.1:{port}/"]
        if password:
            lines += [f"  User      {bootstrap.FIRST_USER}", f"  Password  {password}"]
        lines.append("")
        if settings.REHEARSAL:
            lines.append("This is a rehearsal: texts go to a simulated carrier, none leaves this machine.")
        lines.append(f"Logs are in {short(settings.VAR_DIR / 'log')}. Ctrl-C stops everything.")
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def log_file(name: str) -> Path:
    """A fresh log; the one of the run before is kept beside it."""
    folder = settings.VAR_DIR / "log"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{name}.log"
    with suppress(FileNotFoundError):
        path.replace(folder / f"{name}.log.1")
    path.touch(mode=0o600)
    return path


def simulator_port(first: int) -> int:
    """Where it was the last time if that is free: to us its address is part of the account's name."""
    with suppress(OSError, ValueError):
        last = int((settings.VAR_DIR / "simulator-url").read_text().strip().rpartition(":")[2])
        if free_port(last) == last:
            return last
    return free_port(first)


def simulator(port: int, speed: float) -> Program:
    state, ledger = settings.VAR_DIR / "simulator.state", settings.VAR_DIR / "simulator.ledger"
    return Program(
        name="simulated carrier",
        argv=[
            *(sys.executable, "-m", "campaigns.simulator", "--port", str(port), "--speed", str(speed)),
            *("--state", str(state), "--ledger", str(ledger)),
        ],
        log=log_file("simulator"),
        grace_seconds=SIMULATOR_GRACE,
    )


def worker() -> Program:
    return Program(
        name="background worker",
        argv=[sys.executable, "manage.py", "worker"],
        log=log_file("worker"),
        grace_seconds=WORKER_GRACE,
    )


def web(port: int) -> Program:
    site = settings.WSGI_APPLICATION.replace(".application", ":application")
    return Program(
        name="web server",
        argv=[
            *(sys.executable, "-m", "gunicorn", site),
            *("--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--workers", "1", "--threads", "8"),
            *("--graceful-timeout", "5", "--no-control-socket"),
        ],
        log=log_file("web"),
        grace_seconds=WEB_GRACE,
    )


@contextmanager
def only_one(path: Path) -> Iterator[int]:
    """A file descriptor that holds the lock of this folder; CommandError if somebody else has it."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"Carillon already runs on {short(path.parent)}. Stop it first (Ctrl-C where it runs)."
            raise CommandError(message) from None
        yield file.fileno()


def write_whole(path: Path, text: str) -> None:
    """Replace the file at once: nobody ever reads half of it."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(path)


def accepts(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def answers(port: int) -> bool:
    """Whether the site answers there; a redirect to HTTPS is an answer too."""
    with suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/healthz/")
        return connection.getresponse().status < 500
    return False


def short(path: Path) -> str:
    """The path as a person in the checkout would write it."""
    return str(path.relative_to(settings.BASE_DIR)) if path.is_relative_to(settings.BASE_DIR) else str(path)
