"""The cast of all tests. The clients that they sign in with are in tests/dashboard/conftest.py."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.db.models.signals import post_save
from pytest_django import DjangoDbBlocker

from campaigns.accounts import registry
from campaigns.models import History
from campaigns.sending import journal
from tests.support import factories, history, sentences
from tests.support import site as sites
from tests.support.carrier import _simulator_process, carrier, simulator
from tests.support.site import _template, database, site

__all__ = ["_simulator_process", "_template", "carrier", "database", "simulator", "site"]

LONG = tuple(
    f"tests/{name}"
    for name in ("browser", "speed", "faults", "management/test_send", "management/test_worker")
)
"""Files of tests that take many seconds each: begun first, so that none of them is what all wait for."""


def pytest_configure(config: pytest.Config) -> None:
    if sentences.asked():
        sentences.install()
    if not hasattr(config, "workerinput"):
        sites.share_template()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        sites.forget_template()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Stable: whatever pytest-django put first within a file stays first.
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))
    sentences.leave_out_wording(items)


@pytest.fixture(autouse=True, scope="session")
def _history_is_typed() -> None:
    post_save.connect(history.check, sender=History)


@pytest.fixture(autouse=True, scope="session")
def _static_folder() -> None:
    """WhiteNoise warns of a folder that is not there; only `collectstatic` would make it."""
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """PostgreSQL drops no database that somebody uses, such as a thread that a test has not waited for."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(autouse=True)
def _no_journal() -> None:
    """Tests share a database and its name, and each begins with what it held before all of them."""
    shutil.rmtree(settings.JOURNAL_DIR, ignore_errors=True)
    journal.open_journal.cache_clear()


@pytest.fixture(autouse=True)
def _no_account() -> None:
    """An account remembers its id as long as the process lives, even one from another test's database."""
    registry.opened.cache_clear()


@pytest.fixture
def viewer(db: None) -> User:
    """May look at everything and change nothing."""
    return factories.user("viewer", name="vera")


@pytest.fixture
def composer(db: None) -> User:
    """May upload lists, write campaigns and enter opt-outs; may not send."""
    return factories.user("composer", name="carlo")


@pytest.fixture
def sender(db: None) -> User:
    """May send."""
    return factories.user("sender", name="sofia")


@pytest.fixture
def admin(db: None) -> User:
    """May do everything, and enter the admin site."""
    return User.objects.create_superuser("ada", password=factories.PASSWORD)


@pytest.fixture
def nobody(db: None) -> User:
    """Can sign in, has no role."""
    return factories.user(name="nobody")
