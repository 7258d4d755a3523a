"""What is wrong with a template, said before a text is made from it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from campaigns.intake.columns import RESERVED, field_name

MAX_TEMPLATE_CHARACTERS = 10_000
FILTERS = ("upper", "lower", "title", "capitalize", "trim")


class TemplateCode(StrEnum):
    UNKNOWN_FIELD = "unknown_field"
    EMPTY_FIELD = "empty_field"
    UNCLOSED = "unclosed"
    CURLY_QUOTES = "curly_quotes"
    UNQUOTED = "unquoted"
    FILTER = "filter"
    NOT_ALLOWED = "not_allowed"
    UNREADABLE = "unreadable"
    TOO_LONG = "too_long"
    OTHER_STYLE = "other_style"


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    code: TemplateCode
    sentence: str
    field: str = ""
    """The field as typed, where the problem is about one."""
    suggestion: str = ""
    """What to write instead of `found`, if that is known."""
    found: str = ""
    """The part of the template that is meant."""
    line: int | None = None
    """Counted from 1."""

    @property
    def warning(self) -> bool:
        """The text can be sent; it may not read as meant."""
        return self.code is TemplateCode.OTHER_STYLE


@dataclass(frozen=True, slots=True)
class Use:
    """One `{{ … }}` that was understood."""

    names: tuple[str, ...]
    """The fields, tried from left to right until one is filled."""
    default: str | None
    """The words that stand in if all are empty."""
    filtered: bool
    span: tuple[int, int]


_NAME = r"[^\W\d]\w*"
_TEXT = r'"[^"\\\n]*"|\'[^\'\\\n]*\''
_FILTERED = rf"{_NAME}(?:\s*\|\s*{_NAME})*"
_PLACEHOLDER = re.compile(
    rf"\{{\{{\s*(?P<fields>{_FILTERED}(?:\s+or\s+{_FILTERED})*)(?P<default>\s+or\s*(?:{_TEXT}))?\s*\}}\}}"
)
_DEFAULT_FILTER = re.compile(rf"\s*({_NAME})\s*\|\s*(?:default|d|fallback)\s*[:(]?\s*({_TEXT})\s*\)?\s*")
_WORDS = re.compile(r"\w(?:[\w \-]*\w)?")
_OPENING = re.compile(r"\{\{|\{%|\{#")
_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}
_STRAIGHT = str.maketrans("“”„‟‘’‚‛", '"' * 4 + "'" * 4)
_OTHER_STYLES = re.compile(
    r"\$?\{(?P<brace>[^{}\n]{1,60})\}|\(\((?P<round>[^()\n]{1,60})\)\)|\*\|(?P<stars>[^|\n]{1,60})\|\*"
    r"|\[\[?(?P<square>[^\[\]\n]{1,60})\]\]?|%%?(?P<percent>[^%\s][^%\n]{0,58})%%?|<<?(?P<angle>[^<>\n]{1,60})>>?"
)
_MERGE_ONLY = frozenset({"brace", "round", "stars"})
"""Brackets that nobody uses in a text except to merge a field; the others must hold the name of one."""
_EXAMPLE = '{{ first_name or "there" }}'
_LISTED = 8


def check(template: str, field_names: Sequence[str]) -> tuple[list[TemplateProblem], list[Use]]:
    """All problems in the order of the text, and the placeholders that were understood."""
    if len(template) > MAX_TEMPLATE_CHARACTERS:
        sentence = f"The text has {len(template):,} characters; the most is {MAX_TEMPLATE_CHARACTERS:,}."
        return [TemplateProblem(TemplateCode.TOO_LONG, sentence)], []
    checker = _Checker(template, tuple(name for name in field_names if name not in RESERVED))
    checker.run()
    return checker.problems, checker.uses


def unreadable(line: int | None) -> TemplateProblem:
    """For what only the renderer itself refuses."""
    sentence = f"A placeholder in this text cannot be read. Write it as {_EXAMPLE}."
    return TemplateProblem(TemplateCode.UNREADABLE, sentence, line=line)


class _Checker:
    def __init__(self, template: str, fields: tuple[str, ...]) -> None:
        self.template = template
        self.fields = fields
        self.problems: list[TemplateProblem] = []
        self.uses: list[Use] = []

    def run(self) -> None:
        place = 0
        while opening := _OPENING.search(self.template, place):
            self._other_styles(place, opening.start())
            found = _PLACEHOLDER.match(self.template, opening.start())
            if found:
                self._understood(found)
                place = found.end()
            else:
                place = self._misunderstood(opening)
        self._other_styles(place, len(self.template))

    def _add(
        self, code: TemplateCode, sentence: str, place: int, found: str, field: str = "", suggestion: str = ""
    ) -> None:
        line = self.template.count("\n", 0, place) + 1
        self.problems.append(TemplateProblem(code, sentence, field, suggestion, found, line))

    def _understood(self, found: re.Match[str]) -> None:
        names = []
        for position, operand in enumerate(re.split(r"\s+or\s+", found["fields"])):
            name, *filters = (part.strip() for part in operand.split("|"))
            names.append(name)
            if name not in self.fields:
                self._unknown(found, name, is_fallback=position > 0)
            for wrong in (each for each in filters if each not in FILTERS):
                sentence = (
                    f'"{wrong}" cannot stand after the | sign. You can use {", ".join(FILTERS)}. '
                    f"To fill in for an empty field, write {_EXAMPLE}."
                )
                self._add(TemplateCode.FILTER, sentence, found.start(), found[0], field=name)
        default = found["default"] and found["default"].strip()[2:].strip()[1:-1]
        self.uses.append(Use(tuple(names), default, "|" in found["fields"], found.span()))

    def _unknown(self, found: re.Match[str], name: str, *, is_fallback: bool) -> None:
        nearest = self._nearest(name, 0.6)
        if is_fallback and not nearest:
            before = re.split(r"\s+or\s+", found["fields"])[0]
            suggestion = f'{{{{ {before} or "{name}" }}}}'
            sentence = f"Put the words for an empty field in quotation marks: {suggestion}"
            self._add(TemplateCode.UNQUOTED, sentence, found.start(), found[0], name, suggestion)
            return
        self._add_unknown(found.start(), found[0], name, nearest)

    def _add_unknown(self, place: int, found: str, typed: str, nearest: str) -> None:
        suggestion = f"{{{{ {nearest} }}}}" if nearest else ""
        hint = f"Did you mean {suggestion}?" if nearest else self._field_list()
        sentence = f"There is no column for {{{{ {typed} }}}}. {hint}"
        self._add(TemplateCode.UNKNOWN_FIELD, sentence, place, found, typed, suggestion)

    def _field_list(self) -> str:
        if not self.fields:
            return "This list has no columns to use."
        listed = ", ".join(f"{{{{ {name} }}}}" for name in self.fields[:_LISTED])
        more = len(self.fields) - _LISTED
        return f"You can use {listed}" + (f" and {more} more." if more > 0 else ".")

    def _nearest(self, typed: str, cutoff: float) -> str:
        """The field that was most likely meant, or ""."""
        name = field_name(typed)
        if not name or name in self.fields:
            return name
        if close := difflib.get_close_matches(name, self.fields, n=1, cutoff=cutoff):
            return close[0]
        parts = [
            field
            for field in self.fields
            if len(min(name, field, key=len)) > 3 and (name in field or field in name)
        ]
        return parts[0] if len(parts) == 1 else ""

    def _misunderstood(self, opening: re.Match[str]) -> int:
        """Adds the problem; returns where the search goes on."""
        start, sign = opening.start(), opening[0]
        end = self.template.find(_CLOSING[sign], start + 2)
        if sign != "{{":
            sentence = f'"{sign}" begins a command, and commands cannot be used in a text. Take it out.'
            self._add(TemplateCode.NOT_ALLOWED, sentence, start, sign)
            return end + 2 if end >= 0 else start + 2
        again = self.template.find("{{", start + 3)
        if end < 0 or 0 <= again < end:
            sentence = 'A placeholder starts with "{{" but has no "}}" after it.'
            self._add(
                TemplateCode.UNCLOSED, sentence, start, self.template[start : start + 40].split("\n")[0]
            )
            return start + 2
        self._diagnose(start, self.template[start : end + 2])
        return end + 2

    def _diagnose(self, start: int, found: str) -> None:
        inner = found[2:-2].strip()
        straight = found.translate(_STRAIGHT)
        if not inner:
            sentence = f"There is no field between {{{{ and }}}}. {self._field_list()}"
            self._add(TemplateCode.EMPTY_FIELD, sentence, start, found)
        elif straight != found and _PLACEHOLDER.fullmatch(straight):
            sentence = f"Use straight quotation marks inside a placeholder: {straight}"
            self._add(TemplateCode.CURLY_QUOTES, sentence, start, found, suggestion=straight)
        elif filtered := _DEFAULT_FILTER.fullmatch(inner):
            suggestion = f"{{{{ {filtered[1]} or {filtered[2]} }}}}"
            sentence = f"To fill in for an empty field, write {suggestion}"
            self._add(TemplateCode.FILTER, sentence, start, found, filtered[1], suggestion)
        elif (name := field_name(inner)) in self.fields and not _WORDS.fullmatch(inner):
            suggestion = f"{{{{ {name} }}}}"
            sentence = f"{_shortened(found)} cannot be used. Did you mean {suggestion}?"
            self._add(TemplateCode.NOT_ALLOWED, sentence, start, found, name, suggestion)
        elif _WORDS.fullmatch(inner):
            self._add_unknown(start, found, inner, self._nearest(inner, 0.6))
        else:
            sentence = (
                f"{_shortened(found)} cannot be used. A placeholder holds a field name, as in {_EXAMPLE}."
            )
            self._add(TemplateCode.NOT_ALLOWED, sentence, start, found)

    def _other_styles(self, start: int, end: int) -> None:
        for found in _OTHER_STYLES.finditer(self.template, start, end):
            kind = str(found.lastgroup)
            typed = found[kind].strip()
            nearest = self._nearest(typed, 0.8)
            if nearest not in self.fields:
                nearest = ""
            if not nearest and not (kind in _MERGE_ONLY and field_name(typed)):
                continue
            suggestion = f"{{{{ {nearest} }}}}" if nearest else ""
            hint = f"did you mean {suggestion}?" if nearest else "fields are written as {{ first_name }}."
            sentence = f"{found[0]} will be sent as written; {hint}"
            self._add(TemplateCode.OTHER_STYLE, sentence, found.start(), found[0], typed, suggestion)


def _shortened(found: str) -> str:
    return found if len(found) <= 60 else f"{found[:56]} …}}}}"
