"""Ingests replies and the provider's list of blocked people, and records the opt-outs in them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from django.utils import timezone

from campaigns.accounts.account import Account
from campaigns.models import ProviderMessage
from campaigns.opt_outs import carrier, keywords
from campaigns.opt_outs.keywords import Meaning
from campaigns.providers.types import Direction, OptOutRecord, OptOutSource, RemoteMessage


def parse_keyword(text: str) -> bool | None:
    """True for a keyword that opts out, False for one that opts in, None for any other reply."""
    return {Meaning.STOP: True, Meaning.START: False}.get(keywords.meaning(text))


def ingest_replies(account: str, messages: Iterable[RemoteMessage]) -> int:
    """Record the opt-outs, opt-ins and possible opt-outs in replies. Returns how many changed something."""
    meaningful = [
        (message, meaning)
        for message in messages
        if message.direction is Direction.INBOUND
        and (meaning := keywords.meaning(message.text)) is not Meaning.OTHER
    ]
    # All writers go in order of the number, so that two of them cannot deadlock.
    meaningful.sort(key=lambda one: one[0].sender)
    first_read = first_read_times(account, [message.provider_id for message, _ in meaningful])
    return sum(
        ingest_reply(account, with_earliest_time(message, first_read), meaning)
        for message, meaning in meaningful
    )


def first_read_times(account: str, provider_ids: Iterable[str]) -> dict[str, datetime]:
    """Provider id → the creation time stored when the reply was first read."""
    named = [one for one in provider_ids if one]
    stored = ProviderMessage.objects.filter(account__account=account, provider_id__in=named)
    return dict(stored.values_list("provider_id", "created_at"))


def with_earliest_time(message: RemoteMessage, first_read: Mapping[str, datetime]) -> RemoteMessage:
    """The reply with the time stored when it was first read, if that is earlier.

    A reply without a time, or with one ahead of our clock, would otherwise be newer at each reading, and an
    old START would undo a later STOP.
    """
    stored = first_read.get(message.provider_id)
    if stored is None:
        return message
    return replace(message, created_at=min(stored, message.created_at or stored))


def ingest_reply(account: str, message: RemoteMessage, meaning: Meaning) -> int:
    at = message.created_at or message.modified_at
    if meaning is Meaning.MAY_MEAN_STOP:
        return carrier.hold_for_review(
            account, message.to, message.sender, message.text, at=at, reply=message.provider_id
        )
    reply = OptOutRecord(
        sender=message.to,
        recipient=message.sender,
        opted_out=meaning is Meaning.STOP,
        source=OptOutSource.RECIPIENT,
        changed_at=at,
    )
    # The provider itself acts only on its own keywords.
    blocked_by_provider = meaning is Meaning.START or keywords.blocked_by_provider(message.text)
    return carrier.record(
        account, [reply], at=timezone.now(), blocked_by_provider=blocked_by_provider, words=message.text
    )


def read_blocked(account: Account) -> int:
    """Record everybody whom the provider blocks now. Returns how many changed something.

    Raises ProviderError; what was read before stays recorded. No transaction is open during requests.
    """
    store, owner = account.provider.opt_outs, account.fetch_id()
    pages = store.current() if store else ()
    return sum(carrier.record(owner, carrier.only_new(owner, page), at=timezone.now()) for page in pages)
