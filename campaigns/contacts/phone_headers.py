"""Classify a column heading: a number for texts, a phone, somebody else's phone, or no phone.

The words are in `header_words`. Cells are not considered.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import pairwise

from campaigns.contacts import header_words as words
from campaigns.contacts.unicode_forms import JOINER, normalize

_MAX_CHARACTERS = 200
"""Characters of a heading that are read."""
_MAX_IN_A_WORD = 40
_MAX_NUMBERED = 20
"""A higher number in a heading is no place among several phones but, say, a year."""


class Level(IntEnum):
    """How good a column is for texts, by its heading. Only the first three are ever taken unasked."""

    TEXTS = 1
    """It says that the number gets texts, or that it is a mobile."""
    PHONE = 2
    """A phone; or a mobile at work, which others may read."""
    WEAK = 3
    """At home, at work, of an order, of somebody we do not know; or the heading says nothing."""
    OTHERS = 4
    """Another person's number, or that of a place."""
    NEVER = 5
    """A fax, an old number, one that must not be texted."""
    ELSE = 6
    """It speaks of something else than phones."""


@dataclass(frozen=True, slots=True)
class Meaning:
    level: Level
    named: bool = False
    """It says that these are phones."""
    order: int = 1
    """Which of several numbers of one person: `Phone 2` and `Other phone` are 2."""
    kind: frozenset[str] = frozenset()
    """Home, work, landline: two of different kinds do not compare."""
    family_mobile: bool = False
    """The mobile of a parent, a spouse, a child: not taken unasked, and no weak column wins over it."""
    doubtful: bool = False
    """A mobile beside a word that we do not know: it may name somebody else, or a reason not to text."""

    def beats(self, other: Meaning) -> bool:
        """Whether this column is clearly the better one for texts."""
        if self.doubtful or other.doubtful:
            # Only a mobile with an ordinary heading leaves no doubt beside a doubtful one.
            return other.level > Level.WEAK or (not self.doubtful and self.level == Level.TEXTS)
        if self.level == Level.WEAK == other.level and not (self.named and other.named):
            return False  # one of them says nothing, not even that it comes second
        if self.level == other.level:
            return self.order < other.order and (self.level < Level.WEAK or self.kind == other.kind)
        return self.level < other.level and self.order <= other.order


def tells_of_phones(heading: str) -> bool:
    return meaning(heading).named


def meaning(heading: str) -> Meaning:
    """A blank heading says nothing, which is Level.WEAK without a name."""
    return _meaning(heading[:_MAX_CHARACTERS])


@lru_cache(maxsize=1000)
def _meaning(heading: str) -> Meaning:
    parts = [part for part in map(_tokens, _parts(heading)) if part]
    flat = [word for part in parts for word in part]
    order = _order(flat)
    kind = frozenset(words.HOME_OR_WORK[word] for word in flat if word in words.HOME_OR_WORK)
    phones = [part for part in parts if _of_phones(part)]
    holding = [part for part in phones if words.ATTRIBUTE.isdisjoint(part)]
    if _refused(parts):
        return Meaning(Level.NEVER, bool(holding), order)
    if phones and not holding:
        return Meaning(Level.ELSE, order=order)
    if not holding:
        return Meaning(_level_unnamed(flat), order=order, kind=kind)
    texts = any(not words.TEXTS.isdisjoint(part) for part in holding)
    if not words.OTHERS.isdisjoint(flat) or not words.FAMILY.isdisjoint(flat):
        family = texts and not words.FAMILY.isdisjoint(flat) and words.OTHERS.isdisjoint(flat)
        return Meaning(Level.OTHERS, True, order, kind, family)
    private = not texts and not words.PRIVATE.isdisjoint(flat)
    weaker = bool(kind) + private + any(map(_unknown, parts[0]))
    level = Level.TEXTS if texts else Level.PHONE
    doubtful = texts and any(map(_unknown, flat))
    return Meaning(Level(min(level + weaker, Level.WEAK)), True, order, kind, doubtful=doubtful)


def _level_unnamed(flat: list[str]) -> Level:
    """The level of a heading without a word for phone."""
    if not (words.SOMETHING_ELSE | words.ATTRIBUTE).isdisjoint(flat):
        return Level.ELSE
    if not words.OTHERS.isdisjoint(flat) or not words.FAMILY.isdisjoint(flat):
        return Level.OTHERS
    if not words.NUMBER.isdisjoint(flat) and any(map(_unknown, flat)):
        return Level.ELSE  # the number of something
    return Level.WEAK


