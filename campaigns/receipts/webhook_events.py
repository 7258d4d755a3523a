"""What providers told by webhook, into our tables: forward only, in any order, as often as one likes.

An event is only ever a hint that comes early: the poller reads the same from the provider's store, and what
both say is the same, so one that is lost, late or doubled changes nothing in the end.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from campaigns.models import AccountState, Batch, Message, Webhook, WebhookEvent
from campaigns.opt_outs import carrier, ingest
from campaigns.providers.ringcentral.events import parse_event
from campaigns.providers.types import BatchState, Event, RemoteMessage, Topic
from campaigns.receipts import polling, statuses, store
from campaigns.runtime import leases

T = TypeVar("T")

log = logging.getLogger(__name__)

AT_ONCE = 500
FIRST_WAIT = timedelta(seconds=2)
LAST_WAIT = timedelta(days=3)
"""How long an event waits for the batch that it is about. Its request may still be without an answer."""
SAME_TIME = timedelta(minutes=10)
"""Between a text's creation as an event tells it and that of its batch, for events that name no batch."""

ACCOUNT = re.compile(r"/accounts?/([^/]+)/")


@dataclass(frozen=True, slots=True)
class ParsedEvent(Generic[T]):
    """An event, and what its body holds."""

    event: WebhookEvent
    payload: T


def due() -> bool:
    return WebhookEvent.objects.filter(next_try_at__lte=timezone.now()).exists()


def process_due() -> int:
    """Take in the oldest events that are due; returns how many. 0 also if another process is at it."""
    whose = store.account_state()
    if whose is None:
        return 0
    with leases.hold("webhook events", seconds=300) as mine:
        if not mine:
            return 0
        now = timezone.now()
        waiting = WebhookEvent.objects.filter(next_try_at__lte=now).order_by("next_try_at", "id")
        events = list(waiting[:AT_ONCE])
        if events:
            _take_all(whose, events, now)
        return len(events)


def _take_all(whose: AccountState, events: Sequence[WebhookEvent], now: datetime) -> None:
    """Together; and if that fails, one by one, so that a single one stops no other."""
    try:
        with transaction.atomic():
            _take(whose, events, now)
    except OperationalError:
        raise  # the database is busy or gone: later, all of them
    except Exception:
        if len(events) > 1:
            for event in events:
                _take_all(whose, [event], now)
        else:
            log.exception("an event could not be taken in", extra={"event_id": events[0].pk})
            _keep(events, "It could not be taken in; the log says why.")


def _take(whose: AccountState, events: Sequence[WebhookEvent], now: datetime) -> None:
    batches: list[ParsedEvent[BatchState]] = []
    messages: list[ParsedEvent[RemoteMessage]] = []
    done: list[int] = []
    for event in events:
        parsed = parse_event(event.body.encode())
        if parsed is None or (parsed.payload is None and parsed.topic != Topic.RENEWAL):
            _keep([event], "Nothing here knows what to do with it.")
        elif not _is_about(whose, parsed):
            _keep([event], "It is about another account.")
        elif isinstance(parsed.payload, BatchState):
            batches.append(ParsedEvent(event, parsed.payload))
        elif isinstance(parsed.payload, RemoteMessage) and parsed.payload.to and parsed.payload.sender:
            messages.append(ParsedEvent(event, parsed.payload))
        elif isinstance(parsed.payload, tuple):
            carrier.record(whose.account, parsed.payload, at=parsed.at or event.received_at)
            done.append(event.pk)
        elif parsed.topic == Topic.RENEWAL:
            Webhook.objects.filter(provider=whose.provider).update(checked_at=None)
            done.append(event.pk)
        else:
            _keep([event], "Nothing here knows what to do with it.")
    done += [*_take_batches(whose, batches), *_take_messages(whose, messages)]
    _done(done)
    told = [*(one.event for one in batches), *(one.event for one in messages)]
    _wait([event for event in told if event.pk not in set(done)], now)
    _heard(whose, events)


def _is_about(whose: AccountState, parsed: Event) -> bool:
    found = ACCOUNT.search(str(parsed.raw.get("event")))
    return found is None or found[1] in ("~", whose.account)


def _heard(whose: AccountState, events: Sequence[WebhookEvent]) -> None:
    newest = max(event.received_at for event in events)
    last = Webhook.objects.filter(provider=whose.provider)
    last.filter(Q(last_event_at=None) | Q(last_event_at__lt=newest)).update(last_event_at=newest)


def _done(ids: Iterable[int]) -> None:
    WebhookEvent.objects.filter(pk__in=list(ids)).update(
        state=WebhookEvent.State.APPLIED, next_try_at=None, note=""
    )


