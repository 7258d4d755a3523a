"""The journal outside the database: an answer outlives the process and a database that is down.

F05 and F40 of the catalogue. The carrier's ledger is the judge; its list of calls tells that nobody searched.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import IntegrityError, OperationalError
from django.utils import timezone

from campaigns.labels.holds import why_it_waits
from campaigns.models import Attempt, Batch, Campaign, History
from campaigns.providers.types import BatchState, BatchStatus, Rejected
from campaigns.reconciling import orphans
from campaigns.runtime import process_identity
from campaigns.sending import attempts, dispatch, journal, restore_guard
from campaigns.sending.steps import StepResult
from tests.faults.fault_scenario import (
    BATCHES,
    PEOPLE,
    Worker,
    assert_delivered,
    assert_right,
    launched,
    positions,
    posts,
    worker,
)
from tests.simulator.running import RunningSimulator
from tests.support import scenario

__all__ = ["worker"]
pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """As by `kill -9`: nothing of ours handles it."""


@pytest.fixture
def dies(monkeypatch: pytest.MonkeyPatch) -> Callable[[Worker, Campaign, int], None]:
    """The process dies with the answer to the batch after so many in hand, before it is recorded."""

    def die(worker: Worker, campaign: Campaign, before: int) -> None:
        for _ in range(before):
            assert dispatch.step(campaign.pk).result == StepResult.SUBMITTED
        with monkeypatch.context() as patch:
            patch.setattr(attempts, "accept", _raises(Killed()))
            with pytest.raises(Killed):
                dispatch.step(campaign.pk)
        assert Attempt.objects.filter(state="sending").count() == 1
        monkeypatch.setattr(process_identity, "is_dead", lambda _: True)

    return die


def _raises(error: BaseException) -> Callable[..., None]:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


def searches(carrier: RunningSimulator) -> int:
    """How often the carrier's records were read."""
    return sum(call["method"] == "GET" and "/a2p-sms/" in call["path"] for call in carrier.requests())


@positions
def test_f05_killed_with_the_answer_in_hand(
    worker: Worker, dies: Callable[[Worker, Campaign, int], None], before: int
) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    dies(worker, campaign, before)
    assert orphans.settle_orphans() == 1
    assert orphans.settle_orphans() == 0
    assert (
        scenario.counts(campaign) == {"with_carrier": 2 * before + 2, "queued": 4 - 2 * before} or before == 2
    )
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert searches(worker.carrier) == 0
    assert posts(worker.carrier) == BATCHES
    assert History.objects.filter(kind="adopted_from_journal", data__number=before + 1).count() == 1
    worker.rest(campaign)
    assert_delivered(worker.carrier, campaign)


def test_f05_rejected_numbers_are_in_the_journal_too(
    worker: Worker, dies: Callable[[Worker, Campaign, int], None]
) -> None:
    people = [(scenario.phone(0), "Ann"), (scenario.ending("9700"), "Bob"), (scenario.phone(1), "Cy")]
    campaign = scenario.launched(people, size=3)
    dies(worker, campaign, 0)
    orphans.settle_orphans()
    assert scenario.counts(campaign) == {"with_carrier": 2, "rejected": 1}
    (attempt,) = Attempt.objects.all()
    assert [(item["index"], item["to"]) for item in attempt.rejected] == [(2, scenario.ending("9700"))]
    assert searches(worker.carrier) == 0
    worker.rest(campaign)
    assert_right(worker.carrier, campaign, people)


def test_f05_given_up_by_another_machine_and_answered_on_this_one(
    worker: Worker, dies: Callable[[Worker, Campaign, int], None], settings: LazySettings, tmp_path: Path
) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    dies(worker, campaign, 0)
    here = settings.JOURNAL_DIR
    settings.JOURNAL_DIR = tmp_path / "elsewhere"
    assert orphans.settle_orphans() == 1
    assert scenario.counts(campaign) == {"in_doubt": 2, "queued": 4}
    settings.JOURNAL_DIR = here
    assert orphans.settle_orphans() == 1
    campaign.refresh_from_db()
    assert (why_it_waits(campaign), searches(worker.carrier)) == ("", 0)
    worker.rest(campaign)
    assert_delivered(worker.carrier, campaign)


