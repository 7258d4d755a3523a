"""What must outlive a power cut is on the disk before anything depends on it; the rest does not wait."""

import os
from pathlib import Path

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from campaigns.models import Attempt
from campaigns.sending import dispatch, journal
from campaigns.sending.steps import StepResult
from tests.simulator.running import RunningSimulator
from tests.support import scenario

ASK = {"sqlite": "PRAGMA synchronous", "postgresql": "SHOW synchronous_commit"}
WAITS = {"sqlite": {"1": False, "2": True}, "postgresql": {"off": False, "on": True}}
"""By what the database says of itself: whether a commit waits for the disk."""


def waits(database: BaseDatabaseWrapper) -> bool:
    with database.cursor() as cursor:
        cursor.execute(ASK[database.vendor])
        return WAITS[database.vendor][str(cursor.fetchone()[0])]


@pytest.mark.django_db
def test_a_new_connection_waits_for_the_disk() -> None:
    new = connection.copy()
    try:
        assert waits(new)
    finally:
        new.close()


@pytest.mark.django_db(transaction=True)
def test_each_commit_of_a_batch_but_its_preparing_waits_for_the_disk(
    carrier: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = scenario.launched(scenario.people(4), size=2)
    commit = connection.commit
    told: list[tuple[list[str], bool]] = []

    def watched() -> None:
        states = list(Attempt.objects.order_by("pk").values_list("state", flat=True))
        told.append((states, waits(connection)))
        commit()

    monkeypatch.setattr(connection, "commit", watched)
    pipeline = dispatch.Pipeline(campaign.pk)
    while pipeline.step().result == StepResult.SUBMITTED:
        pass
    moved: list[tuple[list[str], bool]] = []
    before: list[str] = []
    for states, waited in told:
        if states != before:
            moved.append((states, waited))
        before = states
    relaxed = connection.vendor != "sqlite"
    assert moved == [
        (["prepared"], relaxed),
        (["sending"], True),
        (["sending", "prepared"], relaxed),
        (["accepted", "prepared"], True),
        (["accepted", "sending"], True),
        (["accepted", "accepted"], True),
    ]


def test_a_line_of_the_journal_and_the_name_of_its_file_are_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "journal"
    synced: list[tuple[str, int]] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((path.name, path.stat().st_size if path.is_file() else 0))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    book = journal.Journal(folder)
    book.append(journal.mark_line("here", 1, 0, None))
    (file,) = folder.iterdir()
    first = file.stat().st_size
    assert synced == [(file.name, first), (folder.name, 0)]
    book.append(journal.mark_line("here", 2, 0, None))
    assert synced[2:] == [(file.name, file.stat().st_size)]
    assert file.stat().st_size > first
