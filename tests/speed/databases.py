"""Databases for the benches: an SQLite file, or a PostgreSQL server of our own in a scratch folder."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = (
    *("listen_addresses=127.0.0.1", "shared_buffers=1GB", "max_wal_size=4GB"),
    *("checkpoint_timeout=30min", "autovacuum_naptime=1d"),
)
"""Durable as ever: fsync and synchronous_commit are on. Background work is kept out of the timing."""


def postgres_programs() -> Path | None:
    """The folder of the newest server on this machine; None without one."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts[-3])
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def found_here() -> list[str]:
    """What a bench runs on unless it is told."""
    return ["sqlite", *(["postgresql"] if postgres_programs() else [])]


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """The URL of an empty database. It refuses to run as root, so root starts it as another user."""
    programs = postgres_programs()
    if programs is None:
        sys.exit("There is no PostgreSQL server on this machine: apt install postgresql, or leave it out.")
    folder.mkdir()
    owner = _owner(folder)
    data = folder / "data"

    def call(program: str, *arguments: str | Path) -> None:
        command: Sequence[str | Path] = [*owner, programs / program, "-D", data, *arguments]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)

    call("initdb", "-U", "carillon", "--auth=trust", "--encoding=UTF8", "--locale=C")
    port = _free_port()
    options = " ".join(f"-c {setting}" for setting in (*SETTINGS, f"port={port}"))
    call("pg_ctl", "-l", folder / "log", "-w", "-o", f"-k {folder} {options}", "start")
    try:
        yield f"postgres://carillon@127.0.0.1:{port}/postgres"
    finally:
        call("pg_ctl", "-m", "immediate", "stop")


def _owner(folder: Path) -> list[str]:
    """What to put before a command so that the folder's new owner runs it."""
    if os.getuid() != 0:
        return []
    names = {user.pw_name for user in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    folder.parent.chmod(0o755)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def environment(var: Path, database: str = "", **settings: str) -> dict[str, str]:
    """For a process of ours: its folder, its database (empty: SQLite in the folder), settings of its own."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    ours = {"VAR_DIR": str(var), "ENV_FILE": os.devnull, "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    chosen = {"DATABASE_URL": database} if database else {}
    return {**kept, **ours, "LOG_LEVEL": "WARNING", **chosen, **settings}


def manage(env: dict[str, str], *arguments: str | Path) -> None:
    """`manage.py …`, to its end."""
    command = [sys.executable, "manage.py", *map(str, arguments)]
    subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
