"""`manage.py run` as a person starts it: real processes, a real sign-in, a real Ctrl-C."""

import os
import re
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.running_site import ROOT, Site, free_ports


@pytest.fixture
def ports() -> tuple[str, ...]:
    return free_ports()


@pytest.fixture
def sites() -> Iterator[list[Site]]:
    started: list[Site] = []
    yield started
    for site in started:
        site.end()


def sign_in(url: str, user: str, password: str) -> requests.Response:
    browser = requests.Session()
    page = browser.get(url, timeout=10)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token, page.url
    form = {"username": user, "password": password, "csrfmiddlewaretoken": token[1]}
    return browser.post(page.url, data=form, headers={"Referer": page.url}, timeout=10)


def processes_of(var: Path) -> list[int]:
    """Ids of all processes that were started with this VAR_DIR."""
    needle = f"VAR_DIR={var}".encode()
    numbers = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if needle in (folder / "environ").read_bytes().split(b"\0"):
                numbers.append(int(folder.name))
        except OSError:
            continue  # it ended meanwhile
    return numbers


def takes_connections(url: str) -> bool:
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def test_from_nothing_to_a_signed_in_page_and_back(
    tmp_path: Path, ports: tuple[str, ...], sites: list[Site]
) -> None:
    site = Site(tmp_path / "var", *ports)
    sites.append(site)
    site.wait_until_ready()
    url, user, password = site.word("Open"), site.word("User"), site.word("Password")
    assert user == "admin"
    assert "Loaded demo data" in site.printed
    assert "This is a rehearsal" in site.printed
    kept = site.var / "first-password"
    assert (kept.read_text().strip(), stat.S_IMODE(kept.stat().st_mode)) == (password, 0o600)
    page = sign_in(url, user, password)
    assert (page.status_code, page.url) == (200, url)
    assert "Spring weekend (demo)" in page.text
    assert sign_in(url, user, "not the password").url != url
    simulator = (site.var / "simulator-url").read_text().strip()
    assert takes_connections(simulator)

    paths = [site.var, *site.var.rglob("*")]
    assert [str(path) for path in paths if path.lstat().st_mode & 0o077] == []

    assert site.ctrl_c() == 0
    assert site.printed.endswith("Stopping.\nEverything is stopped.\n")
    assert processes_of(site.var) == []
    assert not takes_connections(url)
    assert not takes_connections(simulator)
    for log in ("web", "worker", "simulator"):
        assert "Traceback" not in (site.var / "log" / f"{log}.log").read_text()


def test_a_second_start_changes_nothing(tmp_path: Path, ports: tuple[str, ...], sites: list[Site]) -> None:
    first = Site(tmp_path / "var", *ports)
    sites.append(first)
    first.wait_until_ready()

    refused = Site(tmp_path / "var", *ports)
    assert refused.process.wait(timeout=30) == 1
    assert "already runs" in refused.printed

    first_password = (first.var / "first-password").read_text().strip()
    simulator = (first.var / "simulator-url").read_text()
    assert first.ctrl_c() == 0
    second = Site(tmp_path / "var", *ports)
    sites.append(second)
    second.wait_until_ready()
    assert second.word("Password") == first_password
    assert "Loaded demo data" not in second.printed
    assert "Prepared" not in second.printed
    assert (second.var / "simulator-url").read_text() == simulator
    with sqlite3.connect(second.var / "carillon.sqlite3") as database:
        assert database.execute("select count(*) from campaigns_campaign").fetchone() == (1,)
    assert (second.var / "log" / "web.log.1").exists()


def test_wrong_settings_start_nothing(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "manage.py", "run"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "VAR_DIR": str(tmp_path),
            "ENV_FILE": "/dev/null",
            "BATCH_SIZE": "100000",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "BATCH_SIZE is 100000; it must be from 1 to 10,000." in result.stderr
    assert not (tmp_path / "carillon.sqlite3").exists()
