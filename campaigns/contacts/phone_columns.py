"""Which column holds the phone numbers to text: from the headings first, with the cells as a second witness.

A column whose heading is better than every other's is taken. A few bad cells never decide. What two columns
may claim is a question for a person, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from campaigns.contacts.phone import PhoneProblem, normalise_many
from campaigns.contacts.phone_headers import Level, Meaning, meaning

FIRST_ROWS = 500
"""Rows that are enough where only one column can hold phones."""
MOST_ROWS = 2000
"""Rows looked at otherwise, spread over the whole file: a column may be filled only further down."""
SAMPLES = 3
_TELLING_SHARE = 0.5
"""Of the filled cells of a column, how many must look like phones when its heading does not say so."""
_DIGITS = 7
"""A cell with fewer is no attempt at a phone number, unless a spreadsheet has shortened it."""
_READ = 50
"""Attempts of each column that are read: odd spellings take long, and a file may have 200 columns of them."""
_LONGEST = 100
"""A longer cell is a note. Four numbers in one cell are shorter."""

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class ColumnLook:
    """What a person needs to see to tell one column from another."""

    place: int
    name: str
    meaning: Meaning
    rows: int
    """How many rows were looked at."""
    filled: int
    like: int
    """Cells that are phone numbers, or are meant as some: with digits missing, two in one cell."""
    share: float
    """Of the filled cells; valid numbers count in full, the others for half."""
    samples: tuple[str, ...] = ()

    @property
    def may_win(self) -> bool:
        if self.meaning.level > Level.WEAK or not self.like:
            return False
        return self.meaning.named or self.share >= _TELLING_SHARE

    @property
    def holds_phones(self) -> bool:
        return self.may_win or self.share >= _TELLING_SHARE

    @property
    def of_people(self) -> bool:
        """It holds phones and its heading speaks of nothing else."""
        return self.holds_phones and self.meaning.level < Level.ELSE


@dataclass(frozen=True, slots=True)
class PhoneColumns:
    """The answer. Without a `chosen` column a person has to say which one it is."""

    looks: tuple[ColumnLook, ...]
    """Every column, in the order of the file."""
    chosen: int | None = None
    candidates: tuple[ColumnLook, ...] = ()
    """Columns that may hold the numbers, the likeliest first; none if no column does."""
    doubtful: bool = False
    """The candidates hold phones, but no heading says that these are the people's own numbers for texts."""


def choose(
    headings: Sequence[str], names: Sequence[str], rows: Callable[[], Iterable[Row]], region: str = "US"
) -> PhoneColumns:
    """`headings` as typed, `names` as shown, which are distinct; `rows` starts at the first row each time."""
    found = decide(look_at(headings, names, list(islice(rows(), FIRST_ROWS)), region))
    if len(found.candidates) == 1 and _alone(found):
        return found
    return decide(look_at(headings, names, spread(rows()), region))


def _alone(found: PhoneColumns) -> bool:
    """No other heading names phones that might be texted, so that cells further down change nothing."""
    named = [look for look in found.looks if look.meaning.named and look.meaning.level <= Level.WEAK]
    return found.chosen is not None and all(look.place == found.chosen for look in named)


def spread(rows: Iterable[Row], most: int = MOST_ROWS) -> list[Row]:
    """At most so many rows at even distances; all of a short file. One pass, whatever the length."""
    kept: list[Row] = []
    step = 1
    for number, row in enumerate(rows):
        if number % step == 0:
            kept.append(row)
            if len(kept) > most:
                kept, step = kept[::2], step * 2
    return kept


def look_at(
    headings: Sequence[str], names: Sequence[str], rows: Sequence[Row], region: str
) -> list[ColumnLook]:
    looks = []
    for place, (heading, name) in enumerate(zip(headings, names, strict=True)):
        cells = [cell for row in rows if (cell := row[place].strip())]
        like, share = _like_phones(cells, region)
        samples = tuple(islice(dict.fromkeys(cells), SAMPLES))
        look = ColumnLook(place, name, meaning(heading), len(rows), len(cells), like, share, samples)
        looks.append(look)
    return [_as_labelled(look, headings, rows) for look in looks]


