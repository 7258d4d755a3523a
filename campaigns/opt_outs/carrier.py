"""Records opt-outs and opt-ins that providers and replies report. The newest report on a pair counts.

A pair is a person and one of our numbers, because a provider blocks a person for one number. Carillon texts
nobody, from any number, who is blocked for one.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.contacts.phone import parse_phone
from campaigns.models import Consent, History, OptOut
from campaigns.opt_outs.lookup import LOOKUP
from campaigns.providers.types import EVERY_SENDER, OptOutRecord, OptOutSource
from campaigns.runtime.bulk_sql import claim

log = logging.getLogger(__name__)

FROM_PERSON = (OptOut.Source.CARRIER, OptOut.Source.REPLY)
"""Sources of opt-outs that a later opt-in ends. Opt-outs by staff stay until staff end them."""
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
DIGITS = re.compile(r"[0-9]{11,15}")
MAX_REPLY = 300
"""Characters stored of one reply."""
MAX_WORDS = 1000
"""Characters stored of all replies of one person."""
MAX_REPLIES = 200
JOINT = "” · “"
"""Separates several replies, which pages show in quotation marks."""


def to_e164(written: str) -> str:
    """E.164 of a number in any spelling that a provider uses; empty if it is not a number.

    RingCentral's own client shows digits with a country code and no plus.
    """
    if E164.fullmatch(written):
        return written
    digits = "".join(sign for sign in written[:40] if sign.isascii() and sign.isdigit())
    if "+" not in written and DIGITS.fullmatch(digits):
        international = parse_phone(f"+{digits}", settings.DEFAULT_REGION)
        if international.e164:
            return international.e164
    return parse_phone(written, settings.DEFAULT_REGION).e164


def record(
    account: str,
    records: Iterable[OptOutRecord],
    *,
    at: datetime,
    blocked_by_provider: bool = True,
    words: str = "",
) -> int:
    """Record opt-outs and opt-ins. Safe to repeat and in any order. Returns how many changed something.

    `at`: the time of records without one. `blocked_by_provider`: the provider itself acts on them too.
    `words`: the text of the reply.
    """
    changed = 0
    for item in records:
        phone, sender = to_e164(item.recipient), normal_sender(item.sender)
        if not phone:
            log.warning("an opt-out of something that is no phone number was left out")
            continue
        when = item.changed_at or at
        changed += record_pair(
            account, item, phone, sender, when, blocked_by_provider=blocked_by_provider, words=words
        )
    return changed


def normal_sender(written: str) -> str:
    return written if written in ("", EVERY_SENDER) else to_e164(written) or written[:16]


def from_receipt(sender: str, phone: str, at: datetime | None) -> OptOutRecord:
    return OptOutRecord(
        sender=sender, recipient=phone, opted_out=True, source=OptOutSource.CARRIER, changed_at=at
    )


def record_refusals(account: str, receipts: Sequence[OptOutRecord]) -> int:
    """Record opt-outs that receipts report. Returns how many changed something.

    Every poll of a batch brings the same receipts, so known ones cost one query together. A receipt without a
    time counts only if its pair is unknown: what staff decided since must stand.
    """
    known: dict[tuple[str, str], tuple[bool, datetime]] = {}
    phones = sorted({to_e164(one.recipient) for one in receipts})
    told = Consent.objects.here(simulated=registry.is_simulated(account)).filter(account=account)
    for start in range(0, len(phones), LOOKUP):
        pairs = told.filter(phone__in=phones[start : start + LOOKUP])
        for phone, sender, opted_out, changed_at in pairs.values_list(
            "phone", "sender", "opted_out", "changed_at"
        ):
            known[phone, sender] = opted_out, changed_at
    # All writers go in order of the number, so that two of them cannot deadlock.
    receipts = sorted(receipts, key=lambda one: to_e164(one.recipient))
    pairs_of = [(to_e164(one.recipient), normal_sender(one.sender)) for one in receipts]
    news = [one for one, pair in zip(receipts, pairs_of, strict=True) if is_news(one, known.get(pair))]
    return record(account, news, at=timezone.now())


def is_news(item: OptOutRecord, known: tuple[bool, datetime] | None) -> bool:
    if known is None:
        return True
    opted_out, changed_at = known
    at = item.changed_at
    return at is not None and (at > changed_at or (at == changed_at and not opted_out))


def only_new(account: str, page: Sequence[OptOutRecord]) -> list[OptOutRecord]:
    """The records whose pair is not blocked here yet.

    The nightly list has thousands of records. One without a time would count as newer each night, and undo
    what staff decided since.
    """
    named = [(to_e164(item.recipient), normal_sender(item.sender)) for item in page]
    told = Consent.objects.here(simulated=registry.is_simulated(account)).filter(account=account)
    known = told.blocks().filter(phone__in={phone for phone, _ in named})
    pairs = set(known.values_list("phone", "sender"))
    return [item for item, pair in zip(page, named, strict=True) if pair not in pairs]


@transaction.atomic
def record_pair(
    account: str,
    item: OptOutRecord,
    phone: str,
    sender: str,
    at: datetime,
    *,
    blocked_by_provider: bool,
    words: str,
) -> bool:
    pair, created = Consent.objects.select_for_update().get_or_create(
        phone=phone,
        account=account,
        sender=sender,
        simulated=registry.is_simulated(account),
        defaults={"opted_out": item.opted_out, "changed_at": at, "blocked_by_provider": blocked_by_provider},
    )
    # At the same time the opt-out counts: one text too few is better than one too many.
    newer = at > pair.changed_at or (at == pair.changed_at and item.opted_out > pair.opted_out)
    # An older version stored times ahead of the clock: they must not suppress a STOP until then.
    ahead = pair.changed_at > timezone.now() and item.opted_out > pair.opted_out
    if not created and not newer and not ahead:
        return False
    # Somebody who writes STOP and then "stop!!" is still blocked by the provider.
    pair.blocked_by_provider = blocked_by_provider or (
        item.opted_out and pair.opted_out and pair.blocked_by_provider
    )
    pair.opted_out, pair.changed_at = item.opted_out, at
    pair.save(update_fields=["opted_out", "changed_at", "blocked_by_provider"])
    if item.opted_out:
        source = OptOut.Source.REPLY if item.source is OptOutSource.RECIPIENT else OptOut.Source.CARRIER
        begin(pair, source=source, words=words)
    else:
        end(pair)
    return True


def begin(pair: Consent, *, source: OptOut.Source, words: str) -> None:
    # An opt-out by staff stays beside it: when that ends, the person's own still counts.
    from_person = OptOut.objects.here(simulated=pair.simulated).filter(
        phone=pair.phone, source__in=FROM_PERSON
    )
    if note_newer(from_person.filter(kind=OptOut.Kind.OPT_OUT), pair.changed_at):
        return
    known = OptOut.objects.in_force(simulated=pair.simulated).filter(
        phone=pair.phone, kind=OptOut.Kind.OPT_OUT
    )
    if known.filter(source__in=FROM_PERSON).exists():
        return  # a real opt-out, during a rehearsal
    # An opt-out of another kind may end without the person; one of this kind may not.
    from_person.exclude(kind=OptOut.Kind.OPT_OUT).update(ended_at=timezone.now())
    add(OptOut(source=source), pair.account, pair.phone, pair.changed_at, words)
    # Another process may have added a hold at this moment: its row becomes this opt-out.
    from_person.filter(source=source).exclude(kind=OptOut.Kind.OPT_OUT).update(
        kind=OptOut.Kind.OPT_OUT, stated_at=pair.changed_at, words=words[:MAX_REPLY], asked_sender=""
    )
    History.objects.record(History.Kind.OPT_OUT_ADDED, count=1, source=source.value)


def note_newer(rows: QuerySet[OptOut], at: datetime) -> bool:
    """Whether there are such rows. Stores the time of the newest report, so that no older START ends them."""
    exists = rows.exists()
    if exists:
        rows.filter(stated_at__lt=at).update(stated_at=at)
    return exists


def add(row: OptOut, account: str, phone: str, at: datetime, words: str) -> None:
    row.account, row.phone, row.simulated = account, phone, registry.is_simulated(account)
    row.stated_at, row.words = at, words[:MAX_REPLY]
    OptOut.objects.bulk_create([row], ignore_conflicts=True)  # another process may add the same


def end(pair: Consent) -> None:
    if Consent.objects.here(simulated=pair.simulated).filter(phone=pair.phone, opted_out=True).exists():
        return
    begun = OptOut.objects.here(simulated=pair.simulated).filter(phone=pair.phone, source__in=FROM_PERSON)
    begun = begun.exclude(stated_at__gt=pair.changed_at)
    begun = begun.filter(Q(asked_sender="") | Q(asked_sender=pair.sender, account=pair.account))
    if claim(begun, ended_at=timezone.now()):
        History.objects.record(History.Kind.OPT_OUT_ENDED)


@transaction.atomic
def hold_for_review(
    account: str, sender: str, phone: str, words: str, *, at: datetime | None, reply: str = ""
) -> bool:
    """Stop texts to somebody who may have opted out, until a person has read the reply. True if that is new.

    `at`: when it was written. `reply`: the provider's id of it. A reply that was decided changes nothing, nor
    does one that is older than a STOP or START.
    """
    recipient = to_e164(phone)
    if not recipient:
        return False
    simulated = registry.is_simulated(account)
    from_person = OptOut.objects.filter(phone=recipient, simulated=simulated, source__in=FROM_PERSON)
    if is_known(list(from_person), words, at, reply):
        return False
    at = at or timezone.now()
    told = Consent.objects.here(simulated=simulated).filter(phone=recipient, account=account)
    if told.filter(changed_at__gte=at).exists():
        return False
    in_force = from_person.filter(ended_at__isnull=True)
    if row := in_force.filter(kind=OptOut.Kind.PENDING).select_for_update().first():
        add_reply(row, words, at, reply, normal_sender(sender))
        return True
    if note_newer(in_force.filter(kind=OptOut.Kind.OPT_OUT), at):
        return False
    known = OptOut.objects.in_force(simulated=simulated).filter(phone=recipient, source__in=FROM_PERSON)
    if known.exclude(kind=OptOut.Kind.SUPPRESSED).exists():
        return False  # a real opt-out, during a rehearsal
    # Only this kind: a STOP that another process records at this moment must stand.
    in_force.filter(kind=OptOut.Kind.SUPPRESSED).update(ended_at=timezone.now())
    row = OptOut(kind=OptOut.Kind.PENDING, source=OptOut.Source.REPLY, asked_sender=normal_sender(sender))
    row.replies = [reply] if reply else []
    add(row, account, recipient, at, words)
    History.objects.record(History.Kind.OPT_OUT_ASKED)
    return True


def is_known(rows: Sequence[OptOut], words: str, at: datetime | None, reply: str) -> bool:
    """Whether a reply is in these rows. By its id if it has one, because replies do not come in order."""
    if reply:
        return any(reply in row.replies for row in rows)
    if at is None:
        return any(words[:MAX_REPLY] in row.words for row in rows)
    return any(row.stated_at is not None and row.stated_at >= at for row in rows)


def add_reply(row: OptOut, words: str, at: datetime, reply: str, sender: str) -> None:
    # Whoever decides has to read all replies.
    if words[:MAX_REPLY] not in row.words:
        earlier_first = (words, row.words) if row.stated_at and at < row.stated_at else (row.words, words)
        row.words = JOINT.join(text[:MAX_WORDS] for text in earlier_first)[-MAX_WORDS:]
    row.stated_at = max(at, row.stated_at or at)
    row.replies = [*row.replies, *([reply] if reply else [])][-MAX_REPLIES:]
    row.asked_sender = sender if row.asked_sender == sender else EVERY_SENDER
    row.save(update_fields=["words", "stated_at", "replies", "asked_sender"])
