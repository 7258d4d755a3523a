"""`manage.py audit`: the provider's records of two days against our ledger, now and to the end."""

from __future__ import annotations

import sys
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.accounts.account import Account
from campaigns.labels.discrepancies import describe_discrepancy
from campaigns.labels.history import describe
from campaigns.labels.provider_words import describe_error
from campaigns.opt_outs import ingest
from campaigns.providers.base import ProviderError
from campaigns.receipts import audit, discrepancies, store_sync, unknown_batches


def compare(account: Account) -> None:
    so_far: audit.Progress | None = audit.Progress(timezone.now())
    while so_far is not None:
        so_far = audit.run_slice(account, so_far)
    # The texts of an unknown batch tell which campaign it resembles.
    store_sync.sync(account, ingest.ingest_replies)
    unknown_batches.check_store(account.known_id())


class Command(BaseCommand):
    help = "Compare the carrier's records of the last 48 hours with ours. Exit 1 if something is unexplained."
    requires_system_checks = [Tags.security, Tags.database]

    def handle(self, *args: Any, **options: Any) -> None:
        for account in registry.accounts():
            try:
                compare(account)
            except ProviderError as error:
                message = f"The audit could not be made. {describe_error(error)}"
                raise CommandError(message) from None
        if ended := audit.last_run():
            self.stdout.write(describe(ended))
        unsettled = list(discrepancies.unsettled())
        for item in unsettled:
            self.stdout.write(
                f"{item.get_kind_display()} ({item.about}, {item.sender}): {describe_discrepancy(item)}"
            )
        if unsettled:
            sys.exit(1)
        self.stdout.write("Everything is explained.")
