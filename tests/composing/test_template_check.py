"""What people write wrong in a template, and what they are told."""

import pytest

from campaigns.composing.field_spelling import MAX_GUESSES, Spelling
from campaigns.composing.personalise import Personaliser
from campaigns.composing.template_check import (
    MAX_FIELDS,
    MAX_NAMED,
    MAX_TEMPLATE_CHARACTERS,
    TemplateCode,
)
from campaigns.labels.texts import describe_problem

FIELDS = ("phone", "first_name", "last_name", "code", "last_visit")


@pytest.mark.parametrize(
    ("template", "code", "suggestion"),
    [
        ("{{ frist_name }}", TemplateCode.UNKNOWN_FIELD, "{{ first_name }}"),
        ("{{ firstname }}", TemplateCode.UNKNOWN_FIELD, "{{ first_name }}"),
        ("{{ First_Name }}", TemplateCode.UNKNOWN_FIELD, "{{ first_name }}"),
        ("{{ First Name }}", TemplateCode.UNKNOWN_FIELD, "{{ first_name }}"),
        ("{{ first-name }}", TemplateCode.UNKNOWN_FIELD, "{{ first_name }}"),
        ("{{ visit }}", TemplateCode.UNKNOWN_FIELD, "{{ last_visit }}"),
        ("{{ company }}", TemplateCode.UNKNOWN_FIELD, ""),
        ("{{ true }}", TemplateCode.UNKNOWN_FIELD, ""),
        ("{{ 2nd name }}", TemplateCode.UNKNOWN_FIELD, ""),
        ("{{ frist_name or 'x' }}", TemplateCode.UNKNOWN_FIELD, "{{ first_name }}"),
        ("{{ first_name or there }}", TemplateCode.UNQUOTED, '{{ first_name or "there" }}'),
        ("{{ first_name|title or there }}", TemplateCode.UNQUOTED, '{{ first_name|title or "there" }}'),
        ("{{ first_name or “there” }}", TemplateCode.CURLY_QUOTES, '{{ first_name or "there" }}'),
        ("{{ first_name or ‘there’ }}", TemplateCode.CURLY_QUOTES, "{{ first_name or 'there' }}"),
        ('{{ first_name|default("there") }}', TemplateCode.DEFAULT_FILTER, '{{ first_name or "there" }}'),
        ("{{ first_name|default:'there' }}", TemplateCode.DEFAULT_FILTER, "{{ first_name or 'there' }}"),
        ("{{ first_name|there }}", TemplateCode.UNKNOWN_FILTER, ""),
        ("{{ first_name|safe|e }}", TemplateCode.UNKNOWN_FILTER, ""),
        ("{{ }}", TemplateCode.EMPTY_FIELD, ""),
        ("{{}}", TemplateCode.EMPTY_FIELD, ""),
        ("Hi {{ first_name", TemplateCode.UNCLOSED, ""),
        ("Hi {{ first_name }", TemplateCode.UNCLOSED, ""),
        ("Hi {{ first_name, {{ code }}", TemplateCode.UNCLOSED, ""),
        ("{{ first_name.__class__ }}", TemplateCode.NOT_ALLOWED, ""),
        ("{{ first_name['x'] }}", TemplateCode.NOT_ALLOWED, ""),
        ("{{ first_name[0] }}", TemplateCode.NOT_ALLOWED, ""),
        ("{{ range(10) }}", TemplateCode.NOT_ALLOWED, ""),
        ("{{ first_name() }}", TemplateCode.NOT_ALLOWED, "{{ first_name }}"),
        ("{{- first_name -}}", TemplateCode.NOT_ALLOWED, "{{ first_name }}"),
        ("{{{ first_name }}}", TemplateCode.NOT_ALLOWED, "{{ first_name }}"),
        ("{{ 7*7 }}", TemplateCode.NOT_ALLOWED, ""),
        ('{{ "text" }}', TemplateCode.NOT_ALLOWED, ""),
        ('{{ first_name or "a\\"b" }}', TemplateCode.NOT_ALLOWED, ""),
        ('{{ first_name if code else "x" }}', TemplateCode.NOT_ALLOWED, ""),
        ("{{ first_name ~ code }}", TemplateCode.NOT_ALLOWED, ""),
        ("{% if first_name %}", TemplateCode.COMMAND, ""),
        ("{% include 'x' %}", TemplateCode.COMMAND, ""),
        ("only {%50 off", TemplateCode.COMMAND, ""),
        ("{# a note #}", TemplateCode.COMMAND, ""),
        ("x" * (MAX_TEMPLATE_CHARACTERS + 1), TemplateCode.TOO_LONG, ""),
    ],
)
def test_blocks_and_says_what_to_write(template: str, code: TemplateCode, suggestion: str) -> None:
    personaliser = Personaliser(template, FIELDS)
    first = personaliser.problems[0]
    assert (first.code, first.suggestion) == (code, suggestion)
    assert personaliser.blocked
    assert suggestion in describe_problem(first)
    assert not suggestion or not Personaliser(suggestion, FIELDS).blocked


