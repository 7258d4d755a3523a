"""F43: the database is restored from a backup older than what left. Nothing leaves until it was compared.

A backup is a savepoint here, and restoring it a rollback: the carrier and the journal know what the database
does not. F44, a program and a database of different versions, is here too.
"""

from __future__ import annotations

import csv
import io
import os
import signal
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from campaigns import checks
from campaigns.accounts import registry
from campaigns.models import Attempt, Batch, Campaign, History, Installation, Message
from campaigns.reconciling import recovery, search
from campaigns.runtime import process_identity
from campaigns.sending import attempts, dispatch, failures, restore_guard
from campaigns.sending.prepared import Prepared
from campaigns.sending.steps import StepResult
from campaigns.worker import loop
from tests.faults.fault_scenario import (
    BATCHES,
    PEOPLE,
    POST,
    Worker,
    assert_delivered,
    assert_right,
    posts,
    worker,
)
from tests.support import factories, scenario

__all__ = ["worker"]
pytestmark = pytest.mark.django_db


class Backup:
    def __init__(self) -> None:
        self._point = transaction.savepoint()

    def restore(self) -> None:
        transaction.savepoint_rollback(self._point)


@pytest.fixture(autouse=True)
def _var(settings: LazySettings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


def recover(*arguments: str) -> str:
    out = io.StringIO()
    call_command("recover", *arguments, stdout=out)
    return out.getvalue()


def assert_locked(worker: Worker, campaign: Campaign, requests: int) -> None:
    """Nothing leaves, whoever tries."""
    assert restore_guard.sending_lock() is restore_guard.Lock.RESTORED
    assert scenario.submit_all(campaign).result in (StepResult.BLOCKED, StepResult.WAIT)
    worker.turn()
    worker.minutes(30)
    assert posts(worker.carrier) == requests


@pytest.mark.parametrize("left", range(1, BATCHES + 1))
@pytest.mark.parametrize("known", range(BATCHES))
def test_f43_restored_in_mid_campaign(worker: Worker, known: int, left: int) -> None:
    if left <= known:
        left = BATCHES
    campaign = scenario.launched(PEOPLE, size=2)
    for _ in range(known):
        dispatch.step(campaign.pk)
    backup = Backup()
    for _ in range(left - known):
        assert dispatch.step(campaign.pk).result == StepResult.SUBMITTED
    backup.restore()
    assert_locked(worker, campaign, left)
    before = scenario.counts(campaign)
    assert "Nothing was changed" in recover()
    assert scenario.counts(campaign) == before
    assert_locked(worker, campaign, left)
    assert "unlocked" in recover("--yes")
    assert posts(worker.carrier) == left
    assert recover("--yes").startswith("Nothing to recover")
    worker.minutes(1)
    worker.rest(campaign)
    assert_delivered(worker.carrier, campaign)
    assert posts(worker.carrier) == BATCHES
    assert History.objects.filter(kind="recovered").count() == 1


def lost(campaign: Campaign, count: int = BATCHES) -> None:
    """Everything left after the backup that is restored then."""
    backup = Backup()
    for _ in range(count):
        dispatch.step(campaign.pk)
    backup.restore()


def test_f43_new_attempts_get_ids_that_the_journal_has_not_seen(worker: Worker) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    lost(campaign, 2)
    recover("--yes")
    scenario.submit_all(campaign)
    assert Attempt.objects.order_by("id").first().pk > 2  # type: ignore[union-attr]
    assert restore_guard.sending_lock() is None


def test_f43_the_same_backup_again_is_locked_again(worker: Worker) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    backup = Backup()
    scenario.submit_all(campaign)
    backup.restore()
    backup = Backup()
    recover("--yes")
    backup.restore()
    assert_locked(worker, campaign, BATCHES)
    recover("--yes")
    worker.rest(campaign)
    assert_delivered(worker.carrier, campaign)
    assert posts(worker.carrier) == BATCHES


def test_f43_backup_of_a_batch_that_was_prepared(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    prepared = dispatch.choose_next(campaign.pk, registry.default())
    assert isinstance(prepared, Prepared)
    backup = Backup()
    dispatch.send(prepared, registry.default())
    backup.restore()
    monkeypatch.setattr(process_identity, "is_dead", lambda _: True)
    assert_locked(worker, campaign, 1)
    recover("--yes")
    worker.minutes(1)
    worker.rest(campaign)
    assert_delivered(worker.carrier, campaign)
    assert posts(worker.carrier) == BATCHES


def test_f43_nothing_that_was_prepared_before_leaves_either(worker: Worker) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    lost(campaign)
    with transaction.atomic():
        batch = Batch.objects.order_by("number").first()
        assert batch is not None
        prepared = attempts.prepare(Campaign.objects.locked(campaign.pk), batch)
    assert prepared is not None
    with pytest.raises(attempts.SendAborted, match="locked"):
        attempts.mark_sending(prepared)


def test_f43_rejected_numbers_are_known_from_the_journal(worker: Worker) -> None:
    people = [(scenario.phone(0), "Ann"), (scenario.ending("9700"), "Bob"), (scenario.phone(1), "Cy")]
    campaign = scenario.launched(people, size=3)
    lost(campaign, 1)
    recover("--yes")
    assert scenario.counts(campaign) == {"with_carrier": 2, "rejected": 1}
    worker.rest(campaign)
    assert_right(worker.carrier, campaign, people)


def test_f43_cut_in_another_way_after_the_backup(worker: Worker) -> None:
    campaign = scenario.launched(PEOPLE, size=4)
    backup = Backup()
    failures.split(Batch.objects.get(number=1).pk)
    dispatch.step(campaign.pk)
    backup.restore()
    assert_locked(worker, campaign, 1)
    recover("--yes")
    assert scenario.counts(campaign) == {"with_carrier": 2, "queued": 4}
    scenario.assert_adds_up(campaign)
    worker.rest(campaign)
    assert_delivered(worker.carrier, campaign)
    assert posts(worker.carrier) == 3


def test_f43_an_answer_that_was_lost_is_searched_for(worker: Worker) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    worker.carrier.faults({**POST, "nth": 1, "fault": "drop_before"})
    lost(campaign, 1)
    worker.carrier.faults()
    recover("--yes")
    assert scenario.counts(campaign) == {"in_doubt": 2, "queued": 4}
    worker.rest(campaign)
    assert_delivered(worker.carrier, campaign)


def test_f43_a_lost_answer_of_a_batch_that_was_another_then_is_for_a_person(worker: Worker) -> None:
    """Somebody had opted out after the backup, which is forgotten: nobody of the rest is texted unasked."""
    campaign = scenario.launched(PEOPLE, size=2)
    backup = Backup()
    factories.opt_out(PEOPLE[0][0])
    worker.carrier.faults({**POST, "nth": 1, "fault": "drop_before"})
    dispatch.step(campaign.pk)
    worker.carrier.faults()
    backup.restore()
    assert_locked(worker, campaign, 0)
    recover("--yes")
    assert scenario.counts(campaign) == {"needs_review": 2, "queued": 4}
    scenario.assert_adds_up(campaign)


def test_f43_what_goes_on_is_named_before(worker: Worker) -> None:
    """Somebody may have cancelled it after the backup, of which the database knows nothing now."""
    campaign = scenario.launched(PEOPLE, size=2)
    lost(campaign, 1)
    assert "“Spring sale” goes on with at most 6 texts." in recover()
    assert scenario.counts(campaign) == {"queued": 6}


def test_f43_records_that_lag_unlock_nothing(worker: Worker) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    worker.carrier.options(list_lag=3600)
    lost(campaign)
    with pytest.raises(CommandError, match="lag behind"):
        recover("--yes")
    assert_locked(worker, campaign, BATCHES)
    worker.sleep(3600)
    recover("--yes")
    worker.rest(campaign)
    assert_delivered(worker.carrier, campaign)


def test_f43_people_of_a_campaign_that_is_not_in_the_backup(worker: Worker, tmp_path: Path) -> None:
    registry.default().refresh_numbers()
    backup = Backup()
    scenario.submit_all(scenario.launched(PEOPLE, size=2))
    backup.restore()
    said = recover("--yes")
    assert "no campaign in this database" in said
    assert not any(number in said for number, _ in PEOPLE)
    file = tmp_path / "texts-of-unknown-campaigns.csv"
    assert file.stat().st_mode & 0o777 == 0o600
    with file.open(newline="", encoding="utf-8") as rows:
        assert {(row["Phone"], row["Text"]) for row in csv.DictReader(rows)} == {
            (number, f"Hi {name}") for number, name in PEOPLE
        }
    assert restore_guard.sending_lock() is None


def test_f43_another_text_to_the_same_people_holds_their_campaign(worker: Worker) -> None:
    backup = Backup()
    scenario.submit_all(scenario.launched(PEOPLE, size=2, text="Other {{ first_name }}"))
    backup.restore()
    campaign = scenario.launched(PEOPLE, size=2)
    recover("--yes")
    campaign.refresh_from_db()
    assert (campaign.state, campaign.hold_reason) == ("held", "restored")


def test_f43_another_database_beside_the_same_journal_is_not_locked(worker: Worker) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    backup = Backup()
    scenario.submit_all(campaign)
    backup.restore()
    assert restore_guard.sending_lock()
    Installation.objects.update(name=uuid.uuid4())
    assert restore_guard.sending_lock() is None


def test_a_journal_that_cannot_be_read_stops_everything(worker: Worker, settings: LazySettings) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    settings.JOURNAL_DIR.mkdir(parents=True)
    (settings.JOURNAL_DIR / "2026-01-01.jsonl").symlink_to("2026-01-01.jsonl")
    assert restore_guard.sending_lock() is restore_guard.Lock.UNREADABLE
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    assert posts(worker.carrier) == 0


def test_f43_a_restored_copy_gives_no_sign_of_life(worker: Worker) -> None:
    """However long it runs before it is compared, the records are read from the time of the backup."""
    worker.turn()
    campaign = scenario.launched(PEOPLE, size=2)
    alive_at = Installation.objects.get().alive_at
    assert alive_at is not None
    lost(campaign)
    worker.sleep(7200)
    worker.turn()
    assert Installation.objects.get().alive_at == alive_at
    assert recovery.plan().since <= alive_at - search.WINDOW
    recover("--yes")
    worker.sleep(7200)
    worker.turn()
    later = Installation.objects.get().alive_at
    assert later is not None
    assert later > alive_at


def test_every_migrated_database_has_a_name() -> None:
    assert Installation.objects.count() == 1
    assert restore_guard.installation_name() == restore_guard.installation_name()
    Installation.objects.all().delete()
    assert restore_guard.installation_name() == restore_guard.installation_name()


# --- F44 ----------------------------------------------------------------------------------------------------


@pytest.fixture
def migrations() -> Callable[[str, bool], None]:
    def say(name: str, applied: bool) -> None:
        recorder = MigrationRecorder(connection)
        (recorder.record_applied if applied else recorder.record_unapplied)("campaigns", name)

    return say


@pytest.mark.parametrize(
    ("name", "applied", "said"),
    [
        ("9999_from_the_future", True, "newer than this program.*9999_from_the_future"),
        ("0001_initial", True, "before the first release.*left as it is"),
        ("0002_storage", False, "older than this program.*0002_storage is not applied"),
    ],
)
@pytest.mark.parametrize(
    "command", [["worker"], ["send", "people.csv", "--from", scenario.LOCAL, "--text", "Hi"]]
)
def test_f44_program_and_database_of_different_versions(
    migrations: Callable[[str, bool], None], command: list[str], name: str, applied: bool, said: str
) -> None:
    migrations(name, applied)
    with pytest.raises(CommandError, match=said):
        call_command(*command)
    assert Message.objects.count() == 0


def test_f44_a_worker_under_which_the_database_is_migrated_drains(
    migrations: Callable[[str, bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    signals: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *to: signals.append(to))
    monkeypatch.setattr(loop, "VERSION_EVERY", 0.0)
    ticker = loop.Ticker()
    ticker.once()
    assert signals == []
    migrations("9999_from_the_future", True)
    ticker.once()
    assert signals == [(os.getpid(), signal.SIGTERM)]


def test_f43_send_refuses_too(worker: Worker, tmp_path: Path) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    lost(campaign)
    with pytest.raises(CommandError, match="restored from a backup"):
        call_command("send", str(tmp_path / "people.csv"), "--from", scenario.LOCAL, "--text", "Hi")
    assert posts(worker.carrier) == BATCHES


def test_f43_pages_and_watchers_are_told(worker: Worker, admin: User, client: Client) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    client.force_login(admin)
    assert "restored from a backup" not in client.get("/").content.decode()
    assert checks.check_database(None, databases=["default"]) == []
    lost(campaign)
    assert "restored from a backup" in client.get("/").content.decode()
    assert client.get("/healthz/").json() == {"ok": True, "sending": "locked"}
    assert [found.id for found in checks.check_database(None, databases=["default"])] == ["carillon.W060"]
    recover("--yes")
    assert "restored from a backup" not in client.get("/").content.decode()
    assert client.get("/healthz/").json() == {"ok": True}
