"""What the background engine runs: thin calls into the stages.

A task is only a wake-up. The rows say what is to be done, so a task that is lost delays work until the next
tick, and one that runs twice finds nothing left to do. Nothing depends on a task's own record.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

from campaigns.accounts import registrations, registry
from campaigns.contacts import importer, workbook
from campaigns.models import Batch, Campaign, Import
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

log = logging.getLogger(__name__)

TIME_SLICE_SECONDS = 10.0
"""Seconds that one task works before it lets others have a turn."""
POLL_EVERY = 2.0  # seconds
EVENTS_EVERY = 1.0  # seconds
SUBSCRIPTION_EVERY = 30.0  # seconds
PRUNE_EVERY = 60.0  # seconds
BLOCKED_FOR = 15.0  # seconds
SEARCH_LOST_AFTER = 20.0  # seconds
STORE_EVERY = 5.0
"""Seconds between two wake-ups to read the provider's store, however often somebody presses Refresh."""
NUMBERS_EVERY = 30.0
"""Seconds between two tries to learn the account's numbers while they are not known or stale."""
ADVANCE = "advance "
"""Beginning of the lease under which a campaign is moved; its id follows."""
ADVANCE_LEASE = 300.0
"""Seconds after which another worker takes a campaign over from one that hangs."""
URGENT = 10
"""Priority of what somebody waits for; asking the provider can wait its turn."""
AUDIT_RETRY_AFTER = 3600.0
"""Seconds until an audit that could not be made is tried again."""
AUDIT_LOST_AFTER = 900.0
"""Seconds after which an audit of which no turn was heard begins anew."""
WAKE_AGAIN_AFTER = 30.0
"""Seconds after which a repeating task that was woken and never ran is woken again."""
MAX_DEATHS = 2
"""Workers that died of one task, after which it must wait until it is missed: it may be what kills them."""
WAKE_LOST_AFTER = timedelta(seconds=60)
"""A wake-up that nobody answered for so long is lost; the next tick repeats it."""
READ_LOST_AFTER = timedelta(seconds=workbook.TIMEOUT_SECONDS) + WAKE_LOST_AFTER
"""The same of one that reads a file: a workbook may take so long before the first row comes."""


@contextmanager
def _once(what: str, seconds: float) -> Iterator[None]:
    """Of a task that repeats only one waits or runs at a time, so that a slow provider fills no queue."""
    try:
        yield
    finally:
        leases.reschedule(f"wake {what}", seconds=seconds)


@task(priority=URGENT)
def run_import(import_id: int) -> None:
    """Read an uploaded file to its end."""
    importer.run(import_id)


@task(priority=URGENT)
def advance(campaign_id: int) -> None:
    """Move one campaign: freeze its audience, then hand over batches while they may leave."""
    with leases.hold(f"{ADVANCE}{campaign_id}", seconds=ADVANCE_LEASE) as mine:
        if not mine:
            return  # another worker is at it
        # What stays if it fails: a wake-up that counts as lost, so that an error is not repeated at once.
        woken_at: datetime | None = timezone.now()
        try:
            _advance(campaign_id)
            woken_at = None
        finally:
            Campaign.objects.filter(pk=campaign_id).update(woken_at=woken_at)


def _advance(campaign_id: int) -> None:
    end = time.monotonic() + TIME_SLICE_SECONDS
    while time.monotonic() < end and not shutdown.requested.is_set():
        if not launch.freeze(campaign_id, stop_after=1):
            continue
        if not _goes_on(campaign_id, dispatch.step(campaign_id)):
            return


def _goes_on(campaign_id: int, step: dispatch.Step) -> bool:
    """Whether the next batch may be tried in the same turn."""
    if step.result == dispatch.StepResult.DONE:
        return False
    seconds = BLOCKED_FOR if step.result == dispatch.StepResult.BLOCKED else step.seconds
    if seconds > 0:
        # Slept in the database, not here: others need this worker.
        when = timezone.now() + timedelta(seconds=seconds)
        earlier = Q(next_try_at=None) | Q(next_try_at__lt=when)
        sending = Campaign.objects.sending(campaign_id)
        sending.filter(earlier).update(next_try_at=when)
    return seconds <= 0


@task()
def poll() -> None:
    """Ask the provider about the batches that are due."""
    with _once("poll", POLL_EVERY):
        polling.poll()


@task()
def reconcile_attempt(attempt_id: int) -> None:
    """Look for a batch whose answer was lost."""
    with _once(f"look {attempt_id}", 0):
        search.lookup(attempt_id)
    _wake_campaigns()  # the number may be free again


@task()
def read_store() -> None:
    """Bring the mirror of the provider's store up to date, and see whether all in it is ours."""
    with _once("store", STORE_EVERY):
        store_sync.sync(ingest.ingest_replies)
        unknown_batches.check_store()


@task()
def run_audit(began_at: float, after: int = 0, batches: int = 0, texts: int = 0) -> None:
    """One turn of the nightly audit; the next one is a task of its own, so that sending never waits long."""
    so_far = audit.Progress(datetime.fromtimestamp(began_at, UTC), after, batches, texts)
    try:
        following = audit.run_slice(so_far)
    except ProviderError:  # it is written down, and on the banner
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
    """Once a night: whom the provider blocks for other reasons than a reply, which is read at once."""
    try:
        ingest.read_blocked()
    except ProviderError as error:
        log.warning("opt-outs not read", extra={"kind": error.kind, "code": error.code})


