"""`manage.py worker`: the background worker and the tick, in one process."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, close_old_connections, connection
from django_tasks_db.management.commands.db_worker import Worker

from campaigns.contacts import pending_upload
from campaigns.providers.http import Clocks, clocks
from campaigns.runtime import leases, process_identity, schema_version, shutdown
from campaigns.worker import clock_jump, tasks

log = logging.getLogger(__name__)

TICK = 0.5  # seconds
VERSION_EVERY = 10.0
"""Seconds between two looks whether somebody has migrated the database to another version."""
TICK_LEASE = 10.0
"""Seconds after which another process takes the tick over from one that hangs."""
LOOK_AGAIN = 2.0
"""Seconds between two tries to write to a database that took nothing."""
PRUNE = 3600.0
"""Seconds between two sweeps of the engine's old records."""


class Command(BaseCommand):
    help = "Run background work: read files, hand over batches, ask for delivery receipts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--interval", type=float, default=0.3, help="Seconds between two looks for work.")
        parser.add_argument(
            "--no-tick", action="store_true", help="Only work; another process finds what is due."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if why := schema_version.problem():
            raise CommandError(why)
        worker = Worker(
            queue_names=["*"],
            interval=options["interval"],
            batch=False,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=process_identity.current(),
            excluded_queue_names=[],
        )

        def stop(signum: int, frame: FrameType | None) -> None:
            """The task in hand ends after the request in flight, and the engine takes no other.

            Its own way of stopping leaves from within the signal, in the middle of a statement if there is
            one, and PostgreSQL's connection cannot be used to end the transaction then.
            """
            shutdown.requested.set()
            worker.running = False

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        ticker = None
        if not options["no_tick"]:
            ticker = threading.Thread(target=tick_for_ever, name="tick", daemon=True)
            ticker.start()
        log.info("worker started", extra={"taken_over": tasks.requeue_orphaned()})
        try:
            worker.run()
        except DatabaseError as error:
            outlast(error)
            raise
        finally:
            shutdown.requested.set()
            if ticker:
                ticker.join(timeout=5)
            log.info("worker stopped")


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
        with suppress(DatabaseError):
            connection.close()
            leases.acquire("database", seconds=LOOK_AGAIN)
            log.info("the database takes everything again")
            return


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
        mine = leases.acquire("tick", seconds=TICK_LEASE)
        if mine and self._jump:
            clock_jump.shift_deadlines(self._jump)
        self._jump = 0.0
        if mine:
            tasks.tick()
        if mine and leases.try_debounce("prune", seconds=PRUNE):
            pending_upload.delete_expired()
            call_command("prune_db_task_results", min_age_days=1, failed_min_age_days=14, verbosity=0)


def drain_if_it_does_not_fit() -> None:
    """Somebody has migrated the database while we work: what is in flight ends, and nothing else starts."""
    if why := schema_version.problem():
        log.error("the worker ends", extra={"why": why})
        os.kill(os.getpid(), signal.SIGTERM)


def tick_for_ever() -> None:
    """An error is logged, and the next tick tries again."""
    ticker = Ticker()
    while not shutdown.wait(TICK):
        try:
            close_old_connections()
            ticker.once()
        except Exception:
            log.exception("tick failed")
    connection.close()
