"""Programs of ours as real processes, on a database of their own."""

import fcntl
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from campaigns.local.supervisor import free_port
from tests.simulator.running import RunningSimulator
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds
TEMPLATE = "CARILLON_TESTS_TEMPLATE"
"""Names the folder of what `_template` shares."""
PRELUDE = """
import django
django.setup()
import json, os, sys, threading, time
from campaigns.models import *
from campaigns.accounts import registry
from campaigns.reconciling import orphans, search
from campaigns.sending import attempts, dispatch, launch, lifecycle
from campaigns.worker import schedule
from tests.support import scenario
def emit(value):
    print(json.dumps(value), flush=True)
"""


class Site:
    """One installation: a folder, a database, and the carrier that it talks to."""

    def __init__(self, folder: Path, database: str, carrier: str) -> None:
        self.folder = folder
        self._started: list[subprocess.Popen[str]] = []
        self.env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("RINGCENTRAL_", "DJANGO_", "PYTEST_"))
        } | {
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
            "ENV_FILE": "/dev/null",
            "VAR_DIR": str(folder),
            "DATABASE_URL": database,
            "RINGCENTRAL_SERVER_URL": carrier,
            "HANDOVER_MINUTES": "0",
            "LOG_JSON": "true",
        }

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.env | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def close(self) -> None:
        """End what a failed test left running."""
        for process in self._started:
            if process.returncode is None:
                process.kill()
                process.communicate()

    def manage(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """`manage.py …`, to its end."""
        return ended(self.start("manage.py", *arguments, **environment))

    def script(self, code: str, **environment: str) -> subprocess.Popen[str]:
        return self.start("-c", PRELUDE + code, **environment)

    def serve(self, *, public: bool = False) -> int:
        """Behind the web server that the documents name; its port. `public`: it knows its address."""
        port = free_port(30_000 + os.getpid() % 10_000)
        if public:
            self.env["PUBLIC_URL"] = f"http://127.0.0.1:{port}"
        arguments = ["-m", "gunicorn", "dashboard.wsgi:application", "--bind", f"127.0.0.1:{port}"]
        self.start(*arguments, "--worker-class", "gthread", "--threads", "8", "--no-control-socket")
        until(lambda: _reaches(port), "gunicorn answers")
        return port

    def run(self, code: str, *, exits: int = 0) -> Any:
        """Run a script to its end; what it told last."""
        done = ended(self.script(code))
        assert done.returncode == exits, done.stderr
        lines = done.stdout.splitlines()
        return json.loads(lines[-1]) if lines else None


def _reaches(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        pytest.fail(f"{process.args!r} did not end.\n{out!s}\n{err!s}")
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.fixture(scope="session")
def _template() -> str:
    """A migrated, empty database that others are copied from; its URL. All processes of a run share it."""
    folder = Path(os.environ[TEMPLATE])
    ready = folder / "url"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            ready.write_text(_make_template(folder))
    return ready.read_text()


def _make_template(folder: Path) -> str:
    server = os.environ.get("DATABASE_URL", "")
    url = f"sqlite:///{folder / 'site.sqlite3'}"
    if server.startswith("postgres"):
        name = f"carillon_template_{os.getpid()}_{abs(hash(folder)) % 10**9}"
        _execute(server, f"CREATE DATABASE {name}")
        url = _named(server, name)
    made = Site(folder, url, "http://127.0.0.1:9").manage("migrate", "--verbosity=0")
    assert made.returncode == 0, made.stderr
    return url


def share_template() -> None:
    """Called once, before the processes of a run are started."""
    os.environ[TEMPLATE] = tempfile.mkdtemp(prefix="carillon-template-")


def forget_template() -> None:
    """Called once, after they have ended."""
    folder = Path(os.environ.pop(TEMPLATE))
    ready = folder / "url"
    if ready.exists() and (url := ready.read_text()).startswith("postgres"):
        _execute(os.environ["DATABASE_URL"], f"DROP DATABASE {urlsplit(url).path[1:]} WITH (FORCE)")
    shutil.rmtree(folder)


@contextmanager
def fresh_database(template: str, folder: Path) -> Iterator[str]:
    """The URL of a fresh database: an SQLite file, or where DATABASE_URL says PostgreSQL, one there."""
    if not template.startswith("postgres"):
        target = folder / "site.sqlite3"
        shutil.copy(urlsplit(template).path, target)
        yield f"sqlite:///{target}"
        return
    name = f"carillon_{os.getpid()}_{abs(hash(folder)) % 10**9}"
    server = os.environ["DATABASE_URL"]
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {urlsplit(template).path[1:]}")
    yield _named(server, name)
    _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(_template: str, tmp_path: Path) -> Iterator[str]:
    with fresh_database(_template, tmp_path) as url:
        yield url


@pytest.fixture
def site(simulator: RunningSimulator, database: str, tmp_path: Path) -> Iterator[Site]:
    """Talks to the test's simulated carrier; import `simulator` and `database` beside it."""
    made = Site(tmp_path, database, simulator.url)
    yield made
    made.close()


@contextmanager
def locked(database: str, table: str) -> Iterator[None]:
    """Nobody else can write meanwhile: into this table, on SQLite into none."""
    if database.startswith("postgres"):
        import psycopg

        with psycopg.connect(database) as holder:
            holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
            yield
    else:
        with closing(sqlite3.connect(urlsplit(database).path, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            yield


def rows(database: str, query: str) -> list[tuple[Any, ...]]:
    """What a query finds in the database of a site."""
    if database.startswith("postgres"):
        return _execute(database, query)
    connection = sqlite3.connect(urlsplit(database).path, timeout=20)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def _execute(url: str, query: str) -> list[tuple[Any, ...]]:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def _named(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
