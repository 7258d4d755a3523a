"""What a provider tells of opting out and in, into our tables: pair by pair, the newest word counts.

A provider blocks a person for one of our numbers. We text nobody from any number who is blocked for one.
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

from campaigns.contacts.phone import parse_phone
from campaigns.models import CarrierConsent, Event, OptOut
from campaigns.models.account import simulated
from campaigns.opt_outs.lookup import LOOKUP
from campaigns.providers.types import EVERY_SENDER, OptOutRecord
from campaigns.runtime.bulk_sql import claim

log = logging.getLogger(__name__)

RECIPIENT = "Recipient"
"""The source of what the person themself said."""
FROM_PERSON = (OptOut.Source.CARRIER, OptOut.Source.REPLY)
"""What a provider or a reply began, the same may end. What staff entered stays until staff end it."""
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_DIGITS = re.compile(r"[0-9]{11,15}")
_WORDS = 300
"""Characters of one reply that are kept."""
MAX_WORDS = 1000
MAX_REPLIES = 200
JOINT = "” · “"
"""Between several replies, which pages show in quotation marks."""


def to_e164(written: str) -> str:
    """E.164 of a number in any spelling that a provider uses; empty if it is none.

    Digits with a country code and no + are what RingCentral's own client shows.
    """
    if _E164.fullmatch(written):
        return written
    digits = "".join(sign for sign in written[:40] if sign.isascii() and sign.isdigit())
    if "+" not in written and _DIGITS.fullmatch(digits):
        international = parse_phone(f"+{digits}", settings.DEFAULT_REGION)
        if international.e164:
            return international.e164
    return parse_phone(written, settings.DEFAULT_REGION).e164


def record(
    account: str,
    records: Iterable[OptOutRecord],
    *,
    at: datetime,
    blocked_there: bool = True,
    words: str = "",
) -> int:
    """Take in what was said, in any order and as often as one likes. Returns how many records were news.

    `at` stands for the time of a record that has none of its own. `blocked_there`: the provider itself acts
    on it, too. `words`: what the person wrote.
    """
    taken = 0
    for record in records:
        phone, sender = to_e164(record.recipient), _sender(record.sender)
        if not phone:
            log.warning("an opt-out of something that is no phone number was left out")
            continue
        when = record.changed_at or at
        taken += _take(account, record, phone, sender, when, blocked_there=blocked_there, words=words)
    return taken


def _sender(written: str) -> str:
    return written if written in ("", EVERY_SENDER) else to_e164(written) or written[:16]


def from_receipt(sender: str, phone: str, at: datetime | None) -> OptOutRecord:
    """What a receipt says that gives the person's opt-out as its reason."""
    return OptOutRecord(sender=sender, recipient=phone, opted_out=True, source="Carrier", changed_at=at)


def record_refusals(account: str, receipts: Sequence[OptOutRecord]) -> int:
    """Texts came back because people have opted out. Returns how many receipts were news.

    The same receipts come with every reading of a batch, so what is known costs one question for all of
    them. One without a time counts only if nothing is known of its pair: what staff decided since must stand.
    """
    known: dict[tuple[str, str], tuple[bool, datetime]] = {}
    phones = sorted({to_e164(one.recipient) for one in receipts})
    for start in range(0, len(phones), LOOKUP):
        pairs = CarrierConsent.objects.here().filter(
            account=account, phone__in=phones[start : start + LOOKUP]
        )
        for phone, sender, opted_out, changed_at in pairs.values_list(
            "phone", "sender", "opted_out", "changed_at"
        ):
            known[phone, sender] = opted_out, changed_at
    # By number, as every writer: two that want the same rows must not wait for each other in a ring.
    receipts = sorted(receipts, key=lambda one: to_e164(one.recipient))
    fresh = [
        one for one in receipts if _tells_more(one, known.get((to_e164(one.recipient), _sender(one.sender))))
    ]
    return record(account, fresh, at=timezone.now())