def _keep(events: Iterable[WebhookEvent], note: str) -> None:
    ids = [event.pk for event in events]
    WebhookEvent.objects.filter(pk__in=ids).update(state=WebhookEvent.State.KEPT, next_try_at=None, note=note)


def _wait(events: Sequence[WebhookEvent], now: datetime) -> None:
    """What they speak of is not here yet, or is not ours: look again after a while, then no more."""
    _keep([event for event in events if now - event.received_at > LAST_WAIT], "It is about no batch of ours.")
    left = [event for event in events if now - event.received_at <= LAST_WAIT]
    for event in left:
        event.next_try_at = now + FIRST_WAIT * 2 ** min(event.tries, 15)
        event.tries += 1
    WebhookEvent.objects.bulk_update(left, ["next_try_at", "tries"])


def _take_batches(whose: AccountState, told: Sequence[ParsedEvent[BatchState]]) -> list[int]:
    """Returns the events that are dealt with."""
    store.record_batches(whose, _furthest(one.payload for one in told))
    ours = _batches(whose, {one.payload.provider_id for one in told})
    now = timezone.now()
    ended: set[str] = set()
    done: list[int] = []
    for one in told:
        batch = ours.get(one.payload.provider_id)
        if batch is None:
            continue
        before = batch.completed_at
        statuses.apply_batch(batch, one.payload, now)
        if before is None and batch.completed_at is not None:
            ended.add(batch.sender)
            _poll_soon(batch)
        done.append(one.event.pk)
    for sender in ended:
        polling.measure_rate(whose.account, sender)
    return done


def _furthest(states: Iterable[BatchState]) -> list[BatchState]:
    """Of several states of one batch only the last, by what was processed."""
    newest: dict[str, BatchState] = {}
    for state in states:
        known = newest.get(state.provider_id)
        if known is None or (state.completed, state.processed_count) >= (
            known.completed,
            known.processed_count,
        ):
            newest[state.provider_id] = state
    return list(newest.values())


def _batches(whose: AccountState, provider_ids: Iterable[str]) -> dict[str, Batch]:
    found = Batch.objects.filter(account=whose.account, provider_id__in=list(provider_ids))
    return {batch.provider_id: batch for batch in found}


def _poll_soon(batch: Batch) -> None:
    """Let the poller read what this leaves open: the totals, the cost, and whether that was all."""
    Batch.objects.filter(pk=batch.pk, next_poll_at__isnull=False).update(next_poll_at=timezone.now())


def _take_messages(whose: AccountState, told: Sequence[ParsedEvent[RemoteMessage]]) -> list[int]:
    """Returns the events that are dealt with: what came in, and what is about a batch of ours."""
    ours = _batches(whose, {one.payload.batch_id for one in told if one.payload.batch_id})
    done: list[int] = []
    said: list[RemoteMessage] = []
    for one in told:
        message = one.payload
        if message.direction == "Inbound":
            said.append(replace(message, created_at=message.created_at or one.event.received_at))
            done.append(one.event.pk)
        elif message.batch_id in ours or (not message.batch_id and _take_unnamed(whose, message)):
            done.append(one.event.pk)
    ingest.ingest_replies(whose.account, said)
    for page in _rounds(one.payload for one in told):
        store.record_page(whose, page)
    for batch in ours.values():
        _poll_if_settled(batch)
    return done


def _rounds(messages: Iterable[RemoteMessage]) -> list[list[RemoteMessage]]:
    """Pages in which no message comes twice, in the order in which they were told."""
    pages: list[dict[str, RemoteMessage]] = []
    for message in messages:
        page = next((page for page in pages if message.provider_id not in page), None)
        if page is None:
            pages.append(page := {})
        page[message.provider_id] = message
    return [list(page.values()) for page in pages]


def _take_unnamed(whose: AccountState, message: RemoteMessage) -> bool:
    """A text whose event does not name its batch: ours if just one that we sent can be meant."""
    created = message.created_at
    if created is None:
        return False
    sent = Message.objects.filter(
        to=message.to,
        batch__account=whose.account,
        batch__sender=message.sender,
        batch__state=Batch.State.ACCEPTED,
        batch__remote_created_at__range=(created - SAME_TIME, created + SAME_TIME),
        provider_id__in=("", message.provider_id),
    )
    meant = [one for one in sent.select_related("batch")[:10] if one.provider_id or one.text == message.text]
    known = [one for one in meant if one.provider_id]
    chosen = known or meant
    if len(chosen) != 1:
        return False
    with transaction.atomic():
        statuses.apply_messages(chosen[0].batch, [message])
    return True


def _poll_if_settled(batch: Batch) -> None:
    """Nothing of it is open here any more: the provider's totals will say the same, and end it."""
    open_states = (Message.State.WAITING, Message.State.SENT)
    if not Message.objects.filter(batch=batch, state__in=open_states).exists():
        _poll_soon(batch)
