"""Which numbers must get no text, and why."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from campaigns.models import OptOut

LOOKUP = 500
"""Numbers in one IN list; SQLite through Django takes 999 parameters."""


class Exclusion(StrEnum):
    """Why a person gets no text."""

    OPTED_OUT = "opted_out"
    SUPPRESSED = "suppressed"
    MAY_HAVE_OPTED_OUT = "may_have_opted_out"


REASONS: dict[str, str] = {
    OptOut.Kind.OPT_OUT.value: Exclusion.OPTED_OUT.value,
    OptOut.Kind.SUPPRESSED.value: Exclusion.SUPPRESSED.value,
    OptOut.Kind.PENDING.value: Exclusion.MAY_HAVE_OPTED_OUT.value,
}


def opted_out(phones: Iterable[str], *, simulated: bool) -> dict[str, str]:
    """Number → reason code, for those of these numbers that must get no text.

    `simulated`: from an account of the simulated carrier.
    """
    in_force = OptOut.objects.in_force(simulated=simulated).order_by()
    wanted = list(phones)
    if len(wanted) > LOOKUP:
        # Reading all opt-outs is cheaper, as long as they are fewer.
        every = list(in_force.values_list("phone", "kind")[: len(wanted)])
        if len(every) < len(wanted):
            return firmest_reasons(set(wanted), every)
    kinds: list[tuple[str, str]] = []
    for start in range(0, len(wanted), LOOKUP):
        chunk = in_force.filter(phone__in=wanted[start : start + LOOKUP])
        kinds += chunk.values_list("phone", "kind")
    return firmest_reasons(set(wanted), kinds)


def firmest_reasons(wanted: set[str], kinds: Iterable[tuple[str, str]]) -> dict[str, str]:
    # A number may have two opt-outs, in a rehearsal: the firmer reason counts.
    firmness = list(REASONS)
    ranked = sorted(kinds, key=lambda one: firmness.index(one[1]), reverse=True)
    return {phone: REASONS[kind] for phone, kind in ranked if phone in wanted}
