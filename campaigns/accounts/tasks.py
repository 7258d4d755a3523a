"""The task that keeps the accounts' numbers fresh."""

from contextlib import suppress
from datetime import datetime

from django.db.models import Q
from django_tasks import task

from campaigns.accounts import registrations, registry
from campaigns.accounts.account import Account
from campaigns.providers.base import ProviderError
from campaigns.runtime.wakeups import debounced, exists

NUMBERS = "numbers"
NUMBERS_EVERY = 30.0
"""Seconds between two requests for the account's numbers while they are unknown or stale."""


@task()
def refresh_numbers(tag: str) -> None:
    """Fetch the account's numbers and their registrations. A failure is shown on the banner."""
    with debounced(NUMBERS, NUMBERS_EVERY, tag), suppress(ProviderError):
        if account := registry.by_tag(tag):
            account.refresh_numbers()
            registrations.refresh(account)


def numbers_due(account: Account, now: datetime) -> Q:
    return ~exists(account.fresh_state(now))
