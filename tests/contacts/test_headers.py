"""Names of columns."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minijinja import Environment

from campaigns.contacts.headers import (
    MAX_FIELD_NAME,
    MAX_HEADING,
    RESERVED,
    field_name,
    field_names,
    heading_names,
)


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("First Name", "first_name"),
        ("  first - name? ", "first_name"),
        ("E-Mail (work)", "e_mail_work"),
        ("Prénom", "prenom"),
        ("Größe", "grosse"),
        ("__x__y__", "x_y"),
        ("1st visit", "field_1st_visit"),
        ("100%", "field_100"),
        ("Имя", "имя"),
        ("名前", "名前"),
        ("for", "for_field"),
        ("True", "true_field"),
        ("½", "field_1_2"),
        ("☃ %", ""),
        ("नाम" + "\u0300" * 40, "न_म"),
        ("e" + "\u0300\u0316" * 90 + "a", "ea"),  # a run of marks that are not in their order
        ("", ""),
    ],
)
def test_template_name_of_a_heading(heading: str, name: str) -> None:
    assert field_name(heading) == name


def test_long_headings_get_short_names_that_differ() -> None:
    question = "How likely are you to recommend our shop to a friend " * 200
    headings = [f"{question}in May?", f"{question}in June?"]
    first, second = field_names(headings)
    assert first != second
    assert len(first) <= MAX_FIELD_NAME < len(second) + 3
    assert [len(name) <= MAX_HEADING + 3 for name in heading_names(headings)] == [True, True]
    assert heading_names(headings)[0].endswith("…")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=10), max_size=12))
def test_names_are_distinct_and_work_in_a_template(headings: list[str]) -> None:
    names = field_names(headings)
    assert len({name.casefold() for name in names}) == len(headings)
    assert len({name.casefold() for name in heading_names(headings)}) == len(headings)
    engine = Environment()
    for name in names:
        assert name.isidentifier()
        assert name not in RESERVED
        assert engine.render_str(f"{{{{ {name} }}}}", **{name: "cell"}) == "cell"


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_reserved_words_never_name_a_field(word: str) -> None:
    (name,) = field_names([word])
    assert Environment().render_str(f"{{{{ {name} }}}}", **{name: "cell"}) == "cell"
