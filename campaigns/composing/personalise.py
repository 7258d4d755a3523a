"""Render the text for one person from a template and the cells of a row.

Templates are a small, safe part of the Jinja language, which marketing staff know from other tools:
`{{ first_name }}`, `{{ first_name or "there" }}`, `{{ nickname or first_name or "there" }}`, and after a
field one or more of the filters in `FILTERS`, as in `{{ first_name|title or "there" }}`. Anything else is
reported as a problem before a text is rendered. A text is rendered once: cells are never read as templates.
"""

import re
from collections.abc import Iterable, Sequence

from minijinja import Environment, TemplateError

from campaigns.composing import template_check
from campaigns.composing.template_check import TemplateCode, TemplateProblem, Use

__all__ = ["FILTERS", "MAX_TEXT_UNITS", "Personaliser", "TemplateCode", "TemplateProblem", "utf16_units"]

FILTERS = template_check.FILTERS
MAX_TEXT_UNITS = 1000
"""UTF-16 units of a whole text that a provider takes (RingCentral: `text` of at most 1,000 characters)."""

MAX_PREVIEW_PIECES = 100_000
"""Placeholders times rows of a preview: a text of nothing but placeholders is tried on fewer rows."""
_MAX_FROM_CELLS = 20_000
"""Characters that the cells of one row may add to its text. The text is far too long to be sent by then."""
_MAX_CELL = MAX_TEXT_UNITS + 10
_FUEL = 200_000
"""minijinja stops after so many steps; a template of the greatest length takes a tenth of it."""
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


def utf16_units(text: str) -> int:
    return len(text) if text.isascii() else len(text) + len(_ASTRAL.findall(text))


class Personaliser:
    """One template over one list's fields; it renders only without blocking problems.

    `field_names` are in the order of the cells. A cell of blanks counts as empty.
    """

    def __init__(self, template: str, field_names: Sequence[str]) -> None:
        self.template = template.replace("\r\n", "\n")
        self.field_names = tuple(field_names)
        self.problems, self._uses = template_check.check(self.template, self.field_names)
        self._places = {name: place for place, name in enumerate(self.field_names)}
        known = (name for use in self._uses for name in use.names if name in self._places)
        self.fields: tuple[str, ...] = tuple(dict.fromkeys(known))
        self._needed = _needed(self._uses, self._places)
        self._max_cell = max(_MAX_CELL, _MAX_FROM_CELLS // max(1, len(self._uses)))
        self._engine = Environment(
            undefined_behavior="strict",
            fuel=_FUEL,
            auto_escape_callback=_never_escape,
            keep_trailing_newline=True,
            debug=False,
        )
        if not self.blocked:
            self._load()

    @property
    def blocked(self) -> bool:
        """Whether a problem forbids rendering; warnings do not."""
        return any(not problem.warning for problem in self.problems)

    def render(self, cells: Sequence[str]) -> str:
        """The text for one row. Raises ValueError for a blocked template."""
        return self.render_many((cells,))[0]

    def render_many(self, rows: Iterable[Sequence[str]]) -> list[str]:
        """The text for each row; each has at least as many cells as there are field names."""
        if self.blocked:
            message = "A template with problems cannot be rendered."
            raise ValueError(message)
        short = map(self.bounded, rows)
        if any(use.filtered or len(use.names) > 1 for use in self._uses):
            return self._render_by_engine(short)
        return self._render_by_format(short)

    def bounded(self, cells: Sequence[str]) -> Sequence[str]:
        """The cells, cut where one is longer than any text may be.

        A thousand placeholders would repeat a cell of 10,000 characters a thousand times. A text with a cell
        that was cut is still too long to be sent, so nobody gets it.
        """
        limit = self._max_cell
        if max(map(len, cells), default=0) <= limit:
            return cells
        return [cell if len(cell) <= limit else _cut(cell.strip(), limit) for cell in cells]

    def affordable(self, rows: int) -> int:
        """The number of rows, up to `rows`, that can be rendered while somebody waits."""
        return min(rows, MAX_PREVIEW_PIECES // max(1, len(self._uses)))

    def empty_fields(self, cells: Sequence[str]) -> tuple[str, ...]:
        """The fields that leave a gap in this row's text: without a default, and empty or blank here."""
        return tuple(
            name for name, places in self._needed if not any(cells[place].strip() for place in places)
        )

    def _load(self) -> None:
        try:
            self._engine.add_template("text", self.template)
        except TemplateError as error:
            self.problems.append(template_check.unreadable(error.line))

    def _render_by_engine(self, rows: Iterable[Sequence[str]]) -> list[str]:
        slots = [(name, self._places[name]) for name in self.fields]
        render = self._engine.render_template
        return [
            render("text", **{name: "" if (cell := row[place]).isspace() else cell for name, place in slots})
            for row in rows
        ]

    def _render_by_format(self, rows: Iterable[Sequence[str]]) -> list[str]:
        """The same texts at four times the speed, for templates of plain fields and defaults."""
        pieces = []
        slots = []
        end = 0
        for use in self._uses:
            pieces.append(self.template[end : use.span[0]].replace("%", "%%"))
            slots.append((self._places[use.names[0]], use.default or ""))
            end = use.span[1]
        pieces.append(self.template[end:].replace("%", "%%"))
        form = "%s".join(pieces)
        return [
            form
            % tuple(
                [cell if (cell := row[place]) and not cell.isspace() else default for place, default in slots]
            )
            for row in rows
        ]


def _needed(uses: Sequence[Use], places: dict[str, int]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """For each placeholder without a default, its first field and where all its fields stand."""
    required = {
        use.names: (use.names[0], tuple(places[name] for name in use.names if name in places))
        for use in uses
        if use.default is None
    }
    return tuple(required.values())


def _cut(cell: str, limit: int) -> str:
    """`cell` has no blanks around it, so that no filter can trim it to what may be sent."""
    return cell if len(cell) <= limit else f"{cell[: limit - 3]}…"


def _never_escape(name: str) -> None:
    return None
