"""Which numbers must get nothing, and why."""

from __future__ import annotations

from collections.abc import Iterable

from campaigns.models import OptOut

LOOKUP = 500
"""Numbers in one IN list; SQLite through Django takes 999 parameters."""
REASONS: dict[str, str] = {
    OptOut.Kind.OPT_OUT.value: "opted_out",
    OptOut.Kind.SUPPRESSED.value: "suppressed",
    OptOut.Kind.MAYBE.value: "may_have_opted_out",
}
"""The code that a row carries that was left out for it."""


def opted_out(phones: Iterable[str]) -> dict[str, str]:
    """Those of these numbers that must get nothing, each with the code of the reason."""
    in_force = OptOut.objects.in_force().order_by()
    wanted = list(phones)
    if len(wanted) > LOOKUP:
        # Cheaper to read them all than to ask for each, as long as they are fewer.
        few = list(in_force.values_list("phone", "kind")[: len(wanted)])
        if len(few) < len(wanted):
            return _of(set(wanted), few)
    found: list[tuple[str, str]] = []
    for start in range(0, len(wanted), LOOKUP):
        some = in_force.filter(phone__in=wanted[start : start + LOOKUP])
        found += some.values_list("phone", "kind")
    return _of(set(wanted), found)


def _of(wanted: set[str], found: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A rehearsal may have two for one number: then the firmer reason is named."""
    firmest = list(REASONS)
    ranked = sorted(found, key=lambda one: firmest.index(one[1]), reverse=True)
    return {phone: REASONS[kind] for phone, kind in ranked if phone in wanted}
