"""The machine fails: a database that takes nothing, a disk that is full, a clock that somebody sets."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.management.commands.send import _moment
from campaigns.models import Attempt, Campaign, Lease
from campaigns.runtime import process_identity
from campaigns.sending import attempts, dispatch, launch
from campaigns.sending.prepared import Prepared
from campaigns.worker.loop import Ticker
from tests.dashboard.page_client import PageClient
from tests.faults.conftest import ForkServer
from tests.faults.fault_scenario import (
    HOUR,
    MINUTE,
    POST,
    Worker,
    assert_right,
    attempt_states,
    launched,
    posts,
    struck,
)
from tests.simulator.running import RunningSimulator
from tests.support import scenario
from tests.support.site import Site, _execute, database, ended, fresh_database, rows, site
from tests.support.waiting import until

__all__ = ["database", "site"]

JUMPS = pytest.mark.parametrize("jump", [2 * HOUR, -2 * HOUR], ids=["forward", "back"])

MAKE = "scenario.launched(scenario.people(6), size=2)"
TROUBLE = """
import psycopg
from django.db import DatabaseError, connection
from tests.support.site import locked

registry.default().fetch_id()
def do(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone() if cursor.description else None
lite = connection.vendor == "sqlite"
do("PRAGMA busy_timeout = 100" if lite else "SET lock_timeout = '100ms'")
lock = locked({database!r}, "campaigns_attempt")

def locks():
    lock.__enter__()
def goes_down():
    if lite:
        do("PRAGMA query_only = 1")
    else:
        pid = connection.connection.info.backend_pid
        with psycopg.connect({database!r}) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [pid])
def fills_up():
    # Each change of an attempt needs more room than there is.
    do("CREATE TABLE filler (content BLOB)")
    for what in ("INSERT", "UPDATE"):
        do("CREATE TRIGGER no_room_to_" + what + " AFTER " + what + " ON campaigns_attempt"
           " BEGIN INSERT INTO filler VALUES (zeroblob(1000000)); END")
    do("PRAGMA max_page_count = " + str(do("PRAGMA page_count")[0] + 9))

if {at_the_mark}:
    mark = attempts.mark_sending
    def mark_in_trouble(prepared):
        {begins}()
        mark(prepared)
    attempts.mark_sending = mark_in_trouble
else:
    {begins}()
try:
    step = dispatch.step(Campaign.objects.get().pk)
    emit([step.result, step.seconds])
except DatabaseError as error:
    emit(str(error))
"""
"""A worker in whose last moment the database takes nothing. What holds it up ends with the process."""

ROOM = """
from django.db import connection
with connection.cursor() as cursor:
    for what in ("INSERT", "UPDATE"):
        cursor.execute("DROP TRIGGER no_room_to_" + what)
"""
GO_ON = """
from campaigns.labels.holds import why_it_waits
from campaigns.worker import schedule
schedule.tick()
campaign = Campaign.objects.get()
emit([scenario.submit_all(campaign).result, why_it_waits(campaign)])
"""
JUDGE = """
from tests.faults import invariants
scenario.poll()
emit(invariants.violations({ledger!r}, Campaign.objects.get(), at_rest=False))
emit(scenario.counts(Campaign.objects.get()))
"""


@pytest.fixture(scope="module")
def made(_template: str, fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with a launched campaign that has sent nothing."""
    with fresh_database(_template, tmp_path_factory.mktemp("machine")) as url:
        fork_server.run(url, MAKE)
        yield url


def in_trouble(
    carrier: RunningSimulator, fork_server: ForkServer, database: str, begins: str, *, at_the_mark: bool
) -> Any:
    """What the step said of it. Nothing was sent."""
    code = TROUBLE.format(database=database, begins=begins, at_the_mark=at_the_mark)
    _, (told,) = fork_server.run(database, code)
    assert (posts(carrier), carrier.ledger()) == (0, [])
    assert "sending" not in {state for (state,) in rows(database, "SELECT state FROM campaigns_attempt")}
    return told


def assert_goes_on(carrier: RunningSimulator, fork_server: ForkServer, database: str) -> None:
    """By itself, with the next worker; each person once."""
    assert fork_server.run(database, GO_ON)[1] == [["done", ""]]
    judged, told = fork_server.run(database, JUDGE.format(ledger=carrier.ledger()))[1]
    assert (judged, told) == ([], {"delivered": 6})


@pytest.mark.parametrize("at_the_mark", [False, True], ids=["before preparing", "at the mark"])
@pytest.mark.parametrize("begins", ["locks", "goes_down"])
def test_f39_without_its_mark_nothing_leaves(
    simulator: RunningSimulator,
    fork_server: ForkServer,
    made: str,
    tmp_path: Path,
    begins: str,
    at_the_mark: bool,
) -> None:
    with fresh_database(made, tmp_path) as database:
        in_trouble(simulator, fork_server, database, begins, at_the_mark=at_the_mark)
        assert_goes_on(simulator, fork_server, database)


