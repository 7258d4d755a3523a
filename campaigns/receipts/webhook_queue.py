"""The queue of stored webhook events: which are due, and what became of each."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from campaigns.accounts.account import Account
from campaigns.models import WebhookEvent
from campaigns.runtime.wakeups import exists

MAX_EVENTS = 500
"""Events that are processed together."""
FIRST_RETRY = timedelta(seconds=2)
GIVE_UP_AFTER = timedelta(days=3)
"""How long an event waits for its batch. The request that made the batch may still have no answer."""
MAX_DOUBLINGS = 15


def due(account: Account, now: datetime) -> Q:
    return exists(WebhookEvent.objects.filter(provider=account.key, next_retry_at__lte=now))


def due_events(provider: str, now: datetime) -> list[WebhookEvent]:
    waiting = WebhookEvent.objects.filter(provider=provider, next_retry_at__lte=now).order_by(
        "next_retry_at", "id"
    )
    return list(waiting[:MAX_EVENTS])


def mark_applied(ids: Collection[int]) -> None:
    WebhookEvent.objects.filter(pk__in=ids).update(
        state=WebhookEvent.State.APPLIED, next_retry_at=None, note=""
    )


def set_aside(events: Iterable[WebhookEvent], note: WebhookEvent.Note) -> None:
    ids = [event.pk for event in events]
    WebhookEvent.objects.filter(pk__in=ids).update(
        state=WebhookEvent.State.KEPT, next_retry_at=None, note=note
    )


def retry_later(events: Sequence[WebhookEvent], now: datetime) -> None:
    """Retry events of a batch that is unknown so far, with growing delays up to GIVE_UP_AFTER."""
    set_aside(
        [event for event in events if now - event.received_at > GIVE_UP_AFTER],
        WebhookEvent.Note.NOT_OURS,
    )
    retried = [event for event in events if now - event.received_at <= GIVE_UP_AFTER]
    for event in retried:
        event.next_retry_at = now + FIRST_RETRY * 2 ** min(event.tries, MAX_DOUBLINGS)
        event.tries += 1
    WebhookEvent.objects.bulk_update(retried, ["next_retry_at", "tries"])
