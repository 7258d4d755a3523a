"""Ring 2: people, processes, time and a carrier in any order, and nobody is ever texted twice or forgotten.

The same games are played each time. `MODEL_GAMES=2000` plays so many others, never the same ones.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from campaigns.accounts import registry
from campaigns.receipts import polling
from campaigns.runtime import process_identity
from campaigns.sending import attempts
from tests.faults import model
from tests.faults.fake_answers import Point

pytestmark = pytest.mark.django_db(transaction=True)

GAMES = int(os.environ.get("MODEL_GAMES", "0"))
PROFILE = settings(
    max_examples=GAMES or 20,
    stateful_step_count=40,
    derandomize=not GAMES,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def _board(monkeypatch: pytest.MonkeyPatch, settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    """The program meets the game's clock, processes and carrier in place of the real ones."""
    User.objects.create_user("model")
    settings.RINGCENTRAL_SERVER_URL = "http://carrier.test"
    settings.JOURNAL_DIR = tmp_path / "journal"
    settings.HANDOVER_MINUTES = 0  # the speed that it measures in a game of leaps in time means nothing
    monkeypatch.setattr(timezone, "now", model.clock)
    monkeypatch.setattr(process_identity, "current", model.processes.identity)
    monkeypatch.setattr(process_identity, "is_dead", model.processes.is_dead)
    monkeypatch.setattr(registry, "accounts", lambda: [model.account])
    monkeypatch.setattr(attempts, "accept", model.before(Point.NOTED, attempts.accept))
    # What a poll asks for ahead it would ask for in a thread, with the database in a state of its own.
    monkeypatch.setattr(polling, "prefetch", lambda items: items)
    if connection.vendor == "postgresql":
        connection.cursor().execute("SET synchronous_commit = off")  # no disk is pulled in this ring
    logging.disable(logging.CRITICAL)  # thousands of lines that all were meant
    yield
    if connection.vendor == "postgresql":
        connection.cursor().execute("RESET synchronous_commit")
    logging.disable(logging.NOTSET)
    model.new_game()


@pytest.mark.usefixtures("_board")
def test_any_game_ends_well() -> None:
    run_state_machine_as_test(model.Game, settings=PROFILE)
