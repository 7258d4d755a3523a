"""`manage.py audit`: the provider's records of two days against our ledger, now and to the end."""

from __future__ import annotations

import sys
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from campaigns.labels.history import describe
from campaigns.labels.provider_words import describe_error
from campaigns.opt_outs import ingest
from campaigns.providers.base import ProviderError
from campaigns.receipts import audit, discrepancies, store_sync, unknown_batches


class Command(BaseCommand):
    help = "Compare the carrier's records of the last 48 hours with ours. Exit 1 if something is unexplained."
    requires_system_checks = [Tags.security, Tags.database]

    def handle(self, *args: Any, **options: Any) -> None:
        so_far: audit.Progress | None = audit.Progress(timezone.now())
        try:
            while so_far is not None:
                so_far = audit.run_slice(so_far)
        except ProviderError as error:
            message = f"The audit could not be made. {describe_error(error)}"
            raise CommandError(message) from None
        # The texts of an unknown batch tell which campaign it resembles.
        store_sync.sync(ingest.ingest_replies)
        unknown_batches.check_store()
        if ended := audit.last_run():
            self.stdout.write(describe(ended))
        unsettled = list(discrepancies.unsettled())
        for item in unsettled:
            self.stdout.write(f"{item.get_kind_display()} ({item.about}, {item.sender}): {item.detail}")
        if unsettled:
            sys.exit(1)
        self.stdout.write("Everything is explained.")
