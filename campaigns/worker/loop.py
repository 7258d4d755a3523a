"""The loop of the worker runs the tasks that are ready; the tick, in a thread, enqueues what is due."""

import logging
import os
import queue
import signal
import threading
import time
from contextlib import suppress

from django.db import DatabaseError, close_old_connections, connection, transaction
from django_tasks import TaskResultStatus
from django_tasks.signals import task_enqueued
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from campaigns.providers.http import Clocks, clocks
from campaigns.runtime import leases, process_identity, schema_version, shutdown
from campaigns.runtime.bulk_sql import claim
from campaigns.worker import clock_jump, schedule

log = logging.getLogger(__name__)

TICK_EVERY = 0.5  # seconds
LOOK_EVERY = 1.0
"""Seconds between two looks for tasks that another process enqueued."""
VERSION_EVERY = 10.0
"""Seconds between two looks whether somebody has migrated the database to another version."""
LOOK_AGAIN = 2.0
"""Seconds between two tries to write to a database that took nothing."""
MAX_DEATHS = 2
"""Workers that died while running one task. After these it is not requeued: it may be what kills them."""


class Loop:
    """Runs the tasks that are ready, until a shutdown is requested."""

    def __init__(self, interval: float = LOOK_EVERY) -> None:
        self._interval = interval
        self._wakeups: queue.SimpleQueue[None] = queue.SimpleQueue()  # safe to use in a signal handler
        self._tick_error: DatabaseError | None = None
        self._engine = Worker(
            queue_names=["*"],
            interval=0,
            batch=True,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=process_identity.current(),
            excluded_queue_names=[],
        )

    def stop(self) -> None:
        """The task in hand ends after the request in flight, and no other begins.

        The engine's own way of stopping leaves from within the signal, in the middle of a statement if there
        is one, and PostgreSQL's connection cannot be used to end the transaction then.
        """
        shutdown.requested.set()
        self._engine.running = False
        self.wake()

    def wake(self) -> None:
        """Cut the wait short: a task is ready, or a stop was requested."""
        self._wakeups.put(None)

    def run(self, *, ticks: bool = True) -> None:
        ticker = threading.Thread(target=self._tick, name="tick", daemon=True) if ticks else None
        task_enqueued.connect(self._wake_on_commit)
        if ticker:
            ticker.start()
        log.info("worker started", extra={"taken_over": requeue_orphaned()})
        try:
            while not shutdown.requested.is_set():
                self.once()
                self._wait()
                if self._tick_error:
                    raise self._tick_error
        except DatabaseError as error:
            outlast(error)
            raise
        finally:
            task_enqueued.disconnect(self._wake_on_commit)
            shutdown.requested.set()
            if ticker:
                ticker.join(timeout=5)
            log.info("worker stopped")

    def once(self) -> None:
        """Run the tasks that are ready. A read decides, because the engine locks before it looks."""
        if has_ready():
            self._engine.run()

    def _wait(self) -> None:
        with suppress(queue.Empty):
            self._wakeups.get(timeout=self._interval)
            while True:
                self._wakeups.get_nowait()

    def _tick(self) -> None:
        """An error is logged, and the next tick tries again. Without a database the whole worker ends."""
        ticker = Ticker()
        while not shutdown.wait(TICK_EVERY):
            try:
                ticker.once()
            except Exception as error:
                log.exception("tick failed")
                close_old_connections()
                if isinstance(error, DatabaseError) and not takes_writes():
                    self._tick_error = error
                    self.wake()
                    break
        with suppress(DatabaseError):
            leases.release(schedule.TICK)
        connection.close()

    def _wake_on_commit(self, **_signal: object) -> None:
        transaction.on_commit(self.wake)


def has_ready() -> bool:
    ready = DBTaskResult.objects.ready()
    try:
        return ready.exists()
    except DatabaseError:  # the database may have been restarted since the last look
        connection.close()
        return ready.exists()


def requeue_orphaned() -> int:
    """Requeue running tasks of dead workers at once, instead of when they are missed. Returns how many.

    Called when a worker starts, because that often follows the death of one.
    """
    requeued = 0
    for lost in DBTaskResult.objects.running():
        if len(lost.worker_ids) < MAX_DEATHS and process_identity.is_dead(lost.worker_ids[-1]):
            same = DBTaskResult.objects.filter(pk=lost.pk, started_at=lost.started_at).running()
            requeued += claim(same, status=TaskResultStatus.READY)
    return requeued


def outlast(error: DatabaseError) -> None:
    """Wait until the database takes something again, or until a signal.

    The worker ends then, and the one that is started in its place takes over at once what it had in hand.
    Ending before would only make its supervisor give up.
    """
    log.error(
        "the database takes nothing (a full disk, a lock, no connection), so nothing is sent until it does",
        extra={"why": str(error)},
    )
    while not shutdown.wait(LOOK_AGAIN):
        if takes_writes():
            log.info("the database takes everything again")
            return


def takes_writes() -> bool:
    connection.close()
    try:
        leases.acquire("database", seconds=LOOK_AGAIN)
    except DatabaseError:
        return False
    return True


class Ticker:
    """Finds what is due. One of many workers ticks at a time."""

    def __init__(self, now: Clocks = clocks) -> None:
        self._watch = clock_jump.JumpDetector(now)
        self._jump = 0.0
        self._fits_at = time.monotonic()

    def once(self) -> None:
        if time.monotonic() - self._fits_at >= VERSION_EVERY:
            self._fits_at = time.monotonic()
            drain_if_it_does_not_fit()
        self._jump += self._watch.jumped()
        look = schedule.look()
        mine = look.take()
        jump, self._jump = self._jump, 0.0
        if mine and jump:
            clock_jump.shift_deadlines(jump)
            look = schedule.look()
        if mine:
            look.wake()


def drain_if_it_does_not_fit() -> None:
    """Somebody has migrated the database while we work: what is in flight ends, and nothing else starts."""
    if why := schema_version.problem():
        log.error("the worker ends", extra={"why": why})
        os.kill(os.getpid(), signal.SIGTERM)
