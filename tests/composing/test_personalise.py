"""A template and cells to a text, with minijinja as the judge of the faster way."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minijinja import Environment

from campaigns.composing.personalise import MAX_TEXT_UNITS, Personaliser, utf16_units

FIELDS = ("phone", "first_name", "code", "straße", "names_2")
ANN = ("+16505550100", "Ann", "X7", "Hauptstraße", "b")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hi {{ first_name }}!", "Hi Ann!"),
        ("Hi {{first_name}}!", "Hi Ann!"),
        ("Hi {{  first_name\n }}!", "Hi Ann!"),
        ('Hi {{ first_name or "there" }}!', "Hi Ann!"),
        ("{{ code }}{{ code }} {{ first_name }}", "X7X7 Ann"),
        ("no field, 100% off, 5 % 3, %s {0} }} \\n", "no field, 100% off, 5 % 3, %s {0} }} \\n"),
        ("{{ code }} 100% %s %(x)s", "X7 100% %s %(x)s"),
        ("{{ straße }} {{ names_2 }}", "Hauptstraße b"),
        ("{{ first_name|upper }} {{ first_name | lower }}", "ANN ann"),
        ("{{ code|lower|capitalize }}", "X7"),
        ("a\r\nb\n\n", "a\nb\n\n"),
        ("", ""),
    ],
)
def test_renders(template: str, text: str) -> None:
    personaliser = Personaliser(template, FIELDS)
    assert [problem for problem in personaliser.problems if not problem.warning] == []
    assert personaliser.render(ANN) == text
    assert personaliser.render_many([ANN, ANN]) == [text, text]


@pytest.mark.parametrize("empty", ["", " ", "\u00a0", "\t \n"])
@pytest.mark.parametrize(
    ("template", "text", "missing"),
    [
        ('Hi {{ first_name or "there" }}!', "Hi there!", ()),
        ("Hi {{ first_name or 'you \"there\"' }}!", 'Hi you "there"!', ()),
        ('Hi {{ first_name or "" }}!', "Hi !", ()),
        ('Hi {{ first_name or "100% {x}" }}!', "Hi 100% {x}!", ()),
        ("Hi {{ first_name }}!", "Hi !", ("first_name",)),
        ("Hi {{ first_name }}{{ first_name }} {{ code }}", "Hi  X7", ("first_name",)),
        ("{{ first_name or code }}", "X7", ()),
        ('{{ first_name|title or "friend" }}', "friend", ()),
        ('{{ first_name or phone or "friend" }}', "+16505550100", ()),
        ('{{ first_name }} {{ first_name or "x" }}', " x", ("first_name",)),
    ],
)
def test_an_empty_cell(template: str, text: str, missing: tuple[str, ...], empty: str) -> None:
    cells = ("+16505550100", empty, "X7", "", "")
    personaliser = Personaliser(template, FIELDS)
    assert personaliser.problems == []
    assert personaliser.render(cells) == text
    assert personaliser.empty_fields(cells) == missing


@pytest.mark.parametrize(
    "cell",
    ["{{ code }}", "{% for x in y %}", "{{ 7*7 }}", "%s %(code)s", "{0.__class__}", "${7*7}", "<b>&amp;"],
)
@pytest.mark.parametrize(
    "template", ["{{ first_name }}", "{{ first_name|trim }}", "{{ first_name or code }}"]
)
def test_what_stands_in_a_cell_is_never_read_as_a_template(cell: str, template: str) -> None:
    assert Personaliser(template, FIELDS).render(("+1", cell, "secret", "", "")) == cell


def test_fields_are_those_of_the_text_in_its_order() -> None:
    personaliser = Personaliser('{{ code }} {{ first_name or "x" }} {{ code }}', FIELDS)
    assert personaliser.fields == ("code", "first_name")


def test_a_blocked_template_never_renders() -> None:
    personaliser = Personaliser("{{ unknown }}", FIELDS)
    assert personaliser.blocked
    with pytest.raises(ValueError, match="cannot be rendered"):
        personaliser.render_many([ANN])


def test_a_warning_blocks_nothing() -> None:
    personaliser = Personaliser("Hi {first_name}", FIELDS)
    assert not personaliser.blocked
    assert personaliser.render(ANN) == "Hi {first_name}"


literals = st.text(st.characters(exclude_characters='{}"\\\r\n', exclude_categories=["Cs"]), max_size=12)
placeholders = st.one_of(
    st.sampled_from(FIELDS).map("{{{{ {} }}}}".format),
    st.tuples(st.sampled_from(FIELDS), literals).map(lambda pair: f'{{{{ {pair[0]} or "{pair[1]}" }}}}'),
    st.tuples(st.sampled_from(FIELDS), st.sampled_from(FIELDS)).map(
        "{{{{ {0[0]} or {0[1]}|upper }}}}".format
    ),
)
templates = st.lists(st.one_of(literals, placeholders), max_size=8).map("".join)
cells = st.tuples(*[st.text(st.characters(exclude_categories=["Cs"]), max_size=10) for _ in FIELDS])


@settings(max_examples=300, deadline=None)
@given(templates, cells)
def test_same_texts_as_minijinja(template: str, row: tuple[str, ...]) -> None:
    personaliser = Personaliser(template, FIELDS)
    assert not personaliser.blocked
    engine = Environment(keep_trailing_newline=True, auto_escape_callback=lambda name: None)
    known = {name: "" if cell.isspace() else cell for name, cell in zip(FIELDS, row, strict=True)}
    assert personaliser.render(row) == engine.render_str(template, **known)


@pytest.mark.parametrize(("text", "units"), [("", 0), ("abc", 3), ("né’", 3), ("\U0001f600a", 3)])
def test_units_are_those_of_utf_16(text: str, units: int) -> None:
    assert utf16_units(text) == units == len(text.encode("utf-16-le")) // 2
    assert MAX_TEXT_UNITS == 1000


@pytest.mark.parametrize(
    "placeholder", ["{{ first_name }}", "{{ first_name|trim }}", "{{ code or first_name }}"]
)
@pytest.mark.parametrize("cell", ["x" * 10_000, "x" + " " * 9_998 + "y", "😀" * 10_000])
def test_a_cell_repeated_a_thousand_times_is_cut_and_nobody_gets_it(placeholder: str, cell: str) -> None:
    template = placeholder * 400
    text = Personaliser(template, FIELDS).render(("", cell, "", "", ""))
    assert MAX_TEXT_UNITS * 400 < utf16_units(text) < 2_500 * 400
    alone = Personaliser(placeholder, FIELDS).render(("", cell, "", "", ""))
    assert alone == cell


def test_a_long_cell_that_is_not_used_changes_nothing() -> None:
    row = ("", "Ann", "", "x" * 10_000, "")
    assert Personaliser('{{ first_name or straße or "x" }}' * 100, FIELDS).render(row) == "Ann" * 100
