"""A database from before the first release: refused, and left as it is."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.site import Site

DATABASE = """
CREATE TABLE django_migrations (id INTEGER PRIMARY KEY, app TEXT, name TEXT, applied TEXT);
INSERT INTO django_migrations VALUES (1, 'campaigns', '0001_initial', '2026-11-21');
CREATE TABLE campaigns_campaign (id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO campaigns_campaign VALUES (1, 'Spring sale');
"""


def content(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


@pytest.mark.parametrize("command", [["migrate"], ["run", "--no-demo"]])
def test_a_database_of_before_is_refused_and_left_as_it_is(tmp_path: Path, command: list[str]) -> None:
    path = tmp_path / "site.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(DATABASE)
    before = content(path)
    refused = Site(tmp_path, f"sqlite:///{path}", "http://127.0.0.1:9").manage(*command)
    assert refused.returncode == 1
    assert "from before the first release" in refused.stderr
    assert "Set DATABASE_URL to a new database, or move the old file away" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert content(path) == before
