"""Opt-outs by staff: one or many, and ended again."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from campaigns.models import History, OptOut
from campaigns.opt_outs import manual
from campaigns.opt_outs.lookup import opted_out
from tests.support import factories

pytestmark = pytest.mark.django_db

ANN, BEN, CY = "+12125550101", "+12125550102", "+12125550103"


def in_force() -> set[str]:
    return set(OptOut.objects.filter(ended_at__isnull=True).values_list("phone", flat=True))


@pytest.mark.parametrize(
    "text",
    [
        "2125550101\n2125550102\n2125550103",
        "2125550101, 2125550102, 2125550103",
        "2125550101; (212) 555-0102\n\n\n +1 212 555 0103 ,",
        "\r\n2125550101\r\n2125550102\r\n2125550103\r\n",
        "2125550101,2125550101,212-555-0101\n2125550102\n2125550103\n2125550103",
    ],
)
def test_one_or_many_numbers_in_any_spelling(text: str, composer: User) -> None:
    result = manual.add(text, note="Called us", user=composer)
    assert result.added == [ANN, BEN, CY]
    assert (result.already, result.bad) == ([], [])
    assert in_force() == {ANN, BEN, CY}
    first = OptOut.objects.get(phone=ANN)
    assert (first.note, first.created_by, first.source) == ("Called us", composer, "staff")
    event = History.objects.get(kind="opt_out_added")
    assert (event.actor_id, event.data) == (composer.pk, {"count": 3, "source": "staff"})


def test_bad_ones_are_named_and_good_ones_kept() -> None:
    result = manual.add("2125550101\nnonsense\n123\n2125550102", note="", user=None)
    assert result.added == [ANN, BEN]
    assert [typed for typed, _ in result.bad] == ["nonsense", "123"]
    assert all(why for _, why in result.bad)


@pytest.mark.parametrize("text", ["", "  \n , ; \n", "nonsense"])
def test_nothing_usable_is_no_event(text: str) -> None:
    assert manual.add(text, note="", user=None).added == []
    assert not History.objects.exists()


def test_one_that_is_in_force_is_said_to_be() -> None:
    manual.add(ANN, note="first", user=None)
    result = manual.add(f"{ANN}\n{BEN}", note="second", user=None)
    assert (result.added, result.already) == ([BEN], [ANN])
    assert OptOut.objects.get(phone=ANN).note == "first"


def test_ended_and_entered_again(composer: User) -> None:
    manual.add(ANN, note="", user=None)
    first = OptOut.objects.get()
    assert manual.end(first, user=composer)
    assert not manual.end(first, user=composer), "once"
    assert opted_out([ANN], simulated=True) == {}
    first.refresh_from_db()
    assert (first.ended_by, first.ended_at is not None) == (composer, True)
    assert History.objects.get(kind="opt_out_ended").data == {"opt_out": first.pk}
    assert manual.add(ANN, note="", user=None).added == [ANN]
    assert opted_out([ANN], simulated=True) == {ANN: "opted_out"}
    assert OptOut.objects.count() == 2


def test_a_long_note_is_cut() -> None:
    manual.add(ANN, note="x" * 500, user=None)
    assert len(OptOut.objects.get().note) == 200


def test_thousands_at_once_cost_few_queries(
    django_assert_max_num_queries: pytest.FixtureRequest,
) -> None:
    numbers = [f"+1{212 + place // 1000}555{1000 + place % 1000}" for place in range(3000)]
    with django_assert_max_num_queries(60):  # type: ignore[operator]
        result = manual.add("\n".join(numbers), note="", user=None)
    assert len(result.added) == 3000
    assert in_force() == set(numbers)
    again = manual.add("\n".join(numbers), note="", user=None)
    assert (again.added, len(again.already)) == ([], 3000)


def test_the_list_newest_first_page_by_page() -> None:
    for number in range(5):
        factories.opt_out(factories.phone(number))
    factories.opt_out(ANN, ended_at=timezone.now())
    first = manual.page(limit=2)
    assert [row.phone for row in first] == [factories.phone(4), factories.phone(3)]
    rest = manual.page(before=first[-1].pk)
    assert [row.phone for row in rest] == [factories.phone(2), factories.phone(1), factories.phone(0)]


@pytest.mark.parametrize(
    ("query", "phones"),
    [
        ("2125550101", [ANN]),
        ("(212) 555-0101", [ANN]),
        ("0102", [BEN]),
        ("555-0102", [BEN]),
        ("9999", []),
        ("nobody", []),
        ("", [BEN, ANN]),
        ("   ", [BEN, ANN]),
    ],
)
def test_looking_for_a_number(query: str, phones: list[str]) -> None:
    manual.add(f"{ANN}\n{BEN}", note="", user=None)
    assert [row.phone for row in manual.page(query)] == phones
