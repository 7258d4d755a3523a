"""Detect the column with the phone numbers to text, from its heading first and its cells second.

A column is chosen when its heading beats every other heading; a few bad cells never decide. Where two columns
qualify, a person is asked.
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
MAX_SAMPLED_ROWS = 2000
"""Rows sampled otherwise, spread over the whole file: a column may be filled only further down."""
MAX_SAMPLES = 3
_TELLING_SHARE = 0.5
"""Share of the filled cells that must look like phones when the heading does not say so."""
_MIN_DIGITS = 7
"""A cell with fewer is no attempt at a phone number, unless a spreadsheet has shortened it."""
_MAX_PARSED = 50
"""Attempts parsed per column: odd spellings are slow, and a file may have 200 columns of them."""
_MAX_CHARACTERS = 100
"""A longer cell is a note. Four numbers in one cell are shorter."""

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """What a person needs to see to tell one column from another."""

    place: int
    name: str
    meaning: Meaning
    rows: int
    """How many rows were sampled."""
    filled: int
    like: int
    """Cells that are phone numbers or meant as some: with digits missing, or two in one cell."""
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
        """The column holds phones, and its heading names nothing else."""
        return self.holds_phones and self.meaning.level < Level.ELSE

    @property
    def named_for_texts(self) -> bool:
        """The heading names phones that might be texted, whatever the cells hold."""
        return self.meaning.named and self.meaning.level <= Level.WEAK

    @property
    def rank(self) -> tuple[int, int, int]:
        """Sort key, the likeliest column first."""
        return self.meaning.level, self.meaning.order, self.place

    def wins_over(self, other: ColumnProfile) -> bool:
        """By its heading, unless it would reach less than half as many people."""
        return self.meaning.beats(other.meaning) and self.like * 2 >= other.like


@dataclass(frozen=True, slots=True)
class PhoneColumns:
    """The result. Without a `chosen` column a person has to choose."""

    profiles: tuple[ColumnProfile, ...]
    """Every column, in the order of the file."""
    chosen: int | None = None
    candidates: tuple[ColumnProfile, ...] = ()
    """Columns that may hold the numbers, the likeliest first; none if no column does."""
    doubtful: bool = False
    """The candidates hold phones, but no heading says that these are the people's own numbers for texts."""

    @property
    def undisputed(self) -> bool:
        """No other heading names phones that might be texted, so cells further down change nothing."""
        named = [profile for profile in self.profiles if profile.named_for_texts]
        return self.chosen is not None and all(profile.place == self.chosen for profile in named)


def choose(
    headings: Sequence[str], names: Sequence[str], rows: Callable[[], Iterable[Row]], region: str = "US"
) -> PhoneColumns:
    """`headings` as typed, `names` as shown, which are distinct; `rows` starts at the first row each time."""
    result = decide(profile_columns(headings, names, list(islice(rows(), FIRST_ROWS)), region))
    if len(result.candidates) == 1 and result.undisputed:
        return result
    return decide(profile_columns(headings, names, sample_evenly(rows()), region))


def sample_evenly(rows: Iterable[Row], limit: int = MAX_SAMPLED_ROWS) -> list[Row]:
    """At most `limit` rows at even distances, all of a short file. One pass, whatever the length."""
    sample: list[Row] = []
    step = 1
    for number, row in enumerate(rows):
        if number % step == 0:
            sample.append(row)
            if len(sample) > limit:
                sample, step = sample[::2], step * 2
    return sample


def profile_columns(
    headings: Sequence[str], names: Sequence[str], rows: Sequence[Row], region: str
) -> list[ColumnProfile]:
    profiles = []
    for place, (heading, name) in enumerate(zip(headings, names, strict=True)):
        cells = [cell for row in rows if (cell := row[place].strip())]
        like, share = count_phones(cells, region)
        samples = tuple(islice(dict.fromkeys(cells), MAX_SAMPLES))
        profile = ColumnProfile(place, name, meaning(heading), len(rows), len(cells), like, share, samples)
        profiles.append(profile)
    return [apply_labels(profile, headings, rows) for profile in profiles]


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


def count_phones(cells: list[str], region: str) -> tuple[int, float]:
    """How many cells are phone numbers or nearly so, and their weighted share of all cells."""
    attempts = [cell for cell in cells if _MIN_DIGITS <= len(cell) <= _MAX_CHARACTERS and is_attempt(cell)]
    if not attempts:
        return 0, 0.0
    parsed = attempts[:: len(attempts) // _MAX_PARSED + 1]
    numbers, problems = normalise_many(parsed, region)
    valid = sum(map(bool, numbers))
    near = sum(problem in _NEARLY for problem in problems.values())
    return len(attempts), (valid + near / 2) / len(parsed) * len(attempts) / len(cells)


def is_attempt(cell: str) -> bool:
    """Whether the cell is meant as a phone number."""
    return sum(map(str.isdigit, cell)) >= _MIN_DIGITS or _SHORTENED.search(cell) is not None


_LABEL_WORDS = frozenset({"label", "type", "kind", "typ", "value"})


def apply_labels(profile: ColumnProfile, headings: Sequence[str], rows: Sequence[Row]) -> ColumnProfile:
    """Use a label column. Some programs export `Phone 1 - Label` beside `Phone 1 - Value`."""
    if not (profile.like and profile.meaning.level == Level.PHONE):
        return profile
    stem = without_label_words(headings[profile.place])
    for place, heading in enumerate(headings):
        if place == profile.place or without_label_words(heading) != stem:
            continue
        if meaning(heading).level != Level.ELSE:
            continue
        labels = [meaning(f"{row[place][:40]} phone").level for row in rows if row[profile.place].strip()]
        for level in (Level.TEXTS, Level.WEAK, Level.NEVER):
            if labels.count(level) * 2 > len(labels):
                return replace(profile, meaning=replace(profile.meaning, level=level))
    return profile


def without_label_words(heading: str) -> list[str]:
    return [word for word in re.findall(r"\w+", heading.casefold()) if word not in _LABEL_WORDS]


def decide(profiles: Sequence[ColumnProfile]) -> PhoneColumns:
    """The column that wins, or those between which a person has to choose."""
    able = sorted((profile for profile in profiles if profile.may_win), key=lambda each: each.rank)
    if not able:
        return decide_by_headings(profiles)
    best = [one for one in able if all(one is other or one.wins_over(other) for other in able)]
    family = [profile for profile in profiles if profile.meaning.family_mobile and profile.like]
    if best and not (family and best[0].meaning.level == Level.WEAK):
        return PhoneColumns(tuple(profiles), best[0].place, tuple(able))
    return PhoneColumns(tuple(profiles), None, (*able, *family) if best else tuple(able))


def decide_by_headings(profiles: Sequence[ColumnProfile]) -> PhoneColumns:
    """The result where no column that may be chosen holds anything like a phone."""
    doubtful = sorted((profile for profile in profiles if profile.holds_phones), key=lambda each: each.rank)
    if doubtful:
        return PhoneColumns(tuple(profiles), None, tuple(doubtful), doubtful=True)
    # Nobody can be texted by mistake, and each row says what is wrong with its cell.
    named = [profile for profile in profiles if profile.named_for_texts]
    best = [one for one in named if all(one is other or one.meaning.beats(other.meaning) for other in named)]
    return PhoneColumns(tuple(profiles), best[0].place if best else None, ())
