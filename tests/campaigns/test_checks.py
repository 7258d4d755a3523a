"""Every documented setting is checked at the start, and the message says which and what to do."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from campaigns import checks

ROOT = Path(__file__).resolve().parent.parent.parent
REAL = {
    "REHEARSAL": False,
    "RINGCENTRAL_SERVER_URL": "https://platform.ringcentral.com",
    "RINGCENTRAL_CLIENT_ID": "id",
    "RINGCENTRAL_CLIENT_SECRET": "secret",
    "RINGCENTRAL_JWT": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
}
PUBLIC = {"ALLOWED_HOSTS": ["texts.example.com"], "HTTPS": True, "SECRET_KEY": "k" * 64, "DEBUG": False}


@pytest.mark.parametrize(
    ("changed", "found", "said"),
    [
        ({}, [], ""),
        (REAL, [], ""),
        (PUBLIC, [], ""),
        # The site
        (PUBLIC | {"SECRET_KEY": "change-me"}, ["carillon.E001"], "9 characters"),
        ({"SECRET_KEY": "short, but nobody else can reach it"}, [], ""),
        (PUBLIC | {"ALLOWED_HOSTS": ["*"]}, ["carillon.E002"], "any name"),
        (PUBLIC | {"DEBUG": True}, ["carillon.E003"], "DEBUG"),
        ({"DEBUG": True, "ALLOWED_HOSTS": ["localhost"]}, [], ""),
        (PUBLIC | {"HTTPS": False}, ["carillon.W004"], "HTTPS"),
        # A lost answer: short waits only for a carrier on this machine
        (REAL | {"SETTLE_SECONDS": 60}, ["carillon.E022"], "300 or more"),
        (REAL | {"LOOK_GAP_SECONDS": 1}, ["carillon.E022"], "LOOK_GAP_SECONDS is 1"),
        ({"SETTLE_SECONDS": 0.5, "LOOK_GAP_SECONDS": 0.1}, [], ""),
        ({"SETTLE_SECONDS": -1}, ["carillon.E022"], "SETTLE_SECONDS"),
        # RingCentral
        (REAL | {"RINGCENTRAL_SERVER_URL": "platform.ringcentral.com"}, ["carillon.E010"], "web address"),
        (REAL | {"RINGCENTRAL_SERVER_URL": ""}, ["carillon.E010"], "web address"),
        (
            REAL | {"RINGCENTRAL_SERVER_URL": "ftp://platform.ringcentral.com"},
            ["carillon.E010"],
            "web address",
        ),
        (REAL | {"RINGCENTRAL_SERVER_URL": "http://platform.ringcentral.com"}, ["carillon.E011"], "https"),
        # Ours on the outside only
        (REAL | {"RINGCENTRAL_SERVER_URL": "http://127.0.0.1.example.com"}, ["carillon.E011"], "https"),
        ({"RINGCENTRAL_SERVER_URL": "http://[::1]:8910"}, [], ""),
        ({"RINGCENTRAL_SERVER_URL": "https://platform.ringcentral.com"}, ["carillon.E012"], "no credentials"),
        (REAL | {"RINGCENTRAL_JWT": ""}, ["carillon.E013"], "RINGCENTRAL_JWT missing"),
        (
            REAL | {"RINGCENTRAL_CLIENT_ID": "", "RINGCENTRAL_CLIENT_SECRET": ""},
            ["carillon.E013"],
            "RINGCENTRAL_CLIENT_ID and RINGCENTRAL_CLIENT_SECRET missing",
        ),
        # An access token in the place of the JWT
        (REAL | {"RINGCENTRAL_JWT": "U0pDMTFQMDFQQVMwMHxBQURXU1hkMA"}, ["carillon.E014"], "JWT"),
        (REAL | {"RINGCENTRAL_JWT": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIx… "}, ["carillon.E014"], "JWT"),
        (REAL | {"RINGCENTRAL_SERVER_URL": "http://127.0.0.1:8910", "RINGCENTRAL_JWT": "simulator"}, [], ""),
        # Sending
        ({"BATCH_SIZE": 0}, ["carillon.E020"], "BATCH_SIZE is 0"),
        ({"BATCH_SIZE": 1}, [], ""),
        ({"BATCH_SIZE": 10_000}, [], ""),
        ({"BATCH_SIZE": 10_001}, ["carillon.E020"], "from 1 to 10,000"),
        ({"HANDOVER_MINUTES": -1.0}, ["carillon.E021"], "HANDOVER_MINUTES is -1"),
        ({"HANDOVER_MINUTES": float("nan")}, ["carillon.E021"], "HANDOVER_MINUTES is nan"),
        ({"HANDOVER_MINUTES": 0.0}, [], ""),
        ({"UNDO_SECONDS": -1.0}, ["carillon.E023"], "UNDO_SECONDS is -1"),
        ({"UNDO_SECONDS": 86400.0}, ["carillon.E023"], "UNDO_SECONDS is 86400"),
        ({"UNDO_SECONDS": float("nan")}, ["carillon.E023"], "UNDO_SECONDS is nan"),
        ({"UNDO_SECONDS": 0.0}, [], ""),
        # Where the provider reaches us
        ({"PUBLIC_URL": "http://127.0.0.1:8000"}, [], ""),
        (REAL | PUBLIC | {"PUBLIC_URL": "https://texts.example.com"}, [], ""),
        (REAL | PUBLIC | {"PUBLIC_URL": "https://texts.example.com:8443"}, [], ""),
        (REAL | PUBLIC | {"PUBLIC_URL": "texts.example.com"}, ["carillon.E050"], "address of a site"),
        (REAL | PUBLIC | {"PUBLIC_URL": "https://texts.example.com/hooks"}, ["carillon.E050"], "PUBLIC_URL"),
        (REAL | PUBLIC | {"PUBLIC_URL": "https://me:pw@texts.example.com"}, ["carillon.E050"], "PUBLIC_URL"),
        (REAL | PUBLIC | {"PUBLIC_URL": "https://[texts"}, ["carillon.E050"], "PUBLIC_URL"),
        (REAL | {"PUBLIC_URL": "http://localhost:8000"}, ["carillon.E051"], "cannot reach"),
        (REAL | PUBLIC | {"PUBLIC_URL": "http://texts.example.com"}, ["carillon.E052"], "not https"),
        (REAL | PUBLIC | {"PUBLIC_URL": "https://other.example.com"}, ["carillon.E053"], "other.example.com"),
        # Places
        ({"DEFAULT_REGION": "USA"}, ["carillon.E040"], "'USA'"),
        ({"DEFAULT_REGION": "us"}, ["carillon.E040"], "'us'"),
        ({"DEFAULT_REGION": ""}, ["carillon.E040"], "''"),
        ({"DEFAULT_REGION": "CA"}, [], ""),
    ],
)
def test_settings(settings: Settings, changed: dict[str, Any], found: list[str], said: str) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    messages = [
        *checks.site(),
        *checks.providers(),
        *checks.public_address(),
        *checks.sending(),
        *checks.times_and_places(),
    ]
    assert [message.id for message in messages] == found
    assert said in " ".join(message.msg for message in messages)
    assert all(message.hint for message in messages)


@pytest.mark.parametrize(
    ("engine", "name", "written", "found"),
    [
        ("mysql", "carillon", "mysql://host/carillon", ["carillon.E030"]),
        ("postgresql", "carillon", "postgres://host/carillon", []),
        ("sqlite3", str(ROOT / "mine.sqlite3"), "", []),
        ("sqlite3", str(ROOT / "mine.sqlite3"), f"sqlite:///{ROOT}/mine.sqlite3", []),
        ("sqlite3", str(ROOT / "mine.sqlite3"), "sqlite:///mine.sqlite3", ["carillon.W031"]),
        (
            "sqlite3",
            "/no/such/folder/mine.sqlite3",
            "sqlite:////no/such/folder/mine.sqlite3",
            ["carillon.E032"],
        ),
    ],
)
def test_database(engine: str, name: str, written: str, found: list[str]) -> None:
    messages = list(checks.database({"ENGINE": f"django.db.backends.{engine}", "NAME": name}, written))
    assert [message.id for message in messages] == found
    assert all(message.hint for message in messages)


def check(tmp_path: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "check", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "ENV_FILE": "/dev/null", "VAR_DIR": str(tmp_path), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_commands_refuse_wrong_settings(tmp_path: Path) -> None:
    result = check(tmp_path, RINGCENTRAL_CLIENT_ID="only-this")
    assert result.returncode == 1
    assert "RINGCENTRAL_CLIENT_SECRET and RINGCENTRAL_JWT missing" in result.stderr


def test_production_settings_pass_the_deployment_checks(tmp_path: Path) -> None:
    result = check(
        tmp_path,
        "--deploy",
        "--fail-level=WARNING",
        ALLOWED_HOSTS="texts.example.com",
        BEHIND_PROXY="true",
        SECRET_KEY="".join(map(chr, range(48, 112))),
        **{name: value for name, value in REAL.items() if isinstance(value, str)},
    )
    assert (result.returncode, result.stderr) == (0, "")
