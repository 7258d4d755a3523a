"""An installation for soak tests: scratch folder and database, real programs, a simulated carrier."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from campaigns.local.supervisor import free_port
from tests.simulator.running import RunningSimulator, running_simulator
from tests.speed.databases import environment
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
LOCAL, TOLL_FREE = "+16505550100", "+18885550100"
SENDERS = (LOCAL, TOLL_FREE)
NO_ERROR = ("", "{", "[")
"""How lines of a log begin that are our own or of the web server; anything else is a traceback."""
SCALED = {
    "SETTLE_SECONDS": "0.5",
    "LOOK_GAP_SECONDS": "0.5",
    "REQUEST_LIMIT_SECONDS": "3",
    "HANDOVER_MINUTES": "0",
    "UNDO_SECONDS": "0",
}
"""A carrier on this machine needs no ten minutes: what it has not taken after seconds it will never take."""


class Program:
    """One program of the installation: started, killed, and started again."""

    def __init__(self, spawner: Spawner, name: str, argv: list[str]) -> None:
        self.name = name
        self._spawner, self._argv = spawner, argv
        self.starts = 0
        self.start()

    def start(self) -> None:
        self.pid = self._spawner.start(self._argv, self.name)
        self.started = time.monotonic()
        self.starts += 1

    def kill(self) -> None:
        """As by `kill -9`, with all of its own processes."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    @property
    def alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True


class Spawner:
    """Starts programs through `program_server.py`."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder = folder
        self._log = (folder / "program-server.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.program_server"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def start(self, argv: list[str], name: str) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        log = str(self.folder / f"{name}.log")
        self._process.stdin.write(json.dumps({"argv": argv, "log": log}) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=20)
        self._log.close()


class Installation:
    """Web server and workers on a database of their own, against a carrier of their own."""

    def __init__(self, folder: Path, carrier: RunningSimulator, env: dict[str, str], port: int) -> None:
        self.folder, self.carrier, self.port = folder, carrier, port
        self._env = env
        self._spawner: Spawner | None = None
        self.programs: list[Program] = []
        self.url = f"http://127.0.0.1:{self.port}"
        self.password = ""

    def prepare(self) -> None:
        """Tables, static files and the first user; Django is set up in this process too."""
        import django

        django.setup()
        from campaigns.local import bootstrap

        bootstrap.database()
        bootstrap.static_files()
        self.password = bootstrap.first_user(self.folder / "first-password")

    def start(self, workers: int) -> None:
        from campaigns.management.commands import run

        # Only now: what it loads finds the static files.
        self._spawner = Spawner(self.folder, self._env)
        self.programs.append(Program(self._spawner, "web", list(run.web(self.port).argv)))
        for number in range(1, workers + 1):
            self.programs.append(Program(self._spawner, f"worker-{number}", list(run.worker().argv)))
        until(lambda: run.answers(self.port), "the site answers")

    def close(self) -> None:
        for program in self.programs:
            program.kill()
        if self._spawner is not None:
            self._spawner.close()

    def errors(self) -> list[str]:
        """What the programs logged as an error, or said when they died."""
        lines = (line for log in self.folder.glob("*.log") for line in log.read_text().splitlines())
        return [line for line in lines if '"level": "error"' in line or line[:1] not in NO_ERROR]


@contextmanager
def installation(
    folder: Path | None, *, batch: int, webhooks: bool = False, **carrier: str | float
) -> Iterator[Installation]:
    """`folder`: where its scratch folder goes. On the server of DATABASE_URL if that is set, else SQLite."""
    with (
        tempfile.TemporaryDirectory(prefix="carillon-soak-", dir=folder) as made,
        scratch_database(os.environ.get("DATABASE_URL", "")) as database,
        running_simulator(rate_limits="off", ledger=Path(made) / "ledger.jsonl", **carrier) as simulator,
    ):
        var = Path(made) / "var"
        var.mkdir()
        port = free_port(20_000 + os.getpid() % 10_000)
        own = {
            "PUBLIC_URL": f"http://127.0.0.1:{port}" if webhooks else "",
            "RINGCENTRAL_SERVER_URL": simulator.url,
            "BATCH_SIZE": str(batch),
            "LOG_LEVEL": "INFO",
        }
        env = environment(var, database, **SCALED, **own)
        os.environ.clear()
        os.environ.update(env)
        made_up = Installation(var, simulator, env, port)
        try:
            made_up.prepare()
            yield made_up
        except BaseException:
            print("\n".join(made_up.errors()[-20:]), file=sys.stderr)
            raise
        finally:
            made_up.close()
            from django.db import connections

            connections.close_all()


@contextmanager
def scratch_database(server: str) -> Iterator[str]:
    """The URL of an empty database on that PostgreSQL server; empty for SQLite."""
    if not server.startswith("postgres"):
        yield ""
        return
    import psycopg

    name = f"carillon_soak_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