def test_f05_an_answer_that_cannot_be_recorded_leaves_a_doubt(
    worker: Worker, dies: Callable[[Worker, Campaign, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    dies(worker, campaign, 0)
    with monkeypatch.context() as patch:
        patch.setattr(attempts, "accept", _raises(IntegrityError("the id of another batch")))
        assert orphans.settle_orphans() == 1
    assert orphans.settle_orphans() == 0
    assert scenario.counts(campaign) == {"in_doubt": 2, "queued": 4}
    worker.rest(campaign)
    assert_delivered(worker.carrier, campaign)


def _down(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """The database takes the record of an answer only after so many tries."""
    record, left = attempts.accept, iter(range(times))

    def accept(*arguments: Any, **options: Any) -> bool:
        if next(left, None) is not None:
            raise OperationalError("the disk is full")
        return record(*arguments, **options)

    monkeypatch.setattr(attempts, "accept", accept)
    monkeypatch.setattr(dispatch, "RECORD_RETRY_SECONDS", 0.0)


def test_f40_database_down_after_acceptance_for_a_while(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    _down(monkeypatch, 5)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert searches(worker.carrier) == 0
    worker.rest(campaign)
    assert_delivered(worker.carrier, campaign)
    assert posts(worker.carrier) == BATCHES


def test_f40_database_down_for_longer_than_anybody_waits(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    _down(monkeypatch, dispatch.MAX_RECORD_TRIES)
    with pytest.raises(OperationalError):
        dispatch.step(campaign.pk)
    assert dispatch.step(campaign.pk).result == StepResult.WAIT
    assert posts(worker.carrier) == 1
    assert orphans.settle_orphans() == 1, "its process lives, and the answer is there"
    assert searches(worker.carrier) == 0
    worker.rest(campaign)
    assert_delivered(worker.carrier, campaign)
    assert posts(worker.carrier) == BATCHES


def test_nothing_is_sent_that_cannot_be_written_down(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = launched()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _raises(OSError("no space left")))
        worker.turn()
        assert posts(worker.carrier) == 0
        campaign.refresh_from_db()
        assert campaign.wait_reason == "journal"
        assert scenario.counts(campaign) == {"queued": len(PEOPLE)}
    worker.rest(campaign)
    assert_delivered(worker.carrier, campaign)


# --- The file itself ----------------------------------------------------------------------------------------


@pytest.fixture
def own_journal(tmp_path: Path) -> journal.Journal:
    return journal.Journal(tmp_path / "journal")


def sending(attempt: int, installation: str = "here") -> journal.Line:
    named: dict[str, Any] = {"batch": 1, "campaign": 1, "sender": scenario.LOCAL, "size": 2, "payload": "ab"}
    return journal.sending_line(installation, attempt=attempt, **named)


def answered(attempt: int) -> journal.Line:
    answer = BatchState(
        provider_id="b-1", sender=scenario.LOCAL, batch_size=2, processed_count=0,
        status=BatchStatus.PROCESSING, created_at=timezone.now(), modified_at=None, cost=None,
        http_status=200, request_id="r-1",
        rejected=(Rejected(index=1, to="+16505550101", code="OPT", description="ö\n"),),
    )  # fmt: skip
    return {**journal.answered_line(attempt, 1, "ab", "acme", answer), "installation": "here"}


def test_what_was_written_is_read(own_journal: journal.Journal) -> None:
    own_journal.append(sending(7))
    own_journal.append(answered(7))
    answer = own_journal.answer("here", 7)
    assert answer is not None
    assert (answer.attempt, answer.account, answer.answer.provider_id) == (7, "acme", "b-1")
    assert answer.answer.rejected == answered_rejected()
    assert answer.answer.created_at is not None
    assert own_journal.answer("here", 8) is None
    assert own_journal.answer("elsewhere", 7) is None
    assert [one.attempt for one in own_journal.sent("here")] == [7]
    assert journal.Journal(own_journal.folder).answer("here", 7) == answer


def answered_rejected() -> tuple[Rejected, ...]:
    return (Rejected(index=1, to="+16505550101", code="OPT", description="ö\n"),)


@pytest.mark.parametrize("length", [0, 1, 20, 150])
def test_a_torn_line_spoils_none_after_it(own_journal: journal.Journal, length: int) -> None:
    own_journal.append(sending(1))
    (file,) = own_journal.folder.iterdir()
    with file.open("ab") as torn:
        torn.write((b"\n" + file.read_bytes().strip())[:length])
    assert own_journal.index("here").highest == 1
    own_journal.append(sending(2))
    assert own_journal.index("here").highest == 2
    assert journal.Journal(own_journal.folder).index("here").ids_to_verify() == [2, 1]


def test_only_its_owner_reads_it(own_journal: journal.Journal) -> None:
    own_journal.append(sending(1))
    assert own_journal.folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in own_journal.folder.iterdir()} == {0o600}


def test_many_write_at_once(own_journal: journal.Journal) -> None:
    writers = [journal.Journal(own_journal.folder) for _ in range(8)]

    def write(place: int) -> None:
        for turn in range(10):
            writers[place].append(sending(place * 10 + turn + 1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert len(own_journal.sent("here")) == 80


def test_old_files_go_and_the_mark_stays(own_journal: journal.Journal) -> None:
    own_journal.folder.mkdir()
    own_journal.append(sending(900))
    own_journal.append(journal.mark_line("here", 900, 900, "w"))
    own_journal.append(sending(901))
    own_journal.append(sending(5, "there"))
    (first,) = own_journal.folder.iterdir()
    first.rename(own_journal.folder / "2020-01-01.jsonl")
    for day in range(2, journal.RETAINED_FILES + 2):
        (own_journal.folder / f"2020-01-{day:02}.jsonl").write_bytes(b"\n")
    fresh = journal.Journal(own_journal.folder)
    fresh.append(sending(902))
    assert len(list(own_journal.folder.iterdir())) == journal.RETAINED_FILES
    for reader in (fresh, journal.Journal(own_journal.folder)):
        book = reader.index("here")
        assert (book.highest, book.cleared, book.witness) == (902, 900, "w")
        assert reader.index("there").highest == 5


def test_every_hand_over_writes_two_lines(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    scenario.submit_all(campaign)
    lines = b"".join(file.read_bytes() for file in Path(journal.current().folder).iterdir()).split()
    assert len(lines) == 2 * BATCHES
    assert [one.batch for one in journal.current().sent(restore_guard.installation_name())] == list(
        Batch.objects.order_by("number").values_list("pk", flat=True)
    )
