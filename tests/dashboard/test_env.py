"""A setting that cannot be read ends in a sentence that names it; a blank one is as good as none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.conf.env import Environment

ROOT = Path(__file__).resolve().parent.parent.parent


def reading(**written: str) -> Environment:
    env = Environment()
    env.ENVIRON = written
    return env


@pytest.mark.parametrize(
    ("kind", "written", "part"),
    [
        ("int", "abc", "X is 'abc'"),
        ("int", "1,000", "without a comma"),
        ("int", "1.5", "a whole number"),
        ("float", "5m", "write a number"),
        ("bool", "yess", "write true or false"),
        ("bool", "2", "write true or false"),
        ("list", "a,,b", "one comma between"),
        ("list", "a b", "one comma between"),
        ("level", "loud", "DEBUG, INFO"),
        ("zone", "Mars/Base", "the name of a time zone"),
        ("db_url", "abc", "not the address of a database"),
        ("db_url", "postgres://u:p@host:port/x", "not the address of a database"),
    ],
)
def test_what_cannot_be_read_is_named(kind: str, written: str, part: str) -> None:
    default = {"zone": "America/Chicago", "level": "INFO"}.get(kind, "sqlite:///:memory:")
    with pytest.raises(SystemExit) as ended:
        getattr(reading(X=written), kind)("X", default=default)
    assert str(ended.value).startswith("X ")
    assert part in str(ended.value)


@pytest.mark.parametrize(
    ("kind", "written"),
    [("list", "a secret,,of ours"), ("db_url", "postgres://me:secret@host:port/x"), ("db_url", "our secret")],
)
def test_what_may_be_secret_is_not_repeated(kind: str, written: str) -> None:
    with pytest.raises(SystemExit) as ended:
        getattr(reading(X=written), kind)("X", default="sqlite:///:memory:")
    assert "secret" not in str(ended.value)


@pytest.mark.parametrize(
    ("kind", "written", "found"),
    [
        ("int", " 60 ", 60),
        ("float", "0.5", 0.5),
        ("bool", "No", False),
        ("bool", "on", True),
        ("list", "a.example.com, b.example.com", ["a.example.com", "b.example.com"]),
        ("str", "$cash", "$cash"),
        ("level", "debug", "DEBUG"),
        ("zone", "Europe/Berlin", "Europe/Berlin"),
    ],
)
def test_what_can_be_read_is(kind: str, written: str, found: object) -> None:
    assert getattr(reading(X=written), kind)("X", default="UTC") == found


@pytest.mark.parametrize("written", ["", "  "])
@pytest.mark.parametrize(
    ("kind", "default"),
    [("int", 7), ("float", 0.5), ("bool", True), ("list", ["a"]), ("str", "/srv/var"), ("level", "INFO")],
)
def test_blank_is_the_default(kind: str, default: object, written: str) -> None:
    assert getattr(reading(X=written), kind)("X", default=default) == default


@pytest.mark.parametrize("command", ["check", "run", "migrate"])
def test_no_command_ends_in_a_traceback(command: str, tmp_path: Path) -> None:
    env = {**os.environ, "VAR_DIR": str(tmp_path), "ENV_FILE": os.devnull, "BATCH_SIZE": "abc"}
    env["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"
    result = subprocess.run(
        [sys.executable, "manage.py", command], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert result.stderr.strip().splitlines()[-1].startswith("BATCH_SIZE is 'abc'")
