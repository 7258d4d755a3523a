"""All that repeats, in one table, and the tick that enqueues what of it is due.

What a package makes due for one downstream of it is a time in a row, which the tick finds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.accounts import tasks as accounts
from campaigns.accounts.account import Account
from campaigns.contacts import tasks as contacts
from campaigns.models import Lease
from campaigns.opt_outs import tasks as opt_outs
from campaigns.receipts import audit, polling, store_sync, subscriptions, webhook_queue
from campaigns.receipts import tasks as receipts
from campaigns.reconciling import orphans, search
from campaigns.reconciling import tasks as reconciling
from campaigns.runtime import leases
from campaigns.runtime import tasks as runtime
from campaigns.runtime.wakeups import (
    NIGHTLY_LOST_AFTER,
    WAKE_AGAIN_AFTER,
    exists,
    lease_name,
    seconds_to_next_night,
)
from campaigns.sending import restore_guard
from campaigns.sending import tasks as sending

TICK = "tick"
TICK_LEASE = 30.0
"""Seconds after which another process takes the tick over from one that hangs."""
RENEW_BEFORE = 10.0
"""Seconds before its end at which the lease is renewed, so that an idle site writes once in 20 seconds."""
HOURLY = 3600.0


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    due: Callable[[datetime], Q | bool]
    """A read, asked for together with that of all other entries."""
    enqueue: Callable[[], object]
    lost_after: float | None = WAKE_AGAIN_AFTER
    """Seconds after which it is enqueued again unless the task says otherwise at its end.

    None: there is no lease, and the due rows themselves record what is enqueued.
    """
    first_after: Callable[[], float] | None = None
    """Seconds until it is due for the first time; None: at once."""
    account: str = ""
    """The tag of the account that it is for; each has its own leases."""

    @property
    def lease(self) -> str:
        return lease_name(self.name, self.account)

    def condition(self, now: datetime) -> Q | bool:
        due = self.due(now)
        if self.lost_after is None or due is False:
            return due
        free = ~exists(Lease.objects.filter(name=self.lease, until__gte=now))
        return free if due is True else due & free

    def take(self) -> bool:
        """Whether it is for the caller to do or to enqueue it now."""
        if self.lost_after is None:
            return True
        first = self.first_after() if self.first_after else 0.0
        return leases.try_debounce(self.lease, seconds=self.lost_after, first=first)

    def wake(self) -> None:
        if self.lost_after is None:
            self.enqueue()
            return
        # One transaction: after a kill in between, nothing would happen until the lease ends.
        with transaction.atomic():
            if self.take():
                self.enqueue()


def always(_now: datetime) -> bool:
    return True


SCHEDULE = (
    Entry("orphans", lambda _: exists(orphans.suspects()), orphans.settle_orphans, lost_after=None),
    Entry("finish", lambda _: exists(polling.finishable()), receipts.finish_campaigns, lost_after=None),
    Entry(
        "imports", lambda now: exists(contacts.due_imports(now)), contacts.enqueue_imports, lost_after=None
    ),
    Entry("campaigns", sending.campaigns_due, sending.enqueue_campaigns, lost_after=None),
    Entry(
        "searches",
        lambda now: exists(search.due(now)),
        reconciling.enqueue_searches,
        lost_after=None,
    ),
    Entry("sign of life", always, restore_guard.note_alive, lost_after=HOURLY),
    Entry("prune events", always, receipts.prune_events.enqueue, lost_after=HOURLY),
    Entry("prune uploads", always, contacts.delete_expired_uploads.enqueue, lost_after=HOURLY),
    Entry("prune tasks", always, runtime.prune_task_results.enqueue, lost_after=HOURLY),
)


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """What repeats for each account that is open."""

    name: str
    due: Callable[[Account, datetime], Q | bool]
    enqueue: Callable[[str], object]
    lost_after: float = WAKE_AGAIN_AFTER
    first_after: Callable[[], float] | None = None

    def of(self, account: Account) -> Entry:
        return Entry(
            self.name,
            partial(self.due, account),
            partial(self.enqueue, account.tag),
            lost_after=self.lost_after,
            first_after=self.first_after,
            account=account.tag,
        )


FOR_EACH_ACCOUNT = (
    AccountEntry(receipts.POLL, polling.due, receipts.poll.enqueue),
    AccountEntry(accounts.NUMBERS, accounts.numbers_due, accounts.refresh_numbers.enqueue),
    AccountEntry(receipts.STORE, store_sync.due, receipts.read_store.enqueue),
    AccountEntry(receipts.EVENTS, webhook_queue.due, receipts.process_events.enqueue),
    AccountEntry(receipts.SUBSCRIPTION, subscriptions.due, receipts.ensure_subscription.enqueue),
    AccountEntry(
        receipts.AUDIT,
        audit.due,
        receipts.begin_audit,
        lost_after=NIGHTLY_LOST_AFTER,
        # A new site waits for its first night; a copy of an old one does not.
        first_after=seconds_to_next_night,
    ),
    AccountEntry(
        opt_outs.OPT_OUTS,
        opt_outs.due,
        opt_outs.read_opt_outs.enqueue,
        lost_after=NIGHTLY_LOST_AFTER,
        first_after=seconds_to_next_night,
    ),
)


def every_entry() -> list[Entry]:
    of_accounts = (entry.of(account) for account in registry.accounts() for entry in FOR_EACH_ACCOUNT)
    return [*SCHEDULE, *of_accounts]


@dataclass(frozen=True, slots=True)
class Look:
    """What the one statement of an idle tick tells."""

    owner: str
    until: datetime
    due: tuple[Entry, ...]

    def take(self) -> bool:
        """Whether the tick is this process's. Writes only if the lease has to be acquired, or renewed."""
        holder = leases.known_holder(self.owner, self.until, left=timedelta(seconds=RENEW_BEFORE))
        return leases.acquire(TICK, seconds=TICK_LEASE) if holder is None else holder

    def wake(self) -> None:
        for entry in self.due:
            entry.wake()


def ask(
    row: QuerySet[Any], fields: Sequence[str], entries: Sequence[Entry]
) -> tuple[list[Any], tuple[Entry, ...]] | None:
    """In one statement: these fields of a row, and the entries that are due. None if there is no such row."""
    now = timezone.now()
    asked = [(entry, condition) for entry in entries if (condition := entry.condition(now)) is not False]
    conditions = [ExpressionWrapper(Q(condition), BooleanField()) for _, condition in asked]
    values = row.values_list(*fields, *conditions).first()
    if values is None:
        return None
    answers = values[len(fields) :]
    due = tuple(entry for (entry, _), is_due in zip(asked, answers, strict=True) if is_due)
    return list(values[: len(fields)]), due


def look() -> Look:
    tick_lease = Lease.objects.filter(name=TICK)
    while (answer := ask(tick_lease, ("owner", "until"), every_entry())) is None:
        leases.acquire(TICK, seconds=TICK_LEASE)
    (owner, until), due = answer
    return Look(owner, until, due)


def tick() -> None:
    """Enqueue what is due, whoever holds the lease."""
    look().wake()