def _tells_more(record: OptOutRecord, known: tuple[bool, datetime] | None) -> bool:
    if known is None:
        return True
    opted_out, changed_at = known
    at = record.changed_at
    return at is not None and (at > changed_at or (at == changed_at and not opted_out))


def only_new(account: str, page: Sequence[OptOutRecord]) -> list[OptOutRecord]:
    """Of thousands that are told each night, those of which we do not know the same already.

    A record without a time would be newer each night, and undo what staff decided since.
    """
    named = [(to_e164(record.recipient), _sender(record.sender)) for record in page]
    known = CarrierConsent.objects.blocks().filter(account=account, phone__in={phone for phone, _ in named})
    pairs = set(known.values_list("phone", "sender"))
    return [record for record, pair in zip(page, named, strict=True) if pair not in pairs]


@transaction.atomic
def _take(
    account: str,
    record: OptOutRecord,
    phone: str,
    sender: str,
    at: datetime,
    *,
    blocked_there: bool,
    words: str,
) -> bool:
    pair, created = CarrierConsent.objects.select_for_update().get_or_create(
        phone=phone,
        account=account,
        sender=sender,
        simulated=simulated(),
        defaults={"opted_out": record.opted_out, "changed_at": at, "blocked_there": blocked_there},
    )
    # At the same moment, the opt-out counts: a text too few is better than one too many.
    newer = at > pair.changed_at or (at == pair.changed_at and record.opted_out > pair.opted_out)
    # Stored before times ahead were refused: it must not silence a STOP until then.
    ahead = pair.changed_at > timezone.now() and record.opted_out > pair.opted_out
    if not created and not newer and not ahead:
        return False
    # Somebody who writes STOP and then "stop!!" is still blocked there.
    pair.blocked_there = blocked_there or (record.opted_out and pair.opted_out and pair.blocked_there)
    pair.opted_out, pair.changed_at = record.opted_out, at
    pair.save(update_fields=["opted_out", "changed_at", "blocked_there"])
    if record.opted_out:
        source = OptOut.Source.REPLY if record.source == RECIPIENT else OptOut.Source.CARRIER
        _begin(pair, source=source, words=words)
    else:
        _end(pair)
    return True


def _begin(pair: CarrierConsent, *, source: OptOut.Source, words: str) -> None:
    """What staff entered stands beside it: if they end theirs, the person's own word still counts."""
    theirs = OptOut.objects.here().filter(phone=pair.phone, source__in=FROM_PERSON)
    if _said_later(theirs.filter(kind=OptOut.Kind.OPT_OUT), pair.changed_at):
        return
    known = OptOut.objects.in_force().filter(phone=pair.phone, kind=OptOut.Kind.OPT_OUT)
    if known.filter(source__in=FROM_PERSON).exists():
        return  # a real one, in a rehearsal
    # What was in force for a lesser reason may end without the person's word; this does not.
    theirs.exclude(kind=OptOut.Kind.OPT_OUT).update(ended_at=timezone.now())
    _add(OptOut(source=source), pair.account, pair.phone, pair.changed_at, words)
    # Another process may have begun a hold at this moment: then that row becomes this opt-out.
    theirs.filter(source=source).exclude(kind=OptOut.Kind.OPT_OUT).update(
        kind=OptOut.Kind.OPT_OUT, said_at=pair.changed_at, words=words[:_WORDS], asked_of=""
    )
    Event.objects.create(verb="opt_out_added", detail=f"number ending in {pair.phone[-4:]}, {source.value}")


def _said_later(rows: QuerySet[OptOut], at: datetime) -> bool:
    """Whether there are such rows. They keep the time of the newest word: no older START undoes it."""
    found = rows.exists()
    if found:
        rows.filter(said_at__lt=at).update(said_at=at)
    return found


