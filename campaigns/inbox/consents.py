"""What people write about being texted, and whom a provider blocks: heard here, kept by `opt_outs`."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from campaigns.opt_outs import carrier, keywords
from campaigns.opt_outs.keywords import Meaning
from campaigns.providers.base import RemoteMessage
from campaigns.providers.optouts import OptOutRecord
from campaigns.sending import accounts

BEGUN_BY_THEM = carrier.BEGUN_BY_THEM
take = carrier.take


def keyword(text: str) -> bool | None:
    """True for a reply that opts out by itself, False for one that opts in, None for any other."""
    return {Meaning.STOP: True, Meaning.START: False}.get(keywords.meaning(text))


def hear(account: str, messages: Iterable[RemoteMessage]) -> int:
    """Take in what people wrote. Returns how much of it was news."""
    return sum(_hear(account, message) for message in messages if message.direction == "Inbound")


def _hear(account: str, message: RemoteMessage) -> int:
    meaning = keywords.meaning(message.text)
    if meaning is Meaning.OTHER:
        return 0
    if meaning is Meaning.MAY_MEAN_STOP:
        at = message.created_at or message.modified_at
        return carrier.hold(account, message.to, message.sender, message.text, at=at)
    said = OptOutRecord(
        sender=message.to,
        recipient=message.sender,
        opted_out=meaning is Meaning.STOP,
        source=carrier.RECIPIENT,
        changed_at=message.created_at or message.modified_at,
    )
    # At other words than its own the provider does nothing.
    there = meaning is Meaning.START or keywords.blocked_by_provider(message.text)
    return take(account, [said], at=timezone.now(), blocked_there=there, words=message.text)


def read_all() -> int:
    """Take in everybody whom the provider blocks now, whoever asked for it. Returns how many were news.

    Raises ProviderError; what was read before stays. No transaction is open while it asks.
    """
    store, account = accounts.provider().opt_outs, accounts.account()
    pages = store.current(opted_out=True) if store else ()
    return sum(take(account, carrier.news(account, page), at=timezone.now()) for page in pages)