@pytest.mark.parametrize(
    ("template", "suggestion"),
    [
        ("Hi {first_name}", "{{ first_name }}"),
        ("Hi ${first_name}", "{{ first_name }}"),
        ("Hi [first_name]", "{{ first_name }}"),
        ("Hi [First Name]", "{{ first_name }}"),
        ("Hi [[first_name]]", "{{ first_name }}"),
        ("Hi ((first_name))", "{{ first_name }}"),
        ("Hi %first_name%", "{{ first_name }}"),
        ("Hi %%first_name%%", "{{ first_name }}"),
        ("Hi <first name>", "{{ first_name }}"),
        ("Hi *|FIRST_NAME|*", "{{ first_name }}"),
        ("Hi {company}", ""),
        ("Hi ((under18??text))", ""),
    ],
)
def test_other_styles_are_noticed_but_block_nothing(template: str, suggestion: str) -> None:
    personaliser = Personaliser(template, FIELDS)
    assert [(each.code, each.suggestion) for each in personaliser.problems] == [
        (TemplateCode.OTHER_STYLE, suggestion)
    ]
    assert "will be sent as written" in describe_problem(personaliser.problems[0])
    assert not personaliser.blocked


@pytest.mark.parametrize(
    "template",
    [
        "50% off today, 20% off tomorrow",
        "Sale [today only] :) (yes (really))",
        "5 < 6 > 4, {} or } or {, }}",
        "Reply STOP to end %s",
        "{{ first_name }} {{ code }}",
    ],
)
def test_ordinary_signs_raise_no_warning(template: str) -> None:
    assert Personaliser(template, FIELDS).problems == []


def test_every_problem_is_found_at_once_with_its_line() -> None:
    template = "Hi {{ frist_name }},\n\n{code} {{ company }}\r\n{{ last_visit"
    reported = [(problem.code, problem.line) for problem in Personaliser(template, FIELDS).problems]
    assert reported == [
        (TemplateCode.UNKNOWN_FIELD, 1),
        (TemplateCode.OTHER_STYLE, 3),
        (TemplateCode.UNKNOWN_FIELD, 3),
        (TemplateCode.UNCLOSED, 4),
    ]


def test_lists_the_fields_when_no_name_is_near() -> None:
    many = [f"column_{number}" for number in range(1, 12)]
    sentence = describe_problem(Personaliser("{{ zzz }}", many).problems[0])
    assert "{{ column_1 }}, {{ column_2 }}" in sentence
    assert sentence.endswith("and 3 more.")
    assert "no columns" in describe_problem(Personaliser("{{ zzz }}", []).problems[0])


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("{{ zzz }}", TemplateCode.UNKNOWN_FIELD),
        ("{{", TemplateCode.UNCLOSED),
        ("{%", TemplateCode.COMMAND),
        ("{{ code|e }}", TemplateCode.UNKNOWN_FILTER),
        ("{{ a.b }}", TemplateCode.NOT_ALLOWED),
    ],
)
def test_twenty_mistakes_are_explained_and_the_others_counted(wrong: str, code: TemplateCode) -> None:
    problems = Personaliser(f"{wrong} " * 750, FIELDS).problems
    assert [problem.code for problem in problems] == [code] * MAX_NAMED + [TemplateCode.MORE]
    assert (
        describe_problem(problems[-1])
        == "There are 730 more mistakes. Correct the ones above, and look again."
    )
    assert not problems[-1].warning
    assert [each.code for each in Personaliser(f"{wrong} " * 20, FIELDS).problems] == [code] * MAX_NAMED


def test_things_that_are_sent_as_written_are_counted_apart() -> None:
    personaliser = Personaliser("[code] " * 25 + "{{ zzz }}", FIELDS)
    assert personaliser.blocked
    assert sum(problem.warning for problem in personaliser.problems) == MAX_NAMED + 1
    assert "And 5 more things like these will be sent as written." in [
        describe_problem(each) for each in personaliser.problems
    ]
    assert not Personaliser("[code] " * 25, FIELDS).blocked


def test_a_placeholder_tries_twenty_fields_at_most() -> None:
    assert not Personaliser("{{ code" + " or code" * (MAX_FIELDS - 1) + " }}", FIELDS).problems
    (problem,) = Personaliser("{{ code" + " or code" * MAX_FIELDS + " }}", FIELDS).problems
    assert (problem.code, problem.typed) == (TemplateCode.TOO_MANY_FIELDS, "")
    assert "up to 20 fields; this one has 21." in describe_problem(problem)


@pytest.mark.parametrize(
    "template",
    [
        "{{ " + "x" * 5_000 + " }}",
        "{{ code|" + "x" * 5_000 + " }}",
        "{{ code or " + "x" * 5_000 + " }}",
        "{{ code or “" + "x" * 5_000 + "” }}",
        "{{ code|default('" + "x" * 5_000 + "') }}",
        "{{ " + "x." * 2_500 + " }}",
    ],
)
def test_a_sentence_does_not_repeat_a_whole_page(template: str) -> None:
    for fields in (FIELDS, ["y" * 5_000] * 200):
        assert (
            max(len(describe_problem(problem)) for problem in Personaliser(template, fields).problems) < 1_000
        )


def test_names_are_guessed_for_the_first_mistakes_and_found_for_all() -> None:
    spelling = Spelling(FIELDS)
    assert spelling.nearest("frist_name", 0.6) == "first_name"
    for number in range(MAX_GUESSES):
        spelling.nearest(f"zzz{number}", 0.6)
    assert spelling.nearest("lst_name", 0.6) == ""
    assert spelling.nearest("Last Name", 0.6) == "last_name"
    assert spelling.nearest("frist_name", 0.6) == "first_name"