def _of_phones(part: list[str]) -> bool:
    return not (words.TEXTS | words.PHONE).isdisjoint(part) or not (
        words.CONTACT.isdisjoint(part) or words.NUMBER.isdisjoint(part)
    )


def _refused(parts: list[list[str]]) -> bool:
    """Whether the heading names no number for texts: a fax, an old one, `do not text`."""
    return any(
        not words.NEVER.isdisjoint(part)
        or any(
            pair in _REFUSALS or (pair[0] == "no" and pair[1] in words.NO_TEXTS) for pair in pairwise(part)
        )
        or ("alt" in part and not words.ALT_IS_OLD.isdisjoint(part))
        for part in parts
    )


_REFUSALS = frozenset(
    {
        *(("don", "t"), ("ne", "pas"), ("opt", "out"), ("opted", "out"), ("no", "good"), ("no", "longer")),
        *(("of", "service"), ("d", "c")),
    }
)


def _unknown(word: str) -> bool:
    """Whether nothing is known of the word. A year is unknown: the number may be out of date."""
    year = len(word) == 4 and word[:2] in ("19", "20")
    return not (word in _KNOWN or (word.isdigit() and not year))


_KNOWN = (
    words.TEXTS | words.PHONE | words.NUMBER | words.CONTACT | words.PRIVATE | words.SECOND | words.PEOPLE
    | words.PLAIN | frozenset(words.THIRD) | frozenset(words.HOME_OR_WORK)
)  # fmt: skip
"""Words that change nothing, or whose effect is counted already."""


def _order(flat: Iterable[str]) -> int:
    """The highest place that the heading names; 1 if it names none."""
    orders = [1]
    for word in flat:
        if word.isdecimal() and len(word) < 3 and int(word) <= _MAX_NUMBERED:
            orders.append(int(word))
        orders.append(2 if word in words.SECOND else words.THIRD.get(word, 1))
    return max(orders)


_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_BRAND = re.compile(r"whats ?app|i[ -]?phone|e\.164", re.IGNORECASE)
_BREAK = re.compile(
    r"[()\[\]{}<>/\\&+,;|\n]|\b(?:and|or|with|without|incl|include|including|oder|und|ou|mit|avec|con|com)\b"
)
_NO_LANDLINE = re.compile(
    r"\b(?:no|not|non)[ -](?:an? |your )?"
    r"(?:land ?lines?|home|work|office|fax|letters|spaces|dashes|hyphens)\b"
)
_BETWEEN = re.compile(r"[\W_]+")


def _parts(heading: str) -> list[str]:
    """What stands inside and outside of brackets, and on each side of `/`, `&`, `or`, in plain lower case."""
    heading = heading.replace("#", " number ").replace("d/c", "disc").replace("D/C", "disc")
    text = normalize("NFKD", heading)
    text = "".join(sign for sign in text if sign != JOINER and not unicodedata.combining(sign))
    text = normalize("NFC", text)
    text = _BRAND.sub(lambda match: f" {re.sub(r'[^a-z]', '', match[0].lower())} ", text)
    plain = _NO_LANDLINE.sub(" ", _CAMEL.sub(" ", text).casefold())
    foreign = "".join(f" {word}" for sign, word in words.FOREIGN.items() if sign in plain)
    return [foreign, *_BREAK.split(plain)]


def _tokens(part: str) -> list[str]:
    """The words of a part, with joined words split."""
    tokens = [word for word in _BETWEEN.split(part) if word]
    if tokens and len(tokens[0]) == 1:  # `H Phone`, `(m)`, but not `Phone C`
        tokens[0] = words.LETTERS.get(tokens[0], tokens[0])
    return [piece for word in tokens for piece in _apart(word)]


@lru_cache(maxsize=1000)
def _apart(word: str) -> tuple[str, ...]:
    """`customerphone` → customer, phone; `badgenumber` → badge, number. `hotel` stays: `ho` is no word."""
    if word in _KNOWN or word in words.JOINED or len(word) > _MAX_IN_A_WORD:
        return (word,)
    ends: dict[int, tuple[str, ...]] = {0: ()}
    for end in range(2, len(word) + 1):
        for start in sorted(ends, reverse=True):
            piece = word[start:end]
            short = end == len(word) and start and piece in words.SHORT_ENDS
            if end not in ends and (piece in words.JOINED or short):
                ends[end] = (*ends[start], piece)
    if len(word) in ends:
        return ends[len(word)]
    for tail in ("nummer", "number", "numero"):
        if word.endswith(tail):
            return (word.removesuffix(tail), "number")
    if word[:1] in "hwcm" and word[1:] in words.PHONE and len(word) > 4:  # hphone, cphone
        return (words.LETTERS[word[0]], word[1:])
    return (word,)
