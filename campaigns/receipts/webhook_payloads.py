"""Applies what webhook events report of batches and texts to the ledger and to the provider store.

Batches and texts only move forward, so events may come in any order and more than once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Generic, TypeVar

from django.db import transaction
from django.utils import timezone

from campaigns.models import AccountState, Batch, Message, WebhookEvent
from campaigns.opt_outs import ingest
from campaigns.providers.types import BatchState, Direction, RemoteMessage
from campaigns.receipts import sending_rate, statuses, store

T = TypeVar("T")

MAX_TIME_APART = timedelta(minutes=10)
"""Between the creation of a text and of its batch, for events that name no batch."""


@dataclass(frozen=True, slots=True)
class ParsedEvent(Generic[T]):
    """A stored event and the payload of its body."""

    event: WebhookEvent
    payload: T


def apply_batches(owner: AccountState, parsed: Sequence[ParsedEvent[BatchState]]) -> list[int]:
    """Returns the ids of the events that are done: those about a batch of a campaign."""
    store.record_batches(owner, latest_states(one.payload for one in parsed))
    known = known_batches(owner, {one.payload.provider_id for one in parsed})
    now = timezone.now()
    completed_senders: set[str] = set()
    done: list[int] = []
    for one in parsed:
        batch = known.get(one.payload.provider_id)
        if batch is None:
            continue
        was_completed_at = batch.completed_at
        statuses.apply_batch(batch, one.payload, now)
        if was_completed_at is None and batch.completed_at is not None:
            completed_senders.add(batch.sender)
            poll_soon(batch)
        done.append(one.event.pk)
    for sender in completed_senders:
        sending_rate.measure(owner.account, sender)
    return done


def latest_states(states: Iterable[BatchState]) -> list[BatchState]:
    latest: dict[str, BatchState] = {}
    for state in states:
        known = latest.get(state.provider_id)
        if known is None or (state.completed, state.processed_count) >= (
            known.completed,
            known.processed_count,
        ):
            latest[state.provider_id] = state
    return list(latest.values())


def known_batches(owner: AccountState, provider_ids: Iterable[str]) -> dict[str, Batch]:
    batches = Batch.objects.filter(account=owner.account, provider_id__in=list(provider_ids))
    return {batch.provider_id: batch for batch in batches}


def poll_soon(batch: Batch) -> None:
    # The poller reads the totals and the cost, which events do not report.
    Batch.objects.filter(pk=batch.pk, next_poll_at__isnull=False).update(next_poll_at=timezone.now())


def apply_messages(owner: AccountState, parsed: Sequence[ParsedEvent[RemoteMessage]]) -> list[int]:
    """Returns the ids of the events that are done: replies, and texts of a campaign."""
    known = known_batches(owner, {one.payload.batch_id for one in parsed if one.payload.batch_id})
    done: list[int] = []
    replies: list[RemoteMessage] = []
    for one in parsed:
        message = one.payload
        if message.direction is Direction.INBOUND:
            replies.append(replace(message, created_at=message.created_at or one.event.received_at))
            done.append(one.event.pk)
        elif message.batch_id in known or (not message.batch_id and apply_without_batch(owner, message)):
            done.append(one.event.pk)
    ingest.ingest_replies(owner.account, replies)
    for page in pages_without_repeats(one.payload for one in parsed):
        store.record_page(owner, page)
    for batch in known.values():
        poll_if_settled(batch)
    return done


def pages_without_repeats(messages: Iterable[RemoteMessage]) -> list[list[RemoteMessage]]:
    """Pages in the order of the events; no page has two states of one message."""
    pages: list[dict[str, RemoteMessage]] = []
    for message in messages:
        page = next((page for page in pages if message.provider_id not in page), None)
        if page is None:
            pages.append(page := {})
        page[message.provider_id] = message
    return [list(page.values()) for page in pages]


def apply_without_batch(owner: AccountState, message: RemoteMessage) -> bool:
    """Apply a text whose event names no batch, if exactly one sent message matches it."""
    created = message.created_at
    if created is None:
        return False
    sent = Message.objects.filter(
        to=message.to,
        batch__account=owner.account,
        batch__sender=message.sender,
        batch__state=Batch.State.ACCEPTED,
        batch__provider_created_at__range=(created - MAX_TIME_APART, created + MAX_TIME_APART),
        provider_id__in=("", message.provider_id),
    )
    candidates = [
        one for one in sent.select_related("batch")[:10] if one.provider_id or one.text == message.text
    ]
    with_same_id = [one for one in candidates if one.provider_id]
    matches = with_same_id or candidates
    if len(matches) != 1:
        return False
    with transaction.atomic():
        statuses.apply_messages(matches[0].batch, [message])
    return True


def poll_if_settled(batch: Batch) -> None:
    # When all texts are final, the totals of the next poll end the batch.
    open_states = (Message.State.WAITING, Message.State.SENT)
    if not Message.objects.filter(batch=batch, state__in=open_states).exists():
        poll_soon(batch)