@task()
def refresh_numbers() -> None:
    """Ask the provider for the account's numbers. A failure is on the banner already."""
    with _once("numbers", NUMBERS_EVERY), suppress(ProviderError):
        registry.refresh_numbers()
        registrations.refresh()


@task()
def take_events() -> None:
    """Take in what the provider told by itself."""
    end = time.monotonic() + TIME_SLICE_SECONDS
    with _once("events", EVENTS_EVERY):
        while time.monotonic() < end and not shutdown.requested.is_set() and webhook_events.process_due():
            pass


@task()
def keep_subscription() -> None:
    """See to it that the provider tells us what happens. A failure is on the banner."""
    with _once("subscription", SUBSCRIPTION_EVERY):
        subscriptions.ensure_subscription()


def requeue_orphaned() -> int:
    """What killed workers had in hand is done now, not only when it is missed. Returns how much that was.

    Called when a worker starts: that is when one died, as a rule.
    """
    taken = 0
    for lost in DBTaskResult.objects.running():
        if len(lost.worker_ids) < MAX_DEATHS and process_identity.is_dead(lost.worker_ids[-1]):
            same = DBTaskResult.objects.filter(pk=lost.pk, started_at=lost.started_at).running()
            taken += claim(same, status=TaskResultStatus.READY)
    return taken


def tick() -> int:
    """Find what is due and wake it. Returns how much that was. Cheap when nothing is."""
    orphans.settle_orphans()
    for campaign_id in polling.campaigns_to_finish():
        lifecycle.finish_if_final(campaign_id)
    woken = _wake_imports() + _wake_campaigns() + _wake_poll() + _wake_numbers()
    woken += _wake_store() + _wake_looks() + _wake_events() + _wake_subscription()
    return woken + _wake_audit()


def _wake_imports() -> int:
    now = timezone.now()
    lost = Q(state=Import.State.WAITING, woken_at__lt=now - WAKE_LOST_AFTER)
    lost |= Q(state=Import.State.READING, woken_at__lt=now - READ_LOST_AFTER)
    woken = 0
    for record in Import.objects.filter(Q(state=Import.State.WAITING, woken_at=None) | lost):
        same = Import.objects.filter(pk=record.pk, state=record.state, woken_at=record.woken_at)
        if claim(same, woken_at=now):
            run_import.enqueue(record.pk)
            woken += 1
    return woken


def _wake_campaigns() -> int:
    # A worker that was killed cannot take its wake-up back.
    for name in leases.release_orphans(ADVANCE):
        Campaign.objects.filter(pk=int(name.removeprefix(ADVANCE))).update(woken_at=None)
    now = timezone.now()
    due = Q(send_at=None) | Q(send_at__lte=now)
    due &= Q(undo_until=None) | Q(undo_until__lte=now)
    due &= Q(next_try_at=None) | Q(next_try_at__lte=now)
    sending = Q(state=Campaign.State.PREPARING) | Q(state=Campaign.State.SENDING) & due
    awake = Q(woken_at=None) | Q(woken_at__lt=now - WAKE_LOST_AFTER)
    woken = 0
    for campaign in Campaign.objects.filter(sending, awake):
        same = Campaign.objects.filter(pk=campaign.pk, woken_at=campaign.woken_at)
        # Both or neither: else a kill in between would leave it asleep until the wake-up counts as lost.
        with transaction.atomic():
            if claim(same, woken_at=now):
                advance.enqueue(campaign.pk)
                woken += 1
    return woken


def _wake_poll() -> int:
    if not Batch.objects.filter(next_poll_at__lte=timezone.now()).exists():
        return 0
    if not leases.try_debounce("wake poll", seconds=WAKE_AGAIN_AFTER):
        return 0
    poll.enqueue()
    return 1


def _wake_numbers() -> int:
    if registry.numbers_fresh() or not leases.try_debounce("wake numbers", seconds=WAKE_AGAIN_AFTER):
        return 0
    refresh_numbers.enqueue()
    return 1


def _wake_store() -> int:
    if not store_sync.due() or not leases.try_debounce("wake store", seconds=WAKE_AGAIN_AFTER):
        return 0
    read_store.enqueue()
    return 1


def _wake_audit() -> int:
    if not audit.due() or not leases.try_debounce(audit.WAKE, seconds=AUDIT_LOST_AFTER):
        return 0
    run_audit.enqueue(timezone.now().timestamp())
    return 1


def _wake_looks() -> int:
    woken = 0
    for attempt_id in search.due_attempts():
        with transaction.atomic():
            if leases.try_debounce(f"wake look {attempt_id}", seconds=SEARCH_LOST_AFTER):
                reconcile_attempt.enqueue(attempt_id)
                woken += 1
    return woken


def _wake_events() -> int:
    if leases.try_debounce("prune events", seconds=PRUNE_EVERY):
        webhook_intake.prune()
    if not webhook_queue.has_due() or not leases.try_debounce("wake events", seconds=WAKE_AGAIN_AFTER):
        return 0
    take_events.enqueue()
    return 1


def _wake_subscription() -> int:
    if not subscriptions.due() or not leases.try_debounce("wake subscription", seconds=WAKE_AGAIN_AFTER):
        return 0
    keep_subscription.enqueue()
    return 1
