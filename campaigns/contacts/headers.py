"""Headings of a spreadsheet: names for people, names for templates, and whether a row is one of headings."""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence

from campaigns.contacts.phone import PhoneProblem, normalise_many
from campaigns.contacts.phone_headers import tells_of_phones
from campaigns.contacts.unicode_forms import JOINER, normalize

RESERVED = frozenset(
    (
        *("and", "block", "call", "debug", "dict", "do", "else", "endif", "extends", "false", "filter"),
        *("for", "from", "if", "import", "in", "include", "is", "loop", "macro", "namespace", "none", "not"),
        *("or", "range", "raw", "recursive", "self", "set", "super", "true", "with"),
    )
)
"""Reserved words of the template language."""

MAX_HEADING = 200
"""Longer headings are cut, so that a page can show 200 columns."""
MAX_FIELD_NAME = 60


def field_name(heading: str) -> str:
    """`First Name` to `first_name`: a valid identifier, or an empty string if no letter or digit is in it.

    A long heading gives the name of its beginning.
    """
    folded = normalize("NFKD", heading[:MAX_HEADING].casefold())
    letters = "".join(sign for sign in folded if sign != JOINER and not unicodedata.combining(sign))
    name = re.sub(r"[\W_]+", "_", normalize("NFC", letters)).strip("_")[:MAX_FIELD_NAME].rstrip("_")
    if name and not name.isidentifier():
        name = f"field_{name}"
    if not name.isidentifier():
        return ""
    return f"{name}_field" if name in RESERVED else name


def heading_names(headings: Iterable[str]) -> tuple[str, ...]:
    """The headings as typed; a blank one is called after its place, a repeated one gets a number."""
    return _distinct(
        [_cut(" ".join(heading.split())) or f"Column {place}" for place, heading in enumerate(headings, 1)],
        " ",
    )


def _cut(heading: str) -> str:
    return heading if len(heading) <= MAX_HEADING else f"{heading[: MAX_HEADING - 1].rstrip()}…"


def field_names(headings: Iterable[str]) -> tuple[str, ...]:
    """One template name for each heading: unique, and each a valid identifier."""
    return _distinct(
        [field_name(heading) or f"column_{place}" for place, heading in enumerate(headings, 1)], "_"
    )


def _distinct(names: Sequence[str], joint: str) -> tuple[str, ...]:
    """Names that differ in more than case; the first of equals keeps its own, none takes a later one's."""
    taken = {name.casefold() for name in names}
    seen: set[str] = set()
    result = []
    for name in names:
        own = name
        if name.casefold() in seen:
            numbered = (f"{name}{joint}{number}" for number in itertools.count(2))
            own = next(other for other in numbered if other.casefold() not in taken)
            taken.add(own.casefold())
        seen.add(own.casefold())
        result.append(own)
    return tuple(result)


def has_phone(cells: Sequence[str]) -> bool:
    """Whether a row holds a phone number or something meant as one, and so is no row of headings."""
    numbers, problems = normalise_many(cells)
    return any(numbers) or not _NEARLY.isdisjoint(problems.values())


def tell_of_phones(headings: Iterable[str]) -> bool:
    return any(map(tells_of_phones, headings))


_NEARLY = frozenset(
    {
        PhoneProblem.SHORTENED,
        PhoneProblem.NO_PLUS,
        PhoneProblem.EXTENSION,
        PhoneProblem.SEVERAL,
        PhoneProblem.INVALID,
    }
)