_SHORTENED = re.compile(r"\d[eE]\+?\d")
_NEARLY = frozenset(
    {
        PhoneProblem.SHORTENED,
        PhoneProblem.NO_PLUS,
        PhoneProblem.EXTENSION,
        PhoneProblem.SEVERAL,
        PhoneProblem.INVALID,
    }
)


def _like_phones(cells: list[str], region: str) -> tuple[int, float]:
    """How many cells are or nearly are phone numbers, and what share of them all that is, weighed."""
    tries = [cell for cell in cells if _DIGITS <= len(cell) <= _LONGEST and _is_try(cell)]
    if not tries:
        return 0, 0.0
    some = tries[:: len(tries) // _READ + 1]
    numbers, problems = normalise_many(some, region)
    valid = sum(map(bool, numbers))
    near = sum(problem in _NEARLY for problem in problems.values())
    return len(tries), (valid + near / 2) / len(some) * len(tries) / len(cells)


def _is_try(cell: str) -> bool:
    return sum(map(str.isdigit, cell)) >= _DIGITS or _SHORTENED.search(cell) is not None


_ABOUT_LABELS = frozenset({"label", "type", "kind", "typ", "value"})


def _as_labelled(look: ColumnLook, headings: Sequence[str], rows: Sequence[Row]) -> ColumnLook:
    """Some programs say in the column beside it what a number is: `Phone 1 - Label`, `Phone 1 - Value`."""
    if not (look.like and look.meaning.level == Level.PHONE):
        return look
    own = _without_label_words(headings[look.place])
    for place, heading in enumerate(headings):
        if place == look.place or _without_label_words(heading) != own:
            continue
        if meaning(heading).level != Level.ELSE:
            continue
        labels = [meaning(f"{row[place][:40]} phone").level for row in rows if row[look.place].strip()]
        for level in (Level.TEXTS, Level.WEAK, Level.NEVER):
            if labels.count(level) * 2 > len(labels):
                return replace(look, meaning=replace(look.meaning, level=level))
    return look


def _without_label_words(heading: str) -> list[str]:
    return [word for word in re.findall(r"\w+", heading.casefold()) if word not in _ABOUT_LABELS]


def decide(looks: Sequence[ColumnLook]) -> PhoneColumns:
    """The column that wins, or those between which a person has to choose."""
    able = sorted((look for look in looks if look.may_win), key=_likeliest)
    if not able:
        return _without_cells(looks)
    best = [look for look in able if all(look is other or _wins(look, other) for other in able)]
    wanted = [look for look in looks if look.meaning.family_mobile and look.like]
    if best and not (wanted and best[0].meaning.level == Level.WEAK):
        return PhoneColumns(tuple(looks), best[0].place, tuple(able))
    return PhoneColumns(tuple(looks), None, (*able, *wanted) if best else tuple(able))


def _wins(look: ColumnLook, other: ColumnLook) -> bool:
    """By its heading, unless it would reach not even half as many people."""
    return look.meaning.beats(other.meaning) and look.like * 2 >= other.like


def _likeliest(look: ColumnLook) -> tuple[int, int, int]:
    return look.meaning.level, look.meaning.order, look.place


def _without_cells(looks: Sequence[ColumnLook]) -> PhoneColumns:
    """No column that may be taken holds anything like a phone."""
    doubtful = [look for look in looks if look.holds_phones]
    if doubtful:
        return PhoneColumns(tuple(looks), None, tuple(sorted(doubtful, key=_likeliest)), doubtful=True)
    # Nobody can be texted by mistake, and each row says what is wrong with its cell.
    named = [look for look in looks if look.meaning.named and look.meaning.level <= Level.WEAK]
    best = [
        look for look in named if all(look is other or look.meaning.beats(other.meaning) for other in named)
    ]
    return PhoneColumns(tuple(looks), best[0].place if best else None, ())
