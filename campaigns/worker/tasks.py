"""The background tasks, and the tick that enqueues them.

A task is only a wake-up, at least once: rows say what is due. A lost task delays work until the next tick, a
repeated one has nothing to do. Nothing depends on the record of a task.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

from campaigns.accounts import registrations, registry
from campaigns.contacts import importer, workbook
from campaigns.models import Campaign, Import
from campaigns.opt_outs import ingest
from campaigns.providers.base import ProviderError
from campaigns.receipts import (
    audit,
    polling,
    store_sync,
    subscriptions,
    unknown_batches,
    webhook_events,
    webhook_intake,
    webhook_queue,
)
from campaigns.reconciling import orphans, search
from campaigns.runtime import leases, process_identity, shutdown
from campaigns.runtime.bulk_sql import claim
from campaigns.sending import dispatch, launch, lifecycle
from campaigns.sending.steps import Step, StepResult

log = logging.getLogger(__name__)

TIME_SLICE_SECONDS = 10.0
"""After this a task ends, so that others can run; the tick enqueues it again."""
POLL_EVERY = 2.0  # seconds
EVENTS_EVERY = 1.0  # seconds
SUBSCRIPTION_EVERY = 30.0  # seconds
PRUNE_EVERY = 60.0  # seconds
BLOCKED_FOR = 15.0  # seconds
SEARCH_LOST_AFTER = 20.0  # seconds
STORE_EVERY = 5.0
"""Seconds between two syncs of the provider store, however often somebody presses Refresh."""
NUMBERS_EVERY = 30.0
"""Seconds between two requests for the account's numbers while they are unknown or stale."""
ADVANCE = "advance "
"""Prefix of the lease under which a campaign advances; its id follows."""
ADVANCE_LEASE = 300.0
"""Seconds after which another worker takes over a campaign from one that hangs."""
URGENT = 10
"""Priority of tasks that a person waits for."""
AUDIT_RETRY_AFTER = 3600.0
"""Seconds until a failed audit is retried."""
AUDIT_LOST_AFTER = 900.0
"""Seconds after which an audit whose next time slice was lost starts again."""
WAKE_AGAIN_AFTER = 30.0
"""Seconds after which a repeating task that never ran is enqueued again."""
MAX_DEATHS = 2
"""Workers that died while running one task. After these it is not requeued: it may be what kills them."""
WAKE_LOST_AFTER = timedelta(seconds=60)
"""A task that has not begun after this is lost; the next tick enqueues it again."""
READ_LOST_AFTER = timedelta(seconds=workbook.TIMEOUT_SECONDS) + WAKE_LOST_AFTER
"""The same for imports: converting a workbook can take this long before the first row."""


@contextmanager
def debounced(what: str, seconds: float) -> Iterator[None]:
    """Debounce a repeating task: at most one is queued or running, so a slow provider fills no queue."""
    try:
        yield
    finally:
        leases.reschedule(f"wake {what}", seconds=seconds)


@task(priority=URGENT)
def run_import(import_id: int) -> None:
    importer.run(import_id)


@task(priority=URGENT)
def advance(campaign_id: int) -> None:
    with leases.hold(f"{ADVANCE}{campaign_id}", seconds=ADVANCE_LEASE) as acquired:
        if not acquired:
            return
        # Stays after an exception: the task counts as lost, so it is repeated after a while, not at once.
        claimed_at: datetime | None = timezone.now()
        try:
            submit_batches(campaign_id)
            claimed_at = None
        finally:
            Campaign.objects.filter(pk=campaign_id).update(claimed_at=claimed_at)


def submit_batches(campaign_id: int) -> None:
    end = time.monotonic() + TIME_SLICE_SECONDS
    while time.monotonic() < end and not shutdown.requested.is_set():
        if not launch.freeze(campaign_id, stop_after=1):
            continue
        if not may_continue(campaign_id, dispatch.step(campaign_id)):
            return


def may_continue(campaign_id: int, step: Step) -> bool:
    """Whether the next batch may be tried in the same time slice. If not now, schedules when."""
    if step.result == StepResult.DONE:
        return False
    seconds = BLOCKED_FOR if step.result == StepResult.BLOCKED else step.seconds
    if seconds > 0:
        # The delay is stored, not slept: others need this worker.
        when = timezone.now() + timedelta(seconds=seconds)
        earlier = Q(next_retry_at=None) | Q(next_retry_at__lt=when)
        sending = Campaign.objects.sending(campaign_id)
        sending.filter(earlier).update(next_retry_at=when)
    return seconds <= 0


@task()
def poll() -> None:
    with debounced("poll", POLL_EVERY):
        polling.poll()


@task()
def reconcile_attempt(attempt_id: int) -> None:
    with debounced(f"look {attempt_id}", 0):
        search.lookup(attempt_id)
    wake_campaigns()  # the number may be free again


@task()
def read_store() -> None:
    with debounced("store", STORE_EVERY):
        store_sync.sync(ingest.ingest_replies)
        unknown_batches.check_store()


