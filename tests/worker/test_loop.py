"""What the worker costs while there is nothing to do, and how soon it notices that there is."""

import threading
from collections.abc import Callable, Iterator

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks.signals import task_finished
from django_tasks_db.models import DBTaskResult

from campaigns.accounts import registry
from campaigns.accounts import tasks as accounts
from campaigns.models import Lease
from campaigns.receipts import tasks as receipts
from campaigns.runtime import process_identity, shutdown
from campaigns.worker import schedule
from campaigns.worker.loop import LOOK_EVERY, TICK_EVERY, Loop, Ticker
from tests.simulator.running import RunningSimulator
from tests.support import scenario

MAX_STATEMENTS_A_SECOND = 4
SECONDS_PER_WRITE = 20


@pytest.fixture
def idle(carrier: RunningSimulator) -> Iterator[time_machine.Traveller]:
    """A site with a history on which everything was done a moment ago; time stands still."""
    scenario.submit_all(scenario.launched(scenario.people(2), size=1))
    scenario.poll()
    accounts.refresh_numbers.call(registry.default().tag)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        schedule.tick()
        receipts.read_store.call(registry.default().tag)
        DBTaskResult.objects.all().delete()
        assert scenario.due() == set()
        yield clock


def statements(act: Callable[[], object]) -> list[str]:
    """Also those that open and end transactions, if they are statements."""
    with CaptureQueriesContext(connection) as caught:
        act()
    return [query["sql"] for query in caught]


def writes(sent: list[str]) -> list[str]:
    return [one for one in sent if not one.strip().startswith("SELECT")]


@pytest.mark.django_db
def test_an_idle_tick_is_one_statement_and_so_is_an_idle_look(idle: time_machine.Traveller) -> None:
    ticker, loop = Ticker(), Loop()
    ticker.once()
    tick, look = statements(ticker.once), statements(loop.once)
    assert (len(tick), len(look)) == (1, 1)
    assert writes(tick + look) == []
    assert len(tick) / TICK_EVERY + len(look) / LOOK_EVERY <= MAX_STATEMENTS_A_SECOND


@pytest.mark.django_db
def test_an_idle_site_writes_at_most_once_in_twenty_seconds(idle: time_machine.Traveller) -> None:
    ticker = Ticker()
    ticker.once()
    written = []
    for _ in range(int(2 * SECONDS_PER_WRITE / TICK_EVERY)):
        idle.shift(TICK_EVERY)
        written += [one for one in writes(statements(ticker.once)) if not one.startswith(("SAVE", "RELEASE"))]
    assert len(written) == 2, written
    assert Lease.objects.get(name=schedule.TICK).until > timezone.now(), "it never ends in between"


@pytest.mark.django_db
def test_a_tick_that_another_process_makes_costs_one_statement(idle: time_machine.Traveller) -> None:
    schedule.tick()
    Lease.objects.filter(name=schedule.TICK).update(owner="elsewhere:1:1")
    assert len(statements(Ticker().once)) == 1
    assert Lease.objects.get(name=schedule.TICK).owner == "elsewhere:1:1"
    idle.shift(schedule.TICK_LEASE + 1)
    Ticker().once()
    assert Lease.objects.get(name=schedule.TICK).owner == process_identity.current()


@pytest.mark.django_db
def test_every_entry_is_asked_for_in_that_one_statement(idle: time_machine.Traveller) -> None:
    """One that reads by itself would cost two statements a second."""
    registry.default().known_id()
    for entry in schedule.every_entry():
        assert statements(lambda entry=entry: entry.condition(timezone.now())) == [], entry.name  # type: ignore[misc]


@pytest.mark.django_db
def test_names_are_given_once() -> None:
    names = [(entry.name, entry.account) for entry in schedule.every_entry()]
    assert len(set(names)) == len(names)


@pytest.mark.django_db(transaction=True)
def test_a_task_that_is_enqueued_in_the_process_runs_at_once(carrier: RunningSimulator) -> None:
    """The next look is an hour away."""
    loop = Loop(interval=3600)

    def enqueue() -> None:
        """In another thread, as the tick does."""
        accounts.refresh_numbers.enqueue(registry.default().tag)
        connection.close()

    def finished(**_signal: object) -> None:
        loop.stop()

    threads = [threading.Timer(1, enqueue), threading.Timer(60, loop.stop)]
    task_finished.connect(finished)
    try:
        for thread in threads:
            thread.start()
        loop.run(ticks=False)
    finally:
        shutdown.requested.clear()
        task_finished.disconnect(finished)
        for thread in threads:
            thread.cancel()
            thread.join()
    assert registry.default().numbers_are_fresh()
