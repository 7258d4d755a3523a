"""Check a template before a text is rendered from it, with a code for each mistake."""

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
    UNKNOWN_FILTER = "unknown_filter"
    DEFAULT_FILTER = "default_filter"
    TOO_MANY_FIELDS = "too_many_fields"
    COMMAND = "command"
    NOT_ALLOWED = "not_allowed"
    UNREADABLE = "unreadable"
    TOO_LONG = "too_long"
    OTHER_STYLE = "other_style"
    MORE = "more"
    MORE_OTHER_STYLES = "more_other_styles"


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    code: TemplateCode
    typed: str = ""
    """The field or filter as typed, where the problem is about one."""
    suggestion: str = ""
    """What to write instead of the excerpt, if that is known."""
    excerpt: str = ""
    """The part of the template that the problem is about."""
    line: int | None = None
    """Counted from 1."""
    count: int = 0
    """Of characters, fields or further problems, where there are too many."""
    fields: Sequence[str] = ()
    """The fields that can be used, where none is suggested."""

    @property
    def warning(self) -> bool:
        """The text can be sent; it may not read as meant."""
        return self.code in (TemplateCode.OTHER_STYLE, TemplateCode.MORE_OTHER_STYLES)


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
_MAX_SHOWN = 60
"""Characters of what somebody typed that are repeated."""


def check(template: str, field_names: Sequence[str]) -> tuple[list[TemplateProblem], list[Use]]:
    """All problems in the order of the text, and the placeholders that were understood."""
    if len(template) > MAX_TEMPLATE_CHARACTERS:
        return [TemplateProblem(TemplateCode.TOO_LONG, count=len(template))], []
    checker = Checker(template, tuple(name for name in field_names if name not in RESERVED))
    checker.run()
    return checker.problems, checker.uses


def unreadable(line: int | None) -> TemplateProblem:
    """For what only the renderer itself refuses."""
    return TemplateProblem(TemplateCode.UNREADABLE, line=line)


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
            self.problems.append(TemplateProblem(TemplateCode.MORE, count=more))
        if (more := self.counts[True] - MAX_NAMED) > 0:
            self.problems.append(TemplateProblem(TemplateCode.MORE_OTHER_STYLES, count=more))

    def _count(self, *, warning: bool = False) -> bool:
        """Count a problem; True while it is still explained one by one."""
        self.counts[warning] += 1
        return self.counts[warning] <= MAX_NAMED

    def _add(
        self,
        code: TemplateCode,
        position: int,
        excerpt: str,
        typed: str = "",
        suggestion: str = "",
        *,
        count: int = 0,
    ) -> None:
        line = self.template.count("\n", 0, position) + 1
        asks = code in (TemplateCode.UNKNOWN_FIELD, TemplateCode.EMPTY_FIELD) and not suggestion
        fields = self.fields if asks else ()
        self.problems.append(TemplateProblem(code, typed, suggestion, excerpt, line, count, fields))

    def _add_use(self, match: re.Match[str]) -> None:
        names: list[str] = []
        operands = _OR.split(match["fields"])
        if len(operands) > MAX_FIELDS:
            if self._count():
                self._add(TemplateCode.TOO_MANY_FIELDS, match.start(), match[0], count=len(operands))
            return
        for operand in operands:
            name, *filters = (part.strip() for part in operand.split("|"))
            if name not in self.known and self._count():
                self._unknown(match, name, before=operands[0] if names else "")
            names.append(name)
            for wrong in (each for each in filters if each not in FILTERS and self._count()):
                self._add(TemplateCode.UNKNOWN_FILTER, match.start(), match[0], wrong)
        default = match["default"] and match["default"].strip()[2:].strip()[1:-1]
        self.uses.append(Use(tuple(names), default, "|" in match["fields"], match.span()))

    def _unknown(self, match: re.Match[str], name: str, *, before: str) -> None:
        """`before`: the first field, if this name stands after an `or`."""
        nearest = self.spelling.nearest(name, 0.6)
        if before and not nearest:
            suggestion = f'{{{{ {shorten(before)} or "{shorten(name)}" }}}}'
            self._add(TemplateCode.UNQUOTED, match.start(), match[0], name, suggestion)
            return
        self._add_unknown(match.start(), match[0], name, nearest)

    def _add_unknown(self, position: int, excerpt: str, typed: str, nearest: str) -> None:
        suggestion = f"{{{{ {nearest} }}}}" if nearest else ""
        self._add(TemplateCode.UNKNOWN_FIELD, position, excerpt, typed, suggestion)

    def _add_problem(self, opening: re.Match[str]) -> int:
        """Add the problem; returns the position to continue from."""
        start, sign = opening.start(), opening[0]
        if sign != "{{":
            if self._count():
                self._add(TemplateCode.COMMAND, start, sign)
            return self._after_command(start + 2, sign)
        next_opening = self.template.find("{{", start + 3)
        end = self.template.find(
            "}}", start + 2, len(self.template) if next_opening < 0 else next_opening + 1
        )
        if end < 0:
            if self._count():
                excerpt = self.template[start : start + 40].split("\n")[0]
                self._add(TemplateCode.UNCLOSED, start, excerpt)
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
            self._add(TemplateCode.EMPTY_FIELD, start, excerpt)
        elif straight != excerpt and _PLACEHOLDER.fullmatch(straight):
            self._add(TemplateCode.CURLY_QUOTES, start, excerpt, suggestion=straight)
        elif filtered := _DEFAULT_FILTER.fullmatch(inner):
            suggestion = f"{{{{ {filtered[1]} or {filtered[2]} }}}}"
            self._add(TemplateCode.DEFAULT_FILTER, start, excerpt, filtered[1], suggestion)
        elif (name := field_name(inner)) in self.known and not _WORDS.fullmatch(inner):
            self._add(TemplateCode.NOT_ALLOWED, start, excerpt, name, f"{{{{ {name} }}}}")
        elif _WORDS.fullmatch(inner):
            self._add_unknown(start, excerpt, inner, self.spelling.nearest(inner, 0.6))
        else:
            self._add(TemplateCode.NOT_ALLOWED, start, excerpt)

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
            self._add(TemplateCode.OTHER_STYLE, match.start(), match[0], typed, suggestion)


def shorten_excerpt(excerpt: str) -> str:
    return excerpt if len(excerpt) <= _MAX_SHOWN else f"{excerpt[:56]} …}}}}"


def shorten(typed: str) -> str:
    return typed if len(typed) <= _MAX_SHOWN else f"{typed[: _MAX_SHOWN - 1]}…"