@pytest.mark.parametrize("at_the_mark", [False, True], ids=["before preparing", "at the mark"])
def test_f41_on_a_full_disk_nothing_leaves_until_there_is_room(
    simulator: RunningSimulator, fork_server: ForkServer, made: str, tmp_path: Path, at_the_mark: bool
) -> None:
    if made.startswith("postgres"):
        pytest.skip("a full disk of PostgreSQL is that of its server; test_f39 has what we see of it")
    with fresh_database(made, tmp_path) as database:
        told = in_trouble(simulator, fork_server, database, "fills_up", at_the_mark=at_the_mark)
        assert "full" in str(told)
        fork_server.run(database, ROOM)
        assert_goes_on(simulator, fork_server, database)


LAUNCH = """
campaign = scenario.drafted(scenario.people(6), size=2)
launch.launch(campaign, user=None)
"""


@contextmanager
def takes_nothing(site: Site, pid: int) -> Iterator[None]:
    """The database takes nothing of that process."""
    url = site.env["DATABASE_URL"]
    if url.startswith("postgres"):
        server, name = url.rsplit("/", 1)
        allow = f"ALTER DATABASE {name} ALLOW_CONNECTIONS "
        _execute(f"{server}/postgres", allow + "false")
        gone = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        _execute(f"{server}/postgres", gone)
        yield
        _execute(f"{server}/postgres", allow + "true")
    else:
        # No file may grow any more: what a full disk looks like to whoever writes.
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        yield
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def test_f39_a_worker_outlasts_a_database_that_takes_nothing(
    simulator: RunningSimulator, site: Site, database: str
) -> None:
    """It waits, says why, and the one that is started in its place goes on at once."""
    site.run(LAUNCH)
    # The database goes while nothing is under way: an answer would be tried to be recorded for a minute.
    slow_down = {"fault": "status", "status": 429, "headers": {"Retry-After": "3"}}
    simulator.faults({**POST, "nth": 2, **slow_down})
    first = site.start("manage.py", "worker", "--interval", "0.05")
    waiting = "SELECT 1 FROM campaigns_campaign WHERE next_retry_at IS NOT NULL"
    until(lambda: rows(database, waiting), "the first batch left, the next one has to wait")
    assert first.stderr is not None
    with takes_nothing(site, first.pid):
        lines = iter(first.stderr.readline, "")
        assert any("nothing is sent until it does" in line for line in lines)
        before = posts(simulator)
        simulator.faults()
    first.communicate(timeout=30)
    assert first.returncode == 1
    assert posts(simulator) == before, "not by one that could not write it down"
    second = site.start("manage.py", "worker", "--interval", "0.05", SETTLE_SECONDS="0", LOOK_GAP_SECONDS="0")
    finished = "SELECT 1 FROM campaigns_campaign WHERE state = 'finished'"
    until(lambda: rows(database, finished), "the campaign is finished")
    second.terminate()
    assert ended(second).returncode == 0
    assert sorted(line["to"] for line in simulator.ledger()) == sorted(to for to, _ in scenario.people(6))


@pytest.mark.django_db
def test_f39_pages_say_that_nothing_moves(viewer: User) -> None:
    """They are read from the database, so they can be looked at while nothing can be written to it."""
    page, silent = PageClient(viewer), "has not been heard of for over a minute"
    assert silent not in page.page("/")
    Ticker().once()
    assert silent not in page.page("/")
    Lease.objects.update(until=timezone.now() - timedelta(seconds=61))
    assert silent in page.page("/")


class Clocked(Worker):
    """A worker whose clock somebody sets: time that passes is one thing, what the clock shows another."""

    def __init__(self, carrier: RunningSimulator, clock: time_machine.Traveller) -> None:
        super().__init__(carrier, clock)
        self._passed = 0.0
        self._ticker = Ticker(lambda: (time.monotonic() + self._passed, time.time()))

    def turn(self) -> None:
        self._ticker.once()
        super().turn()

    def sleep(self, seconds: float) -> None:
        self._passed += seconds
        super().sleep(seconds)

    def set_clock(self, seconds: float) -> None:
        self._clock.shift(seconds)


@pytest.fixture
def clocked(carrier: RunningSimulator, settings: LazySettings) -> Iterator[Clocked]:
    settings.SETTLE_SECONDS, settings.LOOK_GAP_SECONDS = 10 * MINUTE, MINUTE
    with time_machine.travel(timezone.now(), tick=True) as clock:
        yield Clocked(carrier, clock)


