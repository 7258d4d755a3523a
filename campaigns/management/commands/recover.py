"""`manage.py recover`: after a restore, compare with the provider's records, then unlock sending."""

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

from campaigns.accounts import registry
from campaigns.labels.provider_words import describe_error
from campaigns.models import Campaign
from campaigns.opt_outs import ingest
from campaigns.providers.base import ProviderError
from campaigns.receipts import store_sync
from campaigns.reconciling import recovery
from campaigns.reconciling.matching import Candidate
from campaigns.runtime import leases
from campaigns.sending import restore_guard

LEASE_SECONDS = 600.0
"""A recovery whose process died may be taken over at once."""
UNKNOWN_TEXTS_FILE = "texts-of-unknown-campaigns.csv"


class Command(BaseCommand):
    help = "After a restore from a backup: compare with the carrier's records, then let sending go on."
    requires_system_checks = [Tags.security]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do it; without, only say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        if not restore_guard.is_restored():
            self.stdout.write("Nothing to recover: the database knows everything that was handed over.")
            return
        with leases.hold("recover", seconds=LEASE_SECONDS) as acquired:
            if not acquired:
                raise CommandError("Somebody else is recovering at this moment.")
            try:
                if options["yes"]:
                    recovery.prepare()
                plan = recovery.plan()
                self.print_plan(plan)
                if options["yes"]:
                    self.sync_opt_outs()
                    recovery.apply(plan)
            except ProviderError as error:
                message = f"Still locked. {describe_error(error)}"
                raise CommandError(message) from None
            except (recovery.RecordsIncomplete, OSError) as error:
                message = f"Still locked. {error}"
                raise CommandError(message) from None
        if options["yes"]:
            self.stdout.write("Done. Sending is unlocked, and goes on with whom nobody has texted.")
        else:
            self.stdout.write(
                "Nothing was changed. Run it again with --yes to do this and to unlock sending."
            )

    def sync_opt_outs(self) -> None:
        """Learn the opt-outs since the backup before anything is sent; the worker retries what fails here."""
        for account in registry.accounts():
            store_sync.sync(account, ingest.ingest_replies)
            try:
                ingest.read_blocked(account)
            except ProviderError as error:
                self.stderr.write(
                    f"The carrier's list of opt-outs could not be read. {describe_error(error)}"
                )

    def print_plan(self, plan: recovery.Plan) -> None:
        since = timezone.localtime(plan.since)
        self.stdout.write(f"The carrier's records since {since:%b} {since.day} at {since:%H:%M %Z}:")
        names = dict(Campaign.objects.values_list("pk", "name"))
        for batch in plan.adoptable:
            people = f"{len(batch.messages):,} people of “{names[batch.campaign]}”"
            self.stdout.write(f"  {batch.candidate.batch.provider_id}: {people} have their text already")
        for candidate in plan.unknown:
            what = f"{len(candidate.messages):,} texts from {candidate.batch.sender}"
            self.stdout.write(
                f"  {candidate.batch.provider_id}: {what} that no campaign in this database sends"
            )
        for key in sorted(plan.similar):
            self.stdout.write(
                f"  “{names[key]}” is held: some of its people got another text, which is unknown"
            )
        for campaign in Campaign.objects.filter(state=Campaign.State.SENDING).select_related("counters"):
            self.stdout.write(
                f"  “{campaign.name}” goes on with at most {campaign.counters.queued:,} texts. If somebody "
                "paused or cancelled it after the backup, do so again on its page before --yes"
            )
        if plan.unknown:
            path = Path(settings.VAR_DIR) / UNKNOWN_TEXTS_FILE
            write_list(path, plan.unknown)
            self.stdout.write(f"Who got those is in {path}. Do not text them the same again.")


def write_list(path: Path, unknown: Sequence[Candidate]) -> None:
    """Number, text, and when; readable by its owner only."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(("Phone", "Text", "From", "Batch", "Sent at"))
        for candidate in unknown:
            batch = candidate.batch
            at = batch.created_at.isoformat() if batch.created_at else ""
            rows.writerows((to, text, batch.sender, batch.provider_id, at) for to, text in candidate.messages)
