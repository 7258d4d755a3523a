"""`manage.py recover`: after a restore from a backup, learn from the carrier who has a text, then unlock."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from campaigns.models import Campaign
from campaigns.opt_outs import ingest
from campaigns.providers.base import ProviderError
from campaigns.receipts import store_sync
from campaigns.reconciling import recovery
from campaigns.reconciling.matching import Candidate
from campaigns.runtime import leases
from campaigns.sending import restore_guard

LEASE = 600.0
"""Seconds; of a recovery that died another one may take over at once."""
LIST = "texts-of-unknown-campaigns.csv"


class Command(BaseCommand):
    help = "After a restore from a backup: compare with the carrier's records, then let sending go on."
    requires_system_checks = [Tags.security]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do it; without, only say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        if not restore_guard.is_restored():
            self.stdout.write("Nothing to recover: the database knows everything that was handed over.")
            return
        with leases.hold("recover", seconds=LEASE) as mine:
            if not mine:
                raise CommandError("Somebody else is recovering at this moment.")
            try:
                if options["yes"]:
                    recovery.prepare()
                found = recovery.plan()
                self.tell(found)
                if options["yes"]:
                    self.ask_who_opted_out()
                    recovery.apply(found)
            except ProviderError as error:
                message = f"Still locked. {error.sentence}"
                raise CommandError(message) from None
            except (recovery.RecordsIncomplete, OSError) as why:
                message = f"Still locked. {why}"
                raise CommandError(message) from None
        if options["yes"]:
            self.stdout.write("Done. Sending is unlocked, and goes on with whom nobody has texted.")
        else:
            self.stdout.write(
                "Nothing was changed. Run it again with --yes to do this and to unlock sending."
            )

    def ask_who_opted_out(self) -> None:
        """Since the backup, before anything leaves. What cannot be read now is read by the worker later."""
        store_sync.sync(ingest.ingest_replies)
        try:
            ingest.read_blocked()
        except ProviderError as error:
            self.stderr.write(f"The carrier's list of opt-outs could not be read. {error.sentence}")

    def tell(self, found: recovery.Plan) -> None:
        since = timezone.localtime(found.since)
        self.stdout.write(f"The carrier's records since {since:%b} {since.day} at {since:%H:%M %Z}:")
        names = dict(Campaign.objects.values_list("pk", "name"))
        for batch in found.adoptable:
            people = f"{len(batch.messages):,} people of “{names[batch.campaign]}”"
            self.stdout.write(f"  {batch.candidate.batch.provider_id}: {people} have their text already")
        for candidate in found.unknown:
            what = f"{len(candidate.messages):,} texts from {candidate.batch.sender}"
            self.stdout.write(
                f"  {candidate.batch.provider_id}: {what} that no campaign in this database sends"
            )
        for key in sorted(found.similar):
            self.stdout.write(
                f"  “{names[key]}” is held: some of its people got another text, which is unknown"
            )
        for going in Campaign.objects.filter(state=Campaign.State.SENDING).select_related("tally"):
            self.stdout.write(
                f"  “{going.name}” goes on with at most {going.tally.queued:,} texts. If somebody paused or "
                "cancelled it after the backup, do so again on its page before --yes"
            )
        if found.unknown:
            path = Path(settings.VAR_DIR) / LIST
            write_list(path, found.unknown)
            self.stdout.write(f"Who got those is in {path}. Do not text them the same again.")


def write_list(path: Path, unknown: Sequence[Candidate]) -> None:
    """Number, text, and when; readable by its owner only."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(("Phone", "Text", "From", "Batch", "Sent at"))
        for found in unknown:
            at = found.batch.created_at.isoformat() if found.batch.created_at else ""
            rows.writerows(
                (to, text, found.batch.sender, found.batch.provider_id, at) for to, text in found.messages
            )
