"""Opt-outs that staff enter, confirm or end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.contacts.phone import PhoneProblem, normalise_many, parse_phone
from campaigns.models import History, OptOut
from campaigns.opt_outs.lookup import LOOKUP
from campaigns.runtime.bulk_sql import claim

MAX_LAST_DIGITS = 15
"""Digits of the longest number there is; the database refuses patterns of thousands of digits."""


@dataclass(slots=True)
class AddResult:
    added: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    bad: list[tuple[str, PhoneProblem]] = field(default_factory=list)
    """Input and the reason why it cannot be used."""


@transaction.atomic
def add(text: str, *, note: str, user: User | None) -> AddResult:
    """Opt out the numbers in `text`, separated by lines, commas or semicolons. Bad ones stop no others."""
    result = AddResult()
    pieces = [piece.strip() for line in text.splitlines() for piece in line.replace(";", ",").split(",")]
    typed = list(dict.fromkeys(filter(None, pieces)))
    numbers, problems = normalise_many(typed, settings.DEFAULT_REGION)
    result.bad = [(typed[place], problem) for place, problem in sorted(problems.items())]
    wanted = dict.fromkeys(filter(None, numbers))
    out, entered = end_lesser(list(wanted))
    result.already = [phone for phone in wanted if phone in out]
    result.added = [phone for phone in wanted if phone not in out]
    # Also beside an opt-out by the person: a START ends only that one.
    OptOut.objects.bulk_create(
        [OptOut(phone=phone, note=note[:200], created_by=user) for phone in wanted if phone not in entered],
        ignore_conflicts=True,  # somebody else may enter the same number at the same time
    )
    if result.added:
        History.objects.record(
            History.Kind.OPT_OUT_ADDED,
            actor=user,
            count=len(result.added),
            source=OptOut.Source.STAFF.value,
        )
    return result


def end_lesser(phones: Sequence[str]) -> tuple[set[str], set[str]]:
    """The numbers that are opted out for every account already, and those opted out by staff.

    Ends what is in force for a lesser reason, because a person has decided now.
    """
    out: set[str] = set()
    entered: set[str] = set()
    for start in range(0, len(phones), LOOKUP):
        in_force = OptOut.objects.filter(phone__in=phones[start : start + LOOKUP], ended_at__isnull=True)
        lesser = []
        for pk, phone, kind, source, simulated in in_force.values_list(
            "pk", "phone", "kind", "source", "simulated"
        ):
            if kind != OptOut.Kind.OPT_OUT:
                lesser.append(pk)
            elif not simulated:
                out.add(phone)
                entered.update([phone] if source == OptOut.Source.STAFF else [])
        if lesser:
            OptOut.objects.filter(pk__in=lesser).update(ended_at=timezone.now())
    return out, entered


@transaction.atomic
def end(opt_out: OptOut, *, user: User | None) -> bool:
    in_force = OptOut.objects.filter(pk=opt_out.pk, ended_at__isnull=True)
    if not claim(in_force, ended_at=timezone.now(), ended_by=user):
        return False
    was_asked = opt_out.kind == OptOut.Kind.PENDING
    kind = History.Kind.OPT_OUT_DENIED if was_asked else History.Kind.OPT_OUT_ENDED
    History.objects.record(kind, actor=user, opt_out=opt_out.pk)
    return True


@transaction.atomic
def confirm(opt_out: OptOut, *, user: User | None) -> bool:
    """Turn a hold into an opt-out, after a person read the reply. True for the one call that decided it."""
    undecided = OptOut.objects.undecided(simulated=registry.rehearses()).filter(pk=opt_out.pk)
    if not claim(undecided, kind=OptOut.Kind.OPT_OUT, created_by=user):
        return False
    History.objects.record(
        History.Kind.OPT_OUT_ADDED,
        actor=user,
        count=1,
        source=opt_out.source,
        opt_out=opt_out.pk,
    )
    return True


def undecided(limit: int) -> list[OptOut]:
    """Holds that a person has to decide, the longest waiting first."""
    return list(OptOut.objects.undecided(simulated=registry.rehearses()).order_by("stated_at", "id")[:limit])


def page(query: str = "", before: int | None = None, limit: int = 50) -> list[OptOut]:
    """Opt-outs in force, newest first. `query`: a whole number in any spelling, or its last digits."""
    rows = OptOut.objects.in_force(simulated=registry.rehearses()).exclude(kind=OptOut.Kind.PENDING)
    rows = rows.select_related("created_by").order_by("-id")
    digits = "".join(sign for sign in query if sign.isdigit())
    if query.strip():
        whole = parse_phone(query, settings.DEFAULT_REGION)
        if whole.problem is None:
            rows = rows.filter(phone=whole.e164)
        elif 0 < len(digits) <= MAX_LAST_DIGITS:
            rows = rows.filter(phone__endswith=digits)
        else:
            return []
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows[:limit])