def _add(made: OptOut, account: str, phone: str, at: datetime, words: str) -> None:
    """Store a row that has its kind and its source."""
    made.account, made.phone, made.simulated = account, phone, simulated()
    made.said_at, made.words = at, words[:_WORDS]
    made.note = f"Since {timezone.localtime(at):%Y-%m-%d %H:%M %Z}"
    OptOut.objects.bulk_create([made], ignore_conflicts=True)  # another process may hear the same


def _end(pair: CarrierConsent) -> None:
    if CarrierConsent.objects.here().filter(phone=pair.phone, opted_out=True).exists():
        return
    begun = OptOut.objects.here().filter(phone=pair.phone, source__in=FROM_PERSON)
    begun = begun.exclude(said_at__gt=pair.changed_at)
    begun = begun.filter(Q(asked_of="") | Q(asked_of=pair.sender, account=pair.account))
    if claim(begun, ended_at=timezone.now()):
        Event.objects.create(verb="opt_out_ended", detail=f"number ending in {pair.phone[-4:]}")


@transaction.atomic
def hold_for_review(
    account: str, sender: str, phone: str, words: str, *, at: datetime | None, reply: str = ""
) -> bool:
    """Text somebody no more who may have asked for it, until a person reads it. True if that was news.

    `at`: when they wrote it; `reply`: the provider's id of it. The same reply changes nothing once it was
    decided, nor does one that a clear word followed.
    """
    whom = to_e164(phone)
    if not whom:
        return False
    theirs = OptOut.objects.filter(phone=whom, simulated=simulated(), source__in=FROM_PERSON)
    if _was_read(list(theirs), words, at, reply):
        return False
    at = at or timezone.now()
    if CarrierConsent.objects.here().filter(phone=whom, account=account, changed_at__gte=at).exists():
        return False
    in_force = theirs.filter(ended_at__isnull=True)
    if row := in_force.filter(kind=OptOut.Kind.MAYBE).select_for_update().first():
        _said_more(row, words, at, reply, _sender(sender))
        return True
    if _said_later(in_force.filter(kind=OptOut.Kind.OPT_OUT), at):
        return False
    known = OptOut.objects.in_force().filter(phone=whom, source__in=FROM_PERSON)
    if known.exclude(kind=OptOut.Kind.SUPPRESSED).exists():
        return False  # a real one, in a rehearsal
    # No more than that: a clear word that another process hears at this moment must stand.
    in_force.filter(kind=OptOut.Kind.SUPPRESSED).update(ended_at=timezone.now())
    held = OptOut(kind=OptOut.Kind.MAYBE, source=OptOut.Source.REPLY, asked_of=_sender(sender))
    held.replies = [reply] if reply else []
    _add(held, account, whom, at, words)
    Event.objects.create(verb="opt_out_asked", detail=f"number ending in {whom[-4:]}")
    return True


def _was_read(rows: Sequence[OptOut], words: str, at: datetime | None, reply: str) -> bool:
    """By its id, not by its time: an older reply may be read after a newer one was decided."""
    if reply:
        return any(reply in row.replies for row in rows)
    if at is None:
        return any(words[:_WORDS] in row.words for row in rows)
    return any(row.said_at is not None and row.said_at >= at for row in rows)


def _said_more(row: OptOut, words: str, at: datetime, reply: str, sender: str) -> None:
    """Another reply of somebody who is not decided yet: whoever decides has to read both."""
    if words[:_WORDS] not in row.words:
        earlier_first = (words, row.words) if row.said_at and at < row.said_at else (row.words, words)
        row.words = JOINT.join(text[:MAX_WORDS] for text in earlier_first)[-MAX_WORDS:]
    row.said_at = max(at, row.said_at or at)
    row.replies = [*row.replies, *([reply] if reply else [])][-MAX_REPLIES:]
    row.asked_of = sender if row.asked_of == sender else EVERY_SENDER
    row.save(update_fields=["words", "said_at", "replies", "asked_of"])
