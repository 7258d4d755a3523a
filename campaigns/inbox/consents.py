"""Who a provider says opted out or in: kept pair by pair, the newest word counts, an opt-out for all of us.

A provider blocks a person for one of our numbers. We text nobody from any number who is blocked for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from campaigns.models import CarrierConsent, Event, OptOut
from campaigns.models.bulk import claim
from campaigns.providers.base import RemoteMessage
from campaigns.providers.optouts import OptOutRecord
from campaigns.sending import accounts

RECIPIENT = "Recipient"
"""The source of what the person themself said."""
BEGUN_BY_THEM = (OptOut.Source.CARRIER, OptOut.Source.REPLY)
"""What a provider began, a provider may end. What staff entered stays until staff end it."""
STOP_WORDS = frozenset({"STOP", "UNSUBSCRIBE", "QUIT", "CANCEL", "END"})
START_WORDS = frozenset({"START", "SUBSCRIBE", "RESUME", "CONTINUE", "UNSTOP"})


def keyword(text: str) -> bool | None:
    """True for a text that opts out, False for one that opts in: the word must be the whole text."""
    word = text.strip().upper()
    return True if word in STOP_WORDS else False if word in START_WORDS else None


def told_by(message: RemoteMessage) -> OptOutRecord | None:
    """What somebody says by texting us a keyword; None for any other text."""
    said = keyword(message.text) if message.direction == "Inbound" else None
    if said is None:
        return None
    return OptOutRecord(
        sender=message.to,
        recipient=message.sender,
        opted_out=said,
        source=RECIPIENT,
        changed_at=message.created_at,
    )


def hear(account: str, messages: Iterable[RemoteMessage]) -> int:
    """Take in what people wrote. Returns how much of it was news."""
    return take(account, filter(None, map(told_by, messages)), at=timezone.now())


def read_all() -> int:
    """Take in everybody whom the provider blocks now, whoever asked for it. Returns how many were news.

    Raises ProviderError; what was read before stays. No transaction is open while it asks.
    """
    store, account = accounts.provider().opt_outs, accounts.account()
    pages = store.current(opted_out=True) if store else ()
    return sum(take(account, _news(account, page), at=timezone.now()) for page in pages)


def _news(account: str, page: Sequence[OptOutRecord]) -> list[OptOutRecord]:
    """Of thousands that are told each night, those of which we do not know the same already.

    A record without a time would be newer each night, and undo what staff decided since.
    """
    phones = {record.recipient[:16] for record in page}
    known = CarrierConsent.objects.filter(account=account, phone__in=phones, opted_out=True)
    pairs = set(known.values_list("phone", "sender"))
    return [record for record in page if (record.recipient[:16], record.sender[:16]) not in pairs]


def take(account: str, records: Iterable[OptOutRecord], *, at: datetime) -> int:
    """Take in what was said, in any order and as often as one likes. Returns how many records were news.

    `at` stands for the time of a record that has none of its own.
    """
    return sum(_take(account, record, record.changed_at or at) for record in records if record.recipient)


@transaction.atomic
def _take(account: str, record: OptOutRecord, at: datetime) -> bool:
    pair, created = CarrierConsent.objects.select_for_update().get_or_create(
        phone=record.recipient[:16],
        account=account,
        sender=record.sender[:16],
        defaults={"opted_out": record.opted_out, "changed_at": at},
    )
    # At the same moment, the opt-out counts: a text too few is better than one too many.
    newer = at > pair.changed_at or (at == pair.changed_at and record.opted_out > pair.opted_out)
    if not created and not newer:
        return False
    pair.opted_out, pair.changed_at = record.opted_out, at
    pair.save(update_fields=["opted_out", "changed_at"])
    if record.opted_out:
        _begin(pair, by_reply=record.source == RECIPIENT)
    else:
        _end(pair)
    return True


def _begin(pair: CarrierConsent, *, by_reply: bool) -> None:
    in_force = OptOut.objects.filter(phone=pair.phone, ended_at__isnull=True)
    if in_force.filter(kind=OptOut.Kind.OPT_OUT).exists():
        return
    # A number that could not be reached is out for a lesser reason, which may end without the person's word.
    in_force.update(ended_at=timezone.now())
    source = OptOut.Source.REPLY if by_reply else OptOut.Source.CARRIER
    note = f"Since {timezone.localtime(pair.changed_at):%Y-%m-%d %H:%M %Z}"
    made = OptOut(phone=pair.phone, source=source, note=note)
    OptOut.objects.bulk_create([made], ignore_conflicts=True)
    Event.objects.create(verb="opt_out_added", detail=f"number ending in {pair.phone[-4:]}, {source.value}")


def _end(pair: CarrierConsent) -> None:
    if CarrierConsent.objects.filter(phone=pair.phone, opted_out=True).exists():
        return
    begun = OptOut.objects.filter(phone=pair.phone, ended_at__isnull=True, source__in=BEGUN_BY_THEM)
    if claim(begun, ended_at=timezone.now()):
        Event.objects.create(verb="opt_out_ended", detail=f"number ending in {pair.phone[-4:]}")
