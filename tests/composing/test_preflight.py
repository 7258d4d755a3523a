"""Every check before a launch, and what a text looks like while it is typed."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from campaigns.composing.checks import SenderProblem, Terms
from campaigns.composing.preflight import Preflight, Preview, SegmentLine, preflight, preview
from campaigns.labels.findings import describe_finding
from campaigns.models import Campaign, ContactList, ImportRow
from tests.support import factories

pytestmark = pytest.mark.django_db

TERMS = Terms(label="(650) 555-0100", price=Decimal("0.01"), rate=60.0)


def named(*names: str, bad: tuple[dict[str, Any], ...] = ()) -> ContactList:
    """A list whose people have these first names, from row 2 on."""
    contacts = factories.contact_list(people=len(names), bad=bad)
    for row, name in zip(ImportRow.objects.filter(outcome="usable").order_by("id"), names, strict=True):
        row.cells = json.dumps([row.phone, name])
        row.save()
    return contacts


def checked(text: str, *names: str, terms: Terms = TERMS, **fields: Any) -> Preflight:
    bad = fields.pop("bad", ())
    campaign = Campaign(
        name="Spring sale", contact_list=named(*names, bad=bad) if names or bad else None, text=text,
        **({"sender": "+16505550100"} | fields),
    )  # fmt: skip
    return preflight(campaign, terms)


def stops(result: Preflight) -> list[str]:
    return [finding.code for finding in result.findings if finding.level == "stop"]


def test_a_draft_without_a_fault() -> None:
    result = checked("Hi {{ first_name }}", "Ann", "Ben")
    assert result.ready
    assert [(finding.level, finding.code) for finding in result.findings] == [("good", "everybody")]
    assert describe_finding(result.findings[0]).title == "2 people from “Texas stores”"
    assert (result.rows, result.texts, result.segments) == (2, 2, 2)
    assert (result.cost, result.rate, result.minutes) == (Decimal("0.02"), 60.0, 2 / 60)


def test_the_numbers_add_up_to_the_file() -> None:
    bad = (
        factories.bad_row(9, "nonsense", "letters"),
        factories.bad_row(10, factories.phone(0), "repeated"),
        factories.bad_row(11, "", "empty"),
    )
    factories.opt_out(factories.phone(1))
    result = checked("Hi {{ first_name }}", "Ann", "Ben", "Cy", bad=bad)
    assert (result.rows, result.texts, result.duplicates, result.invalid, result.excluded) == (6, 2, 1, 2, 1)
    assert result.rows == result.texts + result.duplicates + result.invalid + result.excluded
    assert result.excluded_opted_out == 1
    assert describe_finding(result.findings[0]).detail == (
        "4 of the 6 rows are left out: 1 opted out, 1 repeated, 2 without a usable number."
    )
    assert result.segments == 2, "who opted out costs nothing"


RINGCENTRAL = replace(TERMS, reach=frozenset({"US", "CA"}))
ABROAD = ("+442079460000", "+18765550100", "+442079460001")


def abroad(*phones: str, people: int) -> Campaign:
    contacts = factories.contact_list(people=people)
    factories.give_phones(contacts, *phones)
    return Campaign(name="Spring sale", contact_list=contacts, text="Hi", sender="+16505550100")


def test_who_cannot_be_reached_is_named_by_country_and_neither_counted_nor_priced() -> None:
    factories.opt_out(ABROAD[2])
    result = preflight(abroad(*ABROAD, people=5), RINGCENTRAL)
    assert (result.rows, result.texts, result.invalid, result.excluded) == (5, 2, 2, 1)
    assert (result.segments, result.cost, result.minutes) == (2, Decimal("0.02"), 2 / 60)
    assert result.ready
    who, far = result.findings
    assert describe_finding(who).detail == (
        "3 of the 5 rows are left out: 1 opted out, 2 in a country that the account cannot text."
    )
    assert (far.level, far.code) == ("look", "unreached")
    assert describe_finding(far).title == "2 people are in a country that the account cannot text"
    assert describe_finding(far).detail.startswith("Jamaica 1, United Kingdom 1.")


def test_an_account_without_a_known_limit_reaches_everybody() -> None:
    result = preflight(abroad(*ABROAD, people=3), TERMS)
    assert (result.texts, result.segments, len(result.findings)) == (3, 3, 1)


def test_a_list_that_is_abroad_whole_cannot_be_sent() -> None:
    result = preflight(abroad(*ABROAD, people=3), RINGCENTRAL)
    assert (result.texts, result.segments, result.cost) == (0, 0, None)
    assert stops(result) == ["nobody"]


def test_numbers_that_are_hardly_a_persons_are_pointed_out() -> None:
    result = preflight(abroad("+18885550123", "+19005550123", people=3), RINGCENTRAL)
    assert result.texts == 3
    special = next(finding for finding in result.findings if finding.code == "special")
    assert (special.level, describe_finding(special).title) == ("look", "2 numbers are hardly a person’s")
    assert describe_finding(special).detail.endswith("toll-free 1, premium-rate 1.")


def test_the_preview_prices_only_whom_the_account_reaches() -> None:
    contacts = abroad(*ABROAD, people=5).contact_list
    shown = preview(contacts, "Hi", price=Decimal("0.01"), reach=RINGCENTRAL.reach)
    assert (shown.count, shown.total_segments, shown.total_cost, shown.exact) == (2, 2, Decimal("0.02"), True)
    assert shown.phone == factories.phone(3)


def test_the_cost_is_exact_over_every_row() -> None:
    result = checked("{{ first_name }}", "x" * 160, "x" * 161, "x" * 307, "\N{PARTY POPPER}" * 36)
    assert result.histogram == [
        SegmentLine(1, 1, Decimal("0.01")),
        SegmentLine(2, 2, Decimal("0.04")),
        SegmentLine(3, 1, Decimal("0.03")),
    ]
    assert (result.segments, result.cost) == (8, Decimal("0.08"))


def test_without_a_price_the_cost_is_unknown_and_never_nothing() -> None:
    result = checked("Hi", "Ann", terms=Terms(label="x", price=None, rate=60.0))
    assert result.cost is None
    assert [line.cost for line in result.histogram] == [None]
    assert result.ready


@pytest.mark.parametrize(
    ("text", "names", "fields", "codes"),
    [
        ("Hi", [], {}, ["no_list"]),
        ("", ["Ann"], {}, ["no_text"]),
        ("  ", ["Ann"], {}, ["no_text"]),
        ("Hi {{ frist_name }}", ["Ann"], {}, ["text"]),
        ("Hi", ["Ann"], {"sender": ""}, ["no_sender"]),
        ("{{ first_name }}", ["y" * 1001, "x" * 1001], {}, ["too_long"]),
        ("{{ first_name }}", ["Ann", ""], {}, ["empty_texts"]),
        ("", ["Ann"], {"sender": ""}, ["no_sender", "no_text"]),
    ],
)
def test_what_stops_a_launch(text: str, names: list[str], fields: dict[str, Any], codes: list[str]) -> None:
    result = checked(text, *names, **fields)
    assert stops(result) == codes
    assert not result.ready
    described = [describe_finding(finding) for finding in result.findings]
    assert all(words.title and words.detail for words in described)


def test_a_number_that_cannot_send_stops_it_with_why() -> None:
    terms = Terms(
        label="(650) 555-0199", price=None, rate=60.0, problem=SenderProblem.NOT_ENABLED, provider="ACME"
    )
    result = checked("Hi", "Ann", terms=terms)
    assert stops(result) == ["sender"]
    finding = next(finding for finding in result.findings if finding.level == "stop")
    words = describe_finding(finding)
    assert words.title == "(650) 555-0199 cannot send this"
    assert "Ask ACME to enable it" in words.detail


def test_nobody_left_stops_it() -> None:
    factories.opt_out(factories.phone(0))
    result = checked("Hi", "Ann")
    assert stops(result) == ["nobody"]
    assert result.texts == 0
    assert "Nobody in" in describe_finding(result.findings[0]).title


def test_a_list_without_anybody_stops_it() -> None:
    result = checked("Hi", bad=(factories.bad_row(2, "x", "letters"),))
    assert stops(result) == ["no_numbers"]


def test_gaps_are_said_with_what_to_do() -> None:
    result = checked("Hi {{ first_name }}!", "Ann", "", "  ")
    finding = next(finding for finding in result.findings if finding.code == "empty_fields")
    assert (finding.level, describe_finding(finding).title) == ("look", "2 people have nothing in first_name")
    assert '{{ first_name or "…" }}' in describe_finding(finding).detail
    assert result.ready, "it may be meant"


def test_long_texts_are_named_by_their_rows() -> None:
    result = checked("{{ first_name }}", "x" * 1001, "Ann", "x" * 1200)
    finding = next(finding for finding in result.findings if finding.code == "some_too_long")
    assert describe_finding(finding).title == "2 texts are longer than 1,000 characters"
    assert "2, 4" in describe_finding(finding).detail
    assert (finding.level, result.ready) == ("look", True), "two cells do not stop the others"


def test_who_cannot_be_sent_so_much_is_counted_as_left_out() -> None:
    result = checked("{{ first_name }}", "x" * 1001, "Ann", "x" * 1200)
    assert (result.rows, result.texts, result.invalid, result.segments) == (3, 1, 2, 1)
    assert [(line.segments, line.people) for line in result.histogram] == [(1, 1)]
    who = next(finding for finding in result.findings if finding.code == "some_left_out")
    assert "2 of the 3 rows are left out: 2 with a text that is too long." in describe_finding(who).detail


def test_who_opted_out_is_not_looked_at() -> None:
    """A text that is too long for somebody who gets none stops nothing."""
    factories.opt_out(factories.phone(0))
    assert checked("{{ first_name }}", "x" * 1001, "Ann").ready


# --- While typing -----------------------------------------------------------------------------------------


def shown(text: str, *names: str, **choice: Any) -> Preview:
    return preview(named(*names), text, **choice)


def test_a_real_recipient_s_text() -> None:
    result = shown("Hi {{ first_name }}, 20% off", "Ann", "Ben", price=Decimal("0.01"))
    assert (result.text, result.row, result.phone) == ("Hi Ann, 20% off", 2, factories.phone(0))
    assert (result.position, result.count, result.exact) == (0, 2, True)
    assert (result.encoding, result.units, result.segments, result.room) == ("GSM-7", 15, 1, 145)
    assert (result.total_segments, result.total_cost) == (2, Decimal("0.02"))
    assert result.parts == [("Hi ", False), ("Ann", True), (", 20% off", False)]


@pytest.mark.parametrize(
    ("choice", "row"),
    [
        ({}, 2),
        ({"position": 1}, 3),
        ({"position": 99}, 5),
        ({"position": -3}, 2),
        ({"pick": "longest"}, 4),
        ({"pick": "dearest"}, 3),
        ({"pick": "empty"}, 5),
    ],
)
def test_whose_text_is_shown(choice: dict[str, Any], row: int) -> None:
    result = shown("Hi {{ first_name }}", "Ann", "\N{PARTY POPPER}" * 40, "x" * 120, "", **choice)
    assert result.row == row
    assert result.position == row - 2


def test_a_pick_that_nobody_fits_shows_the_first() -> None:
    assert shown("Hi {{ first_name }}", "Ann", "Ben", pick="empty").row == 2


def test_a_fault_in_the_text_is_said_instead() -> None:
    result = shown("Hi {{ frist_name }}", "Ann")
    assert result.text == ""
    assert [problem.warning for problem in result.problems] == [False]


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_without_a_text_there_is_nothing_to_show(text: str) -> None:
    assert shown(text, "Ann").text == ""
    assert preview(None, "Hi").text == ""


def test_a_list_that_is_not_read_yet_shows_nothing() -> None:
    contacts = factories.contact_list(people=2, state="reading")
    assert preview(contacts, "Hi").text == ""


def test_what_is_in_a_cell_is_never_a_template() -> None:
    result = shown("Hi {{ first_name }}", "{{ phone }}")
    assert result.text == "Hi {{ phone }}"
    assert result.parts == [("Hi ", False), ("{{ phone }}", True)]


def test_gaps_and_long_texts_are_counted_while_typing() -> None:
    result = shown("{{ first_name }}", "x" * 1001, "", "Ann")
    assert result.too_long == 1
    assert result.too_long_rows == (2,)
    assert result.longest == (1001, 2)
    assert [(gap.field, gap.people, gap.rows) for gap in result.empty_fields] == [("first_name", 1, (3,))]


def test_characters_that_make_it_dearer_are_named() -> None:
    result = shown("Don’t miss it, {{ first_name }}", "Ann")
    assert "’" in "".join(str(sign) for sign in result.unusual)
    assert result.encoding == "UCS-2"


@pytest.mark.parametrize(
    ("text", "names", "title"),
    [
        ("Hi", ["Ann"], "1 person from “Texas stores”"),
        ("{{ first_name }}", ["x" * 1001, "Ann"], "1 text is longer than 1,000 characters"),
        ("{{ first_name }}", ["", "Ann"], "1 person would get an empty text"),
        ("Hi {{ first_name }}", ["", "Ann"], "1 person has nothing in first_name"),
    ],
)
def test_one_is_not_many(text: str, names: list[str], title: str) -> None:
    assert title in [describe_finding(finding).title for finding in checked(text, *names).findings]


def test_a_text_that_is_far_too_long_is_shown_up_to_there() -> None:
    contacts = named("x" * 10_000, "Ann")
    result = preview(contacts, "{{ first_name }}" * 400)
    assert (result.too_long, result.too_long_rows) == (2, (2, 3))
    assert sum(len(part) for part, _ in result.parts) <= 2_001
    assert result.parts[0][0].endswith("x…")
    assert (result.sampled, result.exact) == (2, True)


def test_a_text_of_nothing_but_placeholders_is_tried_on_fewer_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.composing.personalise.MAX_PREVIEW_PIECES", 700)
    contacts = named(*["Ann"] * 20)
    usual, many = preview(contacts, "Hi {{ first_name }}"), preview(contacts, "{{ first_name }}" * 100)
    assert (usual.sampled, usual.exact) == (20, True)
    assert (many.sampled, many.exact) == (7, False)