@pytest.mark.django_db
@pytest.mark.parametrize("jumps", [[0.0], [2 * HOUR, -2 * HOUR], [-2 * HOUR, 2 * HOUR], [-2 * HOUR]])
def test_f42_a_scheduled_campaign_leaves_once_and_on_time(clocked: Clocked, jumps: list[float]) -> None:
    """By the clock as it is then, whether a wrong one was set right or the other way round."""
    campaign = launched()
    at = timezone.now() + timedelta(hours=3)
    Campaign.objects.update(send_at=at)
    for jump in jumps:
        clocked.set_clock(jump)
        for _ in range(3):
            clocked.sleep(20)
            clocked.turn()
    assert posts(clocked.carrier) == 0
    clocked.sleep((at - timezone.now()).total_seconds() - 30)
    clocked.turn()
    assert posts(clocked.carrier) == 0, "early"
    for _ in range(4):
        clocked.sleep(15)
        clocked.turn()
    assert posts(clocked.carrier) == 3, "late"
    clocked.set_clock(-2 * HOUR)
    clocked.rest(campaign)
    assert_right(clocked.carrier, campaign)
    assert posts(clocked.carrier) == 3


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["2027-03-14T03:10", "2027-11-07T01:10"], ids=["spring", "autumn"])
def test_f42_the_hour_that_is_missing_or_comes_twice(
    carrier: RunningSimulator, settings: LazySettings, typed: str
) -> None:
    """The site's own time, where an hour is skipped in spring and comes twice in autumn."""
    settings.TIME_ZONE = "America/Chicago"
    moment = _moment(typed)
    assert moment is not None
    at = moment.astimezone(UTC)
    with time_machine.travel(at - timedelta(minutes=2), tick=True) as clock:
        worker = Clocked(carrier, clock)
        campaign = launched()
        Campaign.objects.update(send_at=at)
        for _ in range(4):
            worker.turn()
            assert posts(carrier) == 0, "early"
            worker.sleep(29)
        worker.sleep(10)
        worker.turn()
        assert posts(carrier) == 3, "late"
        for _ in range(4):
            worker.sleep(29 * MINUTE)
            worker.turn()
        assert posts(carrier) == 3
        assert_right(carrier, campaign)


@pytest.mark.django_db
@JUMPS
@pytest.mark.parametrize("when", ["after the mark", "while the answer is awaited"])
def test_f42_a_jump_during_a_request(
    clocked: Clocked, monkeypatch: pytest.MonkeyPatch, when: str, jump: float
) -> None:
    campaign = launched()
    clocked.carrier.faults()
    registry.default().refresh_numbers()
    assert launch.freeze(campaign.pk)
    mark, jumps = attempts.mark_sending, [jump]

    def marked(prepared: Prepared) -> None:
        mark(prepared)
        if when == "after the mark" and jumps:
            clocked.set_clock(jumps.pop())

    def meanwhile() -> None:
        if jumps:
            clocked.set_clock(jumps.pop())
            Ticker().once()  # of another worker: the request is not taken for one whose process hangs

    monkeypatch.setattr(attempts, "mark_sending", marked)
    chosen = dispatch.choose_next(campaign.pk, registry.default())
    assert isinstance(chosen, Prepared)
    dispatch.send(chosen, registry.default(), meanwhile)
    assert jumps == []
    assert not Attempt.objects.filter(state__in=Attempt.SEARCHED).exists()
    clocked.rest(campaign)
    assert_right(clocked.carrier, campaign)
    assert posts(clocked.carrier) == 3


@pytest.mark.django_db
@JUMPS
def test_f42_a_settle_time_is_neither_shortened_nor_stretched(clocked: Clocked, jump: float) -> None:
    campaign = struck(clocked, 0, fault="drop_before")
    assert attempt_states(campaign, 0) == ["ambiguous"]
    clocked.sleep(5)
    clocked.turn()
    clocked.set_clock(jump)
    for _ in range(3):
        clocked.sleep(2 * MINUTE)
        clocked.turn()
    assert attempt_states(campaign, 0) == ["reconciling"], "it settles for ten minutes"
    clocked.rest(campaign)
    assert attempt_states(campaign, 0) == ["absent", "accepted"]
    assert_right(clocked.carrier, campaign)


@pytest.mark.django_db
def test_f42_a_lease_from_before_the_clock_was_set_back_holds_nobody_up(clocked: Clocked) -> None:
    """Its owner was on another machine, so nobody can prove that it is gone."""
    until = timezone.now() + timedelta(seconds=10)
    Lease.objects.create(name="tick", owner="elsewhere:1:1", until=until)
    clocked.turn()
    assert Lease.objects.get(name="tick").owner == "elsewhere:1:1"
    clocked.set_clock(-2 * HOUR)
    clocked.turn()
    assert Lease.objects.get(name="tick").owner == process_identity.current()
