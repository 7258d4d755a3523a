"""The tasks that bring home what the providers say.

Most are for one account, so that one that is slow or fails keeps no other waiting. `tag` names its
credentials; after a change of the settings nobody has them, and nothing is done.
"""

import time
from datetime import UTC, datetime

from django.utils import timezone
from django_tasks import task

from campaigns.accounts import registry
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
)
from campaigns.runtime import leases, shutdown
from campaigns.runtime.wakeups import (
    NIGHTLY_LOST_AFTER,
    NIGHTLY_RETRY_AFTER,
    TIME_SLICE_SECONDS,
    debounced,
    lease_name,
    seconds_to_next_night,
)
from campaigns.sending import lifecycle

POLL, STORE, AUDIT, EVENTS, SUBSCRIPTION = "poll", "store", "audit", "events", "subscription"
POLL_EVERY = 2.0  # seconds
EVENTS_EVERY = 1.0  # seconds
SUBSCRIPTION_EVERY = 30.0  # seconds
STORE_EVERY = 5.0
"""Seconds between two syncs of the provider store, however often somebody presses Refresh."""


@task()
def poll(tag: str) -> None:
    with debounced(POLL, POLL_EVERY, tag):
        if account := registry.by_tag(tag):
            polling.poll_account(account)


@task()
def read_store(tag: str) -> None:
    with debounced(STORE, STORE_EVERY, tag):
        if account := registry.by_tag(tag):
            store_sync.sync(account, ingest.ingest_replies)
            unknown_batches.check_store(account.known_id())


@task()
def run_audit(tag: str, began_at: float, after: int = 0, batches: int = 0, texts: int = 0) -> None:
    """One time slice of the nightly audit. The next is another task, so that sending never waits long."""
    account = registry.by_tag(tag)
    if account is None:
        return
    so_far = audit.Progress(datetime.fromtimestamp(began_at, UTC), after, batches, texts)
    try:
        following = audit.run_slice(account, so_far)
    except ProviderError:  # recorded, and shown on the banner
        leases.reschedule(lease_name(AUDIT, tag), seconds=NIGHTLY_RETRY_AFTER)
        return
    if following is None:
        leases.reschedule(lease_name(AUDIT, tag), seconds=seconds_to_next_night())
        return
    leases.reschedule(lease_name(AUDIT, tag), seconds=NIGHTLY_LOST_AFTER)
    run_audit.enqueue(tag, began_at, following.after, following.batches, following.texts)


def begin_audit(tag: str) -> None:
    run_audit.enqueue(tag, timezone.now().timestamp())


@task()
def process_events(tag: str) -> None:
    end, account = time.monotonic() + TIME_SLICE_SECONDS, registry.by_tag(tag)
    with debounced(EVENTS, EVENTS_EVERY, tag):
        while account and time.monotonic() < end and not shutdown.requested.is_set():
            if not webhook_events.process_due(account):
                return


@task()
def prune_events() -> None:
    """Delete old processed events, a chunk in each transaction."""
    end = time.monotonic() + TIME_SLICE_SECONDS
    while time.monotonic() < end and not shutdown.requested.is_set() and webhook_intake.prune():
        pass


@task()
def ensure_subscription(tag: str) -> None:
    """Check the webhook subscription. A failure is shown on the banner."""
    with debounced(SUBSCRIPTION, SUBSCRIPTION_EVERY, tag):
        if account := registry.by_tag(tag):
            subscriptions.ensure_subscription(account)


def finish_campaigns() -> None:
    for campaign_id in polling.campaigns_to_finish():
        lifecycle.finish_if_final(campaign_id)
