"""Who asked not to be texted: entered here by hand, and honoured before every batch."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from campaigns.composing.audience import opted_out
from campaigns.intake.phone import PHONE_SENTENCES, parse_phone
from campaigns.models import Event, OptOut
from campaigns.models.bulk import claim


@dataclass(slots=True)
class AddResult:
    added: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    bad: list[tuple[str, str]] = field(default_factory=list)
    """What was typed, and why it cannot be used."""


@transaction.atomic
def add(text: str, *, note: str, user: User | None) -> AddResult:
    """One or many numbers, a line or a comma each. Good ones are kept even if others are not."""
    result = AddResult()
    pieces = [piece.strip() for line in text.splitlines() for piece in line.replace(";", ",").split(",")]
    wanted: dict[str, None] = {}
    for piece in filter(None, pieces):
        phone = parse_phone(piece, settings.DEFAULT_REGION)
        if phone.problem is not None:
            result.bad.append((piece, PHONE_SENTENCES[phone.problem]))
        else:
            wanted[phone.e164] = None
    in_force = opted_out(wanted)
    result.already = [phone for phone in wanted if phone in in_force]
    result.added = [phone for phone in wanted if phone not in in_force]
    OptOut.objects.bulk_create(
        [OptOut(phone=phone, note=note[:200], created_by=user) for phone in result.added],
        ignore_conflicts=True,  # somebody else may enter the same number at the same moment
    )
    if result.added:
        Event.objects.create(actor=user, verb="opt_out_added", detail=f"{len(result.added)} numbers")
    return result


@transaction.atomic
def end(opt_out: OptOut, *, user: User | None) -> bool:
    """The person may be texted again. True for the one call that ended it."""
    in_force = OptOut.objects.filter(pk=opt_out.pk, ended_at__isnull=True)
    if not claim(in_force, ended_at=timezone.now(), ended_by=user):
        return False
    Event.objects.create(actor=user, verb="opt_out_ended", detail=f"number ending in {opt_out.phone[-4:]}")
    return True


def page(query: str = "", before: int | None = None, limit: int = 50) -> list[OptOut]:
    """Those in force, newest first. `query`: a whole number in any spelling, or its last digits."""
    rows = OptOut.objects.filter(ended_at__isnull=True).select_related("created_by").order_by("-id")
    digits = "".join(sign for sign in query if sign.isdigit())
    if query.strip():
        whole = parse_phone(query, settings.DEFAULT_REGION)
        if whole.problem is None:
            rows = rows.filter(phone=whole.e164)
        elif digits:
            rows = rows.filter(phone__endswith=digits)
        else:
            return []
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows[:limit])
