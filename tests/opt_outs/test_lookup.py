"""Which numbers must get no text: few or many, ended or not, in a rehearsal or for real."""

import pytest
from django.utils import timezone

from campaigns.models import OptOut
from campaigns.opt_outs.lookup import LOOKUP, opted_out
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("asked", [0, 1, 3, LOOKUP + 1, 2 * LOOKUP])
@pytest.mark.parametrize("out", [0, 1, 2, 700])
def test_opt_outs_are_found_however_many_are_asked_for(asked: int, out: int) -> None:
    """Few numbers are looked up; for many the whole list is read, if that is shorter."""
    phones = [f"+1212555{number:04}" for number in range(asked)]
    left_out = [f"+1212555{number:04}" for number in range(out)]
    OptOut.objects.bulk_create(OptOut(phone=phone) for phone in left_out)
    factories.opt_out("+12125559999", ended_at=timezone.now())
    assert set(opted_out(iter(phones), simulated=True)) == set(phones) & set(left_out)


def test_one_that_ended_may_be_texted() -> None:
    factories.opt_out(factories.phone(0), ended_at=timezone.now())
    assert opted_out([factories.phone(0)], simulated=True) == {}


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (OptOut.Kind.OPT_OUT, "opted_out"),
        (OptOut.Kind.SUPPRESSED, "suppressed"),
        (OptOut.Kind.PENDING, "may_have_opted_out"),
    ],
)
def test_each_kind_has_its_own_reason(kind: str, reason: str) -> None:
    factories.opt_out(factories.phone(0), kind=kind)
    assert opted_out([factories.phone(0), factories.phone(1)], simulated=True) == {factories.phone(0): reason}


def test_of_two_reasons_the_firmer_one_is_named() -> None:
    """In a rehearsal a number can have a real opt-out and a simulated one."""
    for kinds in (
        (OptOut.Kind.OPT_OUT, OptOut.Kind.PENDING),
        (OptOut.Kind.PENDING, OptOut.Kind.OPT_OUT),
    ):
        OptOut.objects.all().delete()
        factories.opt_out(factories.phone(0), kind=kinds[0])
        factories.opt_out(factories.phone(0), kind=kinds[1], simulated=True)
        assert opted_out([factories.phone(0)], simulated=True) == {factories.phone(0): "opted_out"}


def test_what_the_simulated_carrier_said_counts_in_a_rehearsal_alone() -> None:
    factories.opt_out(factories.phone(0), simulated=True)
    factories.opt_out(factories.phone(1))
    both = [factories.phone(0), factories.phone(1)]
    assert set(opted_out(both, simulated=True)) == set(both)
    assert set(opted_out(both, simulated=False)) == {factories.phone(1)}
