"""Check a template before a text is rendered from it, with a sentence for each mistake."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from campaigns.composing.field_spelling import Spelling
from campaigns.contacts.headers import RESERVED, field_name

MAX_TEMPLATE_CHARACTERS = 10_000
MAX_NAMED = 20
"""Mistakes, and as many warnings, that are explained one by one; the others are counted."""
MAX_FIELDS = 20
"""Fields that one placeholder may try one after the other."""
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
    MORE = "more"


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    code: TemplateCode
    sentence: str
    field: str = ""
    """The field as typed, where the problem is about one."""
    suggestion: str = ""
    """What to write instead of the excerpt, if that is known."""
    excerpt: str = ""
    """The part of the template that the problem is about."""
    line: int | None = None
    """Counted from 1."""

    @property
    def warning(self) -> bool:
        """The text can be sent; it may not read as meant."""
        return self.code is TemplateCode.OTHER_STYLE


@dataclass(frozen=True, slots=True)
class Use:
    """One valid `{{ … }}`."""

    names: tuple[str, ...]
    """The fields, tried from left to right until one is filled."""
    default: str | None
    """The words that stand in if all are empty."""
    filtered: bool
    span: tuple[int, int]


# Possessive repeats (`*+`) do not backtrack: two that share blanks would try every way to divide them.
_NAME = r"[^\W\d]\w*+"
_TEXT = r'"[^"\\\n]*+"|\'[^\'\\\n]*+\''
_FILTERED = rf"{_NAME}(?:\s*+\|\s*+{_NAME})*+"
_PLACEHOLDER = re.compile(
    rf"\{{\{{\s*+(?P<fields>{_FILTERED}(?:\s++or\s++{_FILTERED})*+)"
    rf"(?P<default>\s++or\s*+(?:{_TEXT}))?+\s*+\}}\}}"
)
_OR = re.compile(r"(?<!\s)\s++or\s++")
_DEFAULT_FILTER = re.compile(
    rf"\s*+({_NAME})\s*+\|\s*+(?:default|d|fallback)\s*+(?:[:(]\s*+)?({_TEXT})\s*+(?:\)\s*+)?"
)
_WORDS = re.compile(r"\w(?:[\w \-]*\w)?")
_OPENING = re.compile(r"\{\{|\{%|\{#")
_CLOSING = {"{%": "%}", "{#": "#}"}
_STRAIGHT = str.maketrans("“”„‟‘’‚‛", '"' * 4 + "'" * 4)
_OTHER_STYLES = re.compile(
    r"\$?\{(?P<brace>[^{}\n]{1,60})\}|\(\((?P<round>[^()\n]{1,60})\)\)|\*\|(?P<stars>[^|\n]{1,60})\|\*"
    r"|\[\[?(?P<square>[^\[\]\n]{1,60})\]\]?|%%?(?P<percent>[^%\s][^%\n]{0,58})%%?|<<?(?P<angle>[^<>\n]{1,60})>>?"
)
_MERGE_ONLY = frozenset({"brace", "round", "stars"})
"""Brackets that nobody uses in a text except to merge a field; the others must hold the name of one."""
_EXAMPLE = '{{ first_name or "there" }}'
_MAX_LISTED = 8
_MAX_SHOWN = 60
"""Characters of what somebody typed that a sentence repeats."""


def check(template: str, field_names: Sequence[str]) -> tuple[list[TemplateProblem], list[Use]]:
    """All problems in the order of the text, and the placeholders that were understood."""
    if len(template) > MAX_TEMPLATE_CHARACTERS:
        sentence = f"The text has {len(template):,} characters; the most is {MAX_TEMPLATE_CHARACTERS:,}."
        return [TemplateProblem(TemplateCode.TOO_LONG, sentence)], []
    checker = Checker(template, tuple(name for name in field_names if name not in RESERVED))
    checker.run()
    return checker.problems, checker.uses


def unreadable(line: int | None) -> TemplateProblem:
    """For what only the renderer itself refuses."""
    sentence = f"A placeholder in this text cannot be read. Write it as {_EXAMPLE}."
    return TemplateProblem(TemplateCode.UNREADABLE, sentence, line=line)


class Checker:
    def __init__(self, template: str, fields: tuple[str, ...]) -> None:
        self.template = template
        self.fields = fields
        self.known = frozenset(fields)
        self.spelling, self.spelling_elsewhere = Spelling(fields), Spelling(fields)
        self.problems: list[TemplateProblem] = []
        self.uses: list[Use] = []
        self.counts = {True: 0, False: 0}
        """How many warnings (True) and other problems (False) there are, named or not."""
        self.unclosed: set[str] = set()
        """Opening signs without a closing one in the rest of the template."""

    def run(self) -> None:
        position = 0
        while opening := _OPENING.search(self.template, position):
            self._other_styles(position, opening.start())
            match = _PLACEHOLDER.match(self.template, opening.start())
            if match:
                self._add_use(match)
                position = match.end()
            else:
                position = self._add_problem(opening)
        self._other_styles(position, len(self.template))
        self._add_more()

    def _add_more(self) -> None:
        if (more := self.counts[False] - MAX_NAMED) > 0:
            sentence = f"There are {more:,} more mistakes. Correct the ones above, and look again."
            self.problems.append(TemplateProblem(TemplateCode.MORE, sentence))
        if (more := self.counts[True] - MAX_NAMED) > 0:
            sentence = f"And {more:,} more things like these will be sent as written."
            self.problems.append(TemplateProblem(TemplateCode.OTHER_STYLE, sentence))

    def _count(self, *, warning: bool = False) -> bool:
        """Count a problem; True while it is still explained one by one."""
        self.counts[warning] += 1
        return self.counts[warning] <= MAX_NAMED

    def _add(
        self,
        code: TemplateCode,
        sentence: str,
        position: int,
        excerpt: str,
        field: str = "",
        suggestion: str = "",
    ) -> None:
        line = self.template.count("\n", 0, position) + 1
        self.problems.append(TemplateProblem(code, sentence, field, suggestion, excerpt, line))

    def _add_use(self, match: re.Match[str]) -> None:
        names: list[str] = []
        operands = _OR.split(match["fields"])
        if len(operands) > MAX_FIELDS:
            if self._count():
                sentence = (
                    f"A placeholder can name up to {MAX_FIELDS} fields; this one has {len(operands):,}."
                )
                self._add(TemplateCode.NOT_ALLOWED, sentence, match.start(), match[0])
            return
        for operand in operands:
            name, *filters = (part.strip() for part in operand.split("|"))
            if name not in self.known and self._count():
                self._unknown(match, name, before=operands[0] if names else "")
            names.append(name)
            for wrong in (each for each in filters if each not in FILTERS and self._count()):
                sentence = (
                    f'"{shorten(wrong)}" cannot stand after the | sign. You can use {", ".join(FILTERS)}. '
                    f"To fill in for an empty field, write {_EXAMPLE}."
                )
                self._add(TemplateCode.FILTER, sentence, match.start(), match[0], field=name)
        default = match["default"] and match["default"].strip()[2:].strip()[1:-1]
        self.uses.append(Use(tuple(names), default, "|" in match["fields"], match.span()))

    def _unknown(self, match: re.Match[str], name: str, *, before: str) -> None:
        """`before`: the first field, if this name stands after an `or`."""
        nearest = self.spelling.nearest(name, 0.6)
        if before and not nearest:
            suggestion = f'{{{{ {shorten(before)} or "{shorten(name)}" }}}}'
            sentence = f"Put the words for an empty field in quotation marks: {suggestion}"
            self._add(TemplateCode.UNQUOTED, sentence, match.start(), match[0], name, suggestion)
            return
        self._add_unknown(match.start(), match[0], name, nearest)

    def _add_unknown(self, position: int, excerpt: str, typed: str, nearest: str) -> None:
        suggestion = f"{{{{ {nearest} }}}}" if nearest else ""
        hint = f"Did you mean {suggestion}?" if nearest else self._field_list()
        sentence = f"There is no column for {{{{ {shorten(typed)} }}}}. {hint}"
        self._add(TemplateCode.UNKNOWN_FIELD, sentence, position, excerpt, typed, suggestion)

    def _field_list(self) -> str:
        if not self.fields:
            return "This list has no columns to use."
        listed = ", ".join(f"{{{{ {shorten(name)} }}}}" for name in self.fields[:_MAX_LISTED])
        more = len(self.fields) - _MAX_LISTED
        return f"You can use {listed}" + (f" and {more} more." if more > 0 else ".")

    def _add_problem(self, opening: re.Match[str]) -> int:
        """Add the problem; returns the position to continue from."""
        start, sign = opening.start(), opening[0]
        if sign != "{{":
            sentence = f'"{sign}" begins a command, and commands cannot be used in a text. Take it out.'
            if self._count():
                self._add(TemplateCode.NOT_ALLOWED, sentence, start, sign)
            return self._after_command(start + 2, sign)
        next_opening = self.template.find("{{", start + 3)
        end = self.template.find(
            "}}", start + 2, len(self.template) if next_opening < 0 else next_opening + 1
        )
        if end < 0:
            sentence = 'A placeholder starts with "{{" but has no "}}" after it.'
            if self._count():
                excerpt = self.template[start : start + 40].split("\n")[0]
                self._add(TemplateCode.UNCLOSED, sentence, start, excerpt)
            return start + 2
        if self._count():
            self._diagnose(start, self.template[start : end + 2])
        return end + 2

    def _after_command(self, start: int, sign: str) -> int:
        end = -1 if sign in self.unclosed else self.template.find(_CLOSING[sign], start)
        if end < 0:
            self.unclosed.add(sign)
        return end + 2 if end >= 0 else start

    def _diagnose(self, start: int, excerpt: str) -> None:
        inner = excerpt[2:-2].strip()
        straight = excerpt.translate(_STRAIGHT)
        if not inner:
            sentence = f"There is no field between {{{{ and }}}}. {self._field_list()}"
            self._add(TemplateCode.EMPTY_FIELD, sentence, start, excerpt)
        elif straight != excerpt and _PLACEHOLDER.fullmatch(straight):
            sentence = f"Use straight quotation marks inside a placeholder: {shorten_excerpt(straight)}"
            self._add(TemplateCode.CURLY_QUOTES, sentence, start, excerpt, suggestion=straight)
        elif filtered := _DEFAULT_FILTER.fullmatch(inner):
            suggestion = f"{{{{ {filtered[1]} or {filtered[2]} }}}}"
            sentence = f"To fill in for an empty field, write {shorten_excerpt(suggestion)}"
            self._add(TemplateCode.FILTER, sentence, start, excerpt, filtered[1], suggestion)
        elif (name := field_name(inner)) in self.known and not _WORDS.fullmatch(inner):
            suggestion = f"{{{{ {name} }}}}"
            sentence = f"{shorten_excerpt(excerpt)} cannot be used. Did you mean {suggestion}?"
            self._add(TemplateCode.NOT_ALLOWED, sentence, start, excerpt, name, suggestion)
        elif _WORDS.fullmatch(inner):
            self._add_unknown(start, excerpt, inner, self.spelling.nearest(inner, 0.6))
        else:
            shown = shorten_excerpt(excerpt)
            sentence = f"{shown} cannot be used. A placeholder holds a field name, as in {_EXAMPLE}."
            self._add(TemplateCode.NOT_ALLOWED, sentence, start, excerpt)

    def _other_styles(self, start: int, end: int) -> None:
        for match in _OTHER_STYLES.finditer(self.template, start, end):
            kind = str(match.lastgroup)
            typed = match[kind].strip()
            nearest = self.spelling_elsewhere.nearest(typed, 0.8)
            if nearest not in self.known:
                nearest = ""
            if not nearest and not (kind in _MERGE_ONLY and field_name(typed)):
                continue
            if not self._count(warning=True):
                continue
            suggestion = f"{{{{ {nearest} }}}}" if nearest else ""
            hint = f"did you mean {suggestion}?" if nearest else "fields are written as {{ first_name }}."
            sentence = f"{match[0]} will be sent as written; {hint}"
            self._add(TemplateCode.OTHER_STYLE, sentence, match.start(), match[0], typed, suggestion)


def shorten_excerpt(excerpt: str) -> str:
    return excerpt if len(excerpt) <= _MAX_SHOWN else f"{excerpt[:56]} …}}}}"


def shorten(typed: str) -> str:
    return typed if len(typed) <= _MAX_SHOWN else f"{typed[: _MAX_SHOWN - 1]}…"
