import pytest
from django.db import OperationalError, connection

from tests.dashboard.page_client import PageClient


def test_says_that_it_works_and_nothing_else(stranger: PageClient) -> None:
    response = stranger.get("/healthz/")
    assert (response.status_code, response.json()) == (200, {"ok": True})
    assert "no-cache" in response["Cache-Control"]
    assert not response.cookies


def test_only_to_be_read(stranger: PageClient) -> None:
    assert stranger.post("/healthz/").status_code == 405


def test_database_that_does_not_answer(stranger: PageClient, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object) -> None:
        raise OperationalError("unable to open /srv/secret/carillon.sqlite3")

    with connection.execute_wrapper(broken):
        response = stranger.get("/healthz/")
    assert (response.status_code, response.json()) == (503, {"ok": False})
    assert "the database does not answer" in caplog.text
