"""`manage.py worker`: the background worker and the tick, in one process."""

import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.runtime import schema_version
from campaigns.worker.loop import LOOK_EVERY, Loop


class Command(BaseCommand):
    help = "Run background work: read files, hand over batches, ask for delivery receipts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--interval", type=float, default=LOOK_EVERY, help="Seconds between two looks for work."
        )
        parser.add_argument(
            "--no-tick", action="store_true", help="Only work; another process finds what is due."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if why := schema_version.problem():
            raise CommandError(why)
        loop = Loop(options["interval"])
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.stop())
        loop.run(ticks=not options["no_tick"])
