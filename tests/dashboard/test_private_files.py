"""Nobody but the user who runs Carillon reads what it keeps, however its folders were made."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.checks import ERROR
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from dashboard import checks
from dashboard.conf import private_files
from dashboard.conf.private_files import Paths

ROOT = Path(__file__).resolve().parent.parent.parent


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def open_to_others(folder: Path) -> list[str]:
    paths = [folder, *folder.rglob("*")]
    return [f"{path} {mode(path):o}" for path in paths if mode(path) & 0o077]


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def made(path: Path, text: str = "x", how: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(how)
    return path


def paths(var: Path, database: Path | None = None) -> Paths:
    return Paths(var, (var / "uploads", var / "journal", var / "log"), database, ROOT)


def manage(*arguments: str, umask: int, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "ENV_FILE": "/dev/null", **env},
        capture_output=True,
        text=True,
        check=False,
        umask=umask,
    )


@pytest.mark.parametrize("umask", [0o022, 0o000, 0o077])
def test_whatever_the_umask_and_however_the_folder_was_made(tmp_path: Path, umask: int) -> None:
    var = tmp_path / "var"
    var.mkdir(mode=0o755)
    var.chmod(0o755)
    result = manage("migrate", "--verbosity=0", umask=umask, VAR_DIR=str(var))
    assert (result.returncode, result.stderr) == (0, "")
    assert (var / "carillon.sqlite3").exists()
    assert open_to_others(var) == []
    assert mode(tmp_path) == 0o700  # as the tests' own folder was before


def test_what_an_older_version_left_open_is_closed(tmp_path: Path) -> None:
    var = tmp_path / "var"
    names = ("secret-key", "first-password", "simulator.state", "carillon.sqlite3-wal", "uploads/kept-1")
    for name in (*names, "journal/2026-11-21.jsonl", "log/web.log", "copy-of-mine.sqlite3"):
        made(var / name)
    for folder in (var, var / "uploads", var / "journal", var / "log"):
        folder.chmod(0o755)
    private_files.close(paths(var))
    assert open_to_others(var) == []
    assert private_files.problems(paths(var)) == []


def test_a_database_elsewhere_is_closed_and_its_folder_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "srv"
    database = made(place / "mine.sqlite3", "")
    for end in ("-wal", "-shm"):
        made(place / f"mine.sqlite3{end}", "")
    theirs = made(place / "theirs.txt")
    place.chmod(0o755)
    env = {"VAR_DIR": str(tmp_path / "var"), "DATABASE_URL": f"sqlite:///{database}"}
    result = manage("migrate", "--verbosity=0", umask=0o022, **env)
    assert (result.returncode, result.stderr) == (0, "")
    assert {path.name: f"{mode(path):o}" for path in place.glob("mine*")} == dict.fromkeys(
        [path.name for path in place.glob("mine*")], "600"
    )
    assert (mode(place), mode(theirs)) == (0o755, 0o644)


def test_a_folder_of_others_is_never_changed_but_refused(tmp_path: Path, umask: None) -> None:
    shared, home = tmp_path / "tmp", tmp_path / "home"
    for folder, how in ((shared, 0o1777), (home, 0o755)):
        folder.mkdir()
        made(folder / "letter.txt")
        folder.chmod(how)
        private_files.close(paths(folder))
        assert (mode(folder), mode(folder / "letter.txt")) == (how, 0o644)
        [exposed] = private_files.problems(paths(folder))
        assert f"{folder} can be read by others (mode {how:o})" in exposed.message
        assert "Set VAR_DIR to a folder of its own" in exposed.hint


def test_the_checkout_and_the_home_folder_are_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    made(home / "secret-key")
    home.chmod(0o755)
    monkeypatch.setenv("HOME", str(home))
    private_files.close(paths(home))
    assert (mode(home), mode(home / "secret-key")) == (0o755, 0o644)
    assert [exposed.hint[:8] for exposed in private_files.problems(paths(home))] == ["It holds"]
    assert paths(ROOT).is_shared(ROOT)


def test_a_disk_without_modes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one of Windows, which takes each change and forgets it."""
    var = tmp_path / "var"
    made(var / "secret-key")
    database = made(tmp_path / "mine.sqlite3")
    var.chmod(0o777)
    monkeypatch.setattr(Path, "chmod", lambda *_args: None)
    private_files.close(paths(var, database))
    hints = [
        (exposed.message.split(" ")[0], exposed.hint)
        for exposed in private_files.problems(paths(var, database))
    ]
    assert [Path(path).name for path, _ in hints] == ["var", "secret-key", "mine.sqlite3"]
    assert ["keeps no modes" in hint for _, hint in hints] == [True, True, True]
    assert "Set DATABASE_URL" in hints[2][1]


def test_what_belongs_to_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    var = tmp_path / "var"
    made(var / "secret-key", how=0o600)
    var.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)

    def refuse(*_args: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", refuse)
    private_files.close(paths(var))
    [exposed] = private_files.problems(paths(var))
    assert "It belongs to another user. As root: chown 12345" in exposed.hint


def test_nothing_is_written_into_a_folder_of_others(tmp_path: Path) -> None:
    letter = made(tmp_path / "var" / "letter.txt")
    letter.parent.chmod(0o755)
    for command in ("worker", "check", "migrate", "run"):
        result = manage(command, umask=0o022, VAR_DIR=str(letter.parent))
        assert result.returncode == 1
        assert result.stderr.startswith(f"{letter.parent} can be read by others (mode 755)")
        assert list(letter.parent.iterdir()) == [letter]
    assert (mode(letter.parent), mode(letter)) == (0o755, 0o644)


@pytest.fixture
def left_open(tmp_path: Path, settings: Settings) -> Path:
    settings.DATABASE_FILE = made(tmp_path / "mine.sqlite3")
    return tmp_path / "mine.sqlite3"


def test_what_stays_open_is_an_error_of_every_command(left_open: Path) -> None:
    [exposed] = checks.check_private(None)
    assert (exposed.id, exposed.level) == ("carillon.E033", ERROR)
    assert str(left_open) in exposed.msg
    assert exposed.hint


def test_the_web_server_refuses_it_too(left_open: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="can be read by others"):
        checks.refuse_open()


@pytest.mark.parametrize("where", ["file", "file/var"])
def test_a_folder_that_cannot_be_made_ends_in_a_sentence(tmp_path: Path, where: str) -> None:
    made(tmp_path / "file")
    result = manage("check", umask=0o022, VAR_DIR=str(tmp_path / where))
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith(f"VAR_DIR {tmp_path / where} cannot be made")
