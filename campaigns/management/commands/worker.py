"""`manage.py worker`: the background worker and the tick, in one process."""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections, connection
from django_tasks_db.management.commands.db_worker import Worker

from campaigns import tasks
from campaigns.intake import kept
from campaigns.sending import leases, owner, stopping

log = logging.getLogger(__name__)

TICK = 0.5  # seconds
TICK_LEASE = 10.0
"""Seconds after which another process takes the tick over from one that hangs."""
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
        worker = Worker(
            queue_names=["*"],
            interval=options["interval"],
            batch=False,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=owner.me(),
            excluded_queue_names=[],
        )

        def stop(signum: int, frame: FrameType | None) -> None:
            """First ours: the task in hand ends after the request in flight. Then the engine's own."""
            stopping.requested.set()
            if worker.running:
                worker.shutdown(signum, frame)

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        ticker = None
        if not options["no_tick"]:
            ticker = threading.Thread(target=tick_for_ever, name="tick", daemon=True)
            ticker.start()
        log.info("worker started", extra={"taken_over": tasks.take_over()})
        try:
            worker.run()
        finally:
            stopping.requested.set()
            if ticker:
                ticker.join(timeout=5)
            log.info("worker stopped")


def tick_for_ever() -> None:
    """One of many workers ticks at a time. An error is logged and the next tick tries again."""
    while not stopping.pause(TICK):
        try:
            close_old_connections()
            if leases.take("tick", seconds=TICK_LEASE):
                tasks.tick()
                if leases.due("prune", seconds=PRUNE):
                    kept.forget_old()
                    call_command("prune_db_task_results", min_age_days=1, failed_min_age_days=14, verbosity=0)
        except Exception:
            log.exception("tick failed")
    connection.close()
