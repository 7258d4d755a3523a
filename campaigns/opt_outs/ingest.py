"""What people write about being texted, and whom a provider blocks: heard here, kept by `opt_outs`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import StoreMessage
from campaigns.opt_outs import carrier, keywords
from campaigns.opt_outs.keywords import Meaning
from campaigns.providers.types import OptOutRecord, RemoteMessage


def parse_keyword(text: str) -> bool | None:
    """True for a reply that opts out by itself, False for one that opts in, None for any other."""
    return {Meaning.STOP: True, Meaning.START: False}.get(keywords.meaning(text))


def ingest_replies(account: str, messages: Iterable[RemoteMessage]) -> int:
    """Take in what people wrote. Returns how much of it was news."""
    said = [
        (message, meaning)
        for message in messages
        if message.direction == "Inbound" and (meaning := keywords.meaning(message.text)) is not Meaning.OTHER
    ]
    # By number, as every writer: two that want the same rows must not wait for each other in a ring.
    said.sort(key=lambda one: one[0].sender)
    first = _first_read(account, [message.provider_id for message, _ in said])
    return sum(_hear(account, _dated(message, first), meaning) for message, meaning in said)


def _first_read(account: str, provider_ids: Iterable[str]) -> dict[str, datetime]:
    """When each of these was written, by what was stored when it was first read."""
    named = [one for one in provider_ids if one]
    stored = StoreMessage.objects.filter(account__account=account, provider_id__in=named)
    return dict(stored.values_list("provider_id", "created_at"))


def _dated(message: RemoteMessage, first: Mapping[str, datetime]) -> RemoteMessage:
    """With the time at which it was first read, if that is earlier.

    One that comes without a time, or with one ahead of our clock, would otherwise be newer at each reading,
    and an old START would undo a later STOP.
    """
    stored = first.get(message.provider_id)
    if stored is None:
        return message
    return replace(message, created_at=min(stored, message.created_at or stored))


def _hear(account: str, message: RemoteMessage, meaning: Meaning) -> int:
    at = message.created_at or message.modified_at
    if meaning is Meaning.MAY_MEAN_STOP:
        return carrier.hold_for_review(
            account, message.to, message.sender, message.text, at=at, reply=message.provider_id
        )
    said = OptOutRecord(
        sender=message.to,
        recipient=message.sender,
        opted_out=meaning is Meaning.STOP,
        source=carrier.RECIPIENT,
        changed_at=at,
    )
    # At other words than its own the provider does nothing.
    there = meaning is Meaning.START or keywords.blocked_by_provider(message.text)
    return carrier.record(account, [said], at=timezone.now(), blocked_there=there, words=message.text)


def read_blocked() -> int:
    """Take in everybody whom the provider blocks now, whoever asked for it. Returns how many were news.

    Raises ProviderError; what was read before stays. No transaction is open while it asks.
    """
    store, account = registry.provider().opt_outs, registry.account()
    pages = store.current(opted_out=True) if store else ()
    return sum(carrier.record(account, carrier.only_new(account, page), at=timezone.now()) for page in pages)
