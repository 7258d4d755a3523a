"""Processes the events that providers sent by webhook: forward only, in any order, safe to repeat.

An event is only an early hint. The poller reads the same facts from the provider, so a lost, late or
doubled event changes nothing in the end.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from campaigns.accounts.account import Account
from campaigns.models import AccountState, Webhook, WebhookEvent
from campaigns.opt_outs import carrier
from campaigns.providers import catalogue
from campaigns.providers.event_types import Event, Topic
from campaigns.providers.types import BatchState, RemoteMessage
from campaigns.receipts import store, webhook_queue
from campaigns.receipts.webhook_payloads import ParsedEvent, apply_batches, apply_messages
from campaigns.runtime import leases

log = logging.getLogger(__name__)

ACCOUNT_IN_PATH = re.compile(r"/accounts?/([^/]+)/")


@dataclass(slots=True)
class Sorted:
    """Events by what their bodies hold."""

    batches: list[ParsedEvent[BatchState]] = field(default_factory=list)
    messages: list[ParsedEvent[RemoteMessage]] = field(default_factory=list)
    applied: list[int] = field(default_factory=list)
    """Ids of the events that were applied while sorting."""


def process_due(account: Account) -> int:
    """Process the oldest events that are due. Returns how many; 0 also while another process does it."""
    if not account.known_id():
        return 0
    with leases.hold(f"webhook events {account.tag}", seconds=300) as acquired:
        if not acquired:
            return 0
        owner, now = store.owner_of(account.known_id()), timezone.now()
        events = webhook_queue.due_events(account.key, now)
        if events:
            process(owner, events, now)
        return len(events)


def process(owner: AccountState, events: Sequence[WebhookEvent], now: datetime) -> None:
    try:
        with transaction.atomic():
            apply(owner, events, now)
    except OperationalError:
        raise  # the database is busy or away: all of them are retried later
    except Exception:
        if len(events) > 1:  # one by one, so that a bad event stops no other
            for event in events:
                process(owner, [event], now)
        else:
            log.exception("an event could not be taken in", extra={"event_id": events[0].pk})
            webhook_queue.set_aside(events, WebhookEvent.Note.FAILED)


def apply(owner: AccountState, events: Sequence[WebhookEvent], now: datetime) -> None:
    by_kind = Sorted()
    for event in events:
        sort_event(owner, event, by_kind)
    applied = {
        *by_kind.applied,
        *apply_batches(owner, by_kind.batches),
        *apply_messages(owner, by_kind.messages),
    }
    webhook_queue.mark_applied(applied)
    parsed = [*(one.event for one in by_kind.batches), *(one.event for one in by_kind.messages)]
    webhook_queue.retry_later([event for event in parsed if event.pk not in applied], now)
    note_last_event(owner, events)


def sort_event(owner: AccountState, event: WebhookEvent, by_kind: Sorted) -> None:
    """Opt-outs and reminders to renew are applied at once, unusable events set aside."""
    parsed = catalogue.callbacks(event.provider).parse_event(event.body.encode())
    if parsed is None:
        webhook_queue.set_aside([event], WebhookEvent.Note.UNKNOWN)
        return
    payload, renewal = parsed.payload, parsed.topic == Topic.RENEWAL
    if (payload is not None or renewal) and not is_about(owner, parsed):
        webhook_queue.set_aside([event], WebhookEvent.Note.OTHER_ACCOUNT)
    elif isinstance(payload, BatchState):
        by_kind.batches.append(ParsedEvent(event, payload))
    elif isinstance(payload, RemoteMessage) and payload.to and payload.sender:
        by_kind.messages.append(ParsedEvent(event, payload))
    elif isinstance(payload, tuple):
        carrier.record(owner.account, payload, at=parsed.at or event.received_at)
        by_kind.applied.append(event.pk)
    elif renewal:
        Webhook.objects.filter(provider=owner.provider).update(last_checked_at=None)
        by_kind.applied.append(event.pk)
    else:
        webhook_queue.set_aside([event], WebhookEvent.Note.UNKNOWN)


def is_about(owner: AccountState, parsed: Event) -> bool:
    path = ACCOUNT_IN_PATH.search(str(parsed.raw.get("event")))
    return path is None or path[1] in ("~", owner.account)


def note_last_event(owner: AccountState, events: Sequence[WebhookEvent]) -> None:
    newest = max(event.received_at for event in events)
    webhook = Webhook.objects.filter(provider=owner.provider)
    webhook.filter(Q(last_event_at=None) | Q(last_event_at__lt=newest)).update(last_event_at=newest)