@task()
def run_audit(began_at: float, after: int = 0, batches: int = 0, texts: int = 0) -> None:
    """One time slice of the nightly audit. The next is another task, so that sending never waits long."""
    so_far = audit.Progress(datetime.fromtimestamp(began_at, UTC), after, batches, texts)
    try:
        following = audit.run_slice(so_far)
    except ProviderError:  # recorded, and shown on the banner
        leases.reschedule(audit.WAKE, seconds=AUDIT_RETRY_AFTER)
        return
    if following is None:
        leases.reschedule(audit.WAKE, seconds=audit.seconds_to_next_night())
        read_opt_outs.enqueue()
        return
    leases.reschedule(audit.WAKE, seconds=AUDIT_LOST_AFTER)
    run_audit.enqueue(began_at, following.after, following.batches, following.texts)


@task()
def read_opt_outs() -> None:
    """Read the provider's list of blocked people, once a night. Replies are read as they come."""
    try:
        ingest.read_blocked()
    except ProviderError as error:
        log.warning("opt-outs not read", extra={"kind": error.kind, "code": error.code})


@task()
def refresh_numbers() -> None:
    """Fetch the account's numbers and their registrations. A failure is shown on the banner."""
    with debounced("numbers", NUMBERS_EVERY), suppress(ProviderError):
        registry.default().refresh_numbers()
        registrations.refresh()


@task()
def process_events() -> None:
    end = time.monotonic() + TIME_SLICE_SECONDS
    with debounced("events", EVENTS_EVERY):
        while time.monotonic() < end and not shutdown.requested.is_set() and webhook_events.process_due():
            pass


@task()
def ensure_subscription() -> None:
    """Check the webhook subscription. A failure is shown on the banner."""
    with debounced("subscription", SUBSCRIPTION_EVERY):
        subscriptions.ensure_subscription()


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


@dataclass(frozen=True, slots=True)
class Repeating:
    """A task that is enqueued while it is due, at most once at a time."""

    lease: str
    is_due: Callable[[], bool]
    enqueue: Callable[[], object]
    lost_after: float = WAKE_AGAIN_AFTER
    """Seconds."""

    def wake(self) -> int:
        if not self.is_due() or not leases.try_debounce(self.lease, seconds=self.lost_after):
            return 0
        self.enqueue()
        return 1


EVENTS = Repeating("wake events", webhook_queue.has_due, process_events.enqueue)
SUBSCRIPTION = Repeating("wake subscription", subscriptions.due, ensure_subscription.enqueue)


def wake_imports() -> int:
    now = timezone.now()
    lost = Q(state=Import.State.WAITING, claimed_at__lt=now - WAKE_LOST_AFTER)
    lost |= Q(state=Import.State.READING, claimed_at__lt=now - READ_LOST_AFTER)
    woken = 0
    for record in Import.objects.filter(Q(state=Import.State.WAITING, claimed_at=None) | lost):
        unclaimed = Import.objects.filter(pk=record.pk, state=record.state, claimed_at=record.claimed_at)
        if claim(unclaimed, claimed_at=now):
            run_import.enqueue(record.pk)
            woken += 1
    return woken


def wake_campaigns() -> int:
    # A killed worker cannot release its claim.
    for name in leases.release_orphans(ADVANCE):
        Campaign.objects.filter(pk=int(name.removeprefix(ADVANCE))).update(claimed_at=None)
    now = timezone.now()
    due = Q(send_at=None) | Q(send_at__lte=now)
    due &= Q(undo_until=None) | Q(undo_until__lte=now)
    due &= Q(next_retry_at=None) | Q(next_retry_at__lte=now)
    sending = Q(state=Campaign.State.PREPARING) | Q(state=Campaign.State.SENDING) & due
    unclaimed = Q(claimed_at=None) | Q(claimed_at__lt=now - WAKE_LOST_AFTER)
    woken = 0
    for campaign in Campaign.objects.filter(sending, unclaimed):
        unchanged = Campaign.objects.filter(pk=campaign.pk, claimed_at=campaign.claimed_at)
        # One transaction: a kill in between would leave the campaign claimed until WAKE_LOST_AFTER.
        with transaction.atomic():
            if claim(unchanged, claimed_at=now):
                advance.enqueue(campaign.pk)
                woken += 1
    return woken


def wake_searches() -> int:
    woken = 0
    for attempt_id in search.due_attempts():
        with transaction.atomic():
            if leases.try_debounce(f"wake look {attempt_id}", seconds=SEARCH_LOST_AFTER):
                reconcile_attempt.enqueue(attempt_id)
                woken += 1
    return woken


def prune_events() -> int:
    if leases.try_debounce("prune events", seconds=PRUNE_EVERY):
        webhook_intake.prune()
    return 0


SCHEDULE: tuple[Callable[[], int], ...] = (
    wake_imports,
    wake_campaigns,
    Repeating("wake poll", polling.has_due, poll.enqueue).wake,
    Repeating(
        "wake numbers", lambda: not registry.default().numbers_are_fresh(), refresh_numbers.enqueue
    ).wake,
    Repeating("wake store", store_sync.due, read_store.enqueue).wake,
    wake_searches,
    prune_events,
    EVENTS.wake,
    SUBSCRIPTION.wake,
    Repeating(
        audit.WAKE,
        audit.due,
        lambda: run_audit.enqueue(timezone.now().timestamp()),
        lost_after=AUDIT_LOST_AFTER,
    ).wake,
)


def tick() -> int:
    """Enqueue what is due. Returns how many tasks that were. Cheap when nothing is due."""
    orphans.settle_orphans()
    for campaign_id in polling.campaigns_to_finish():
        lifecycle.finish_if_final(campaign_id)
    return sum(wake() for wake in SCHEDULE)
