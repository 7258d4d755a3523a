"""What staff read about a mistake in the text of a campaign."""

from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from campaigns.composing.template_check import (
    FILTERS,
    MAX_FIELDS,
    MAX_TEMPLATE_CHARACTERS,
    TemplateCode,
    TemplateProblem,
    shorten,
    shorten_excerpt,
)
from campaigns.labels.wording import Sentence, fill

EXAMPLE: Final = '{{ first_name or "there" }}'
MAX_LISTED: Final = 8

TEMPLATE_PROBLEMS: Final[dict[TemplateCode, Sentence]] = {
    TemplateCode.UNKNOWN_FIELD: _("There is no column for {{{{ {typed} }}}}. {fields}"),
    TemplateCode.EMPTY_FIELD: _("There is no field between {{{{ and }}}}. {fields}"),
    TemplateCode.UNCLOSED: _('A placeholder starts with "{{{{" but has no "}}}}" after it.'),
    TemplateCode.CURLY_QUOTES: _("Use straight quotation marks inside a placeholder: {suggestion}"),
    TemplateCode.UNQUOTED: _("Put the words for an empty field in quotation marks: {suggestion}"),
    TemplateCode.UNKNOWN_FILTER: _(
        '"{typed}" cannot stand after the | sign. You can use {filters}. '
        "To fill in for an empty field, write {example}."
    ),
    TemplateCode.DEFAULT_FILTER: _("To fill in for an empty field, write {suggestion}"),
    TemplateCode.TOO_MANY_FIELDS: _(
        "A placeholder can name up to {max_fields} fields; this one has {count:,}."
    ),
    TemplateCode.COMMAND: _(
        '"{excerpt}" begins a command, and commands cannot be used in a text. Take it out.'
    ),
    TemplateCode.NOT_ALLOWED: _(
        "{excerpt} cannot be used. A placeholder holds a field name, as in {example}."
    ),
    TemplateCode.UNREADABLE: _("A placeholder in this text cannot be read. Write it as {example}."),
    TemplateCode.TOO_LONG: _("The text has {count:,} characters; the most is {max_characters:,}."),
    TemplateCode.OTHER_STYLE: _(
        "{excerpt} will be sent as written; fields are written as {{{{ first_name }}}}."
    ),
    TemplateCode.MORE: ngettext_lazy(
        "There is {count:,} more mistake. Correct the ones above, and look again.",
        "There are {count:,} more mistakes. Correct the ones above, and look again.",
        "count",
    ),
    TemplateCode.MORE_OTHER_STYLES: ngettext_lazy(
        "And {count:,} more thing like these will be sent as written.",
        "And {count:,} more things like these will be sent as written.",
        "count",
    ),
}
SUGGESTIONS: Final[dict[TemplateCode, Sentence]] = {
    TemplateCode.UNKNOWN_FIELD: _("There is no column for {{{{ {typed} }}}}. Did you mean {suggestion}?"),
    TemplateCode.NOT_ALLOWED: _("{excerpt} cannot be used. Did you mean {suggestion}?"),
    TemplateCode.OTHER_STYLE: _("{excerpt} will be sent as written; did you mean {suggestion}?"),
}
"""Instead, where it is known what was meant."""
_AS_TYPED: Final = (TemplateCode.CURLY_QUOTES, TemplateCode.DEFAULT_FILTER)
"""Their suggestion repeats what was typed, however long it is."""


def describe_problem(problem: TemplateProblem) -> str:
    suggestion = problem.suggestion
    sentence = SUGGESTIONS.get(problem.code) if suggestion else None
    return fill(
        sentence or TEMPLATE_PROBLEMS[problem.code],
        typed=shorten(problem.typed),
        suggestion=shorten_excerpt(suggestion) if problem.code in _AS_TYPED else suggestion,
        excerpt=shorten_excerpt(problem.excerpt),
        count=problem.count,
        fields=_fields(problem.fields),
        filters=", ".join(FILTERS),
        example=EXAMPLE,
        max_fields=MAX_FIELDS,
        max_characters=MAX_TEMPLATE_CHARACTERS,
    )


def _fields(names: Sequence[str]) -> str:
    if not names:
        return gettext("This list has no columns to use.")
    listed = ", ".join(f"{{{{ {shorten(name)} }}}}" for name in names[:MAX_LISTED])
    more = len(names) - MAX_LISTED
    if more <= 0:
        return gettext("You can use {fields}.").format(fields=listed)
    return gettext("You can use {fields} and {more} more.").format(fields=listed, more=more)
