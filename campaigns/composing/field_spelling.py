"""Suggest the field that a mistyped name most likely means."""

import difflib
from collections.abc import Sequence

from campaigns.contacts.headers import MAX_FIELD_NAME, field_name

MAX_GUESSES = 20
"""Names compared with every field; more mistakes than these need no suggestions."""
_MAX_COMPARED = 3
_MIN_PART = 4


class Spelling:
    """Finds a field by a name that is nearly right.

    Comparing two names takes time with the product of their lengths, and a text can hold thousands of them.
    So names are short, each is compared once, and after MAX_GUESSES of them only exact names match.
    """

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = tuple(fields)
        self._known = frozenset(fields)
        self._guesses: dict[tuple[str, float], str] = {}

    def nearest(self, typed: str, cutoff: float) -> str:
        """The field that was most likely meant, or an empty string."""
        name = field_name(typed)
        if not name or name in self._known:
            return name
        key = (name, cutoff)
        if key not in self._guesses:
            if len(self._guesses) >= MAX_GUESSES:
                return ""
            self._guesses[key] = self._similar(name, cutoff) or self._only_overlapping(name)
        return self._guesses[key]

    def _similar(self, name: str, cutoff: float) -> str:
        """Rank by the quick ratio, an upper bound, and compute the exact ratio of the best few only."""
        matcher = difflib.SequenceMatcher(b=name)
        measured: list[tuple[float, str]] = []
        for field in self._fields:
            matcher.set_seq1(field[:MAX_FIELD_NAME])
            if matcher.real_quick_ratio() >= cutoff and (quick := matcher.quick_ratio()) >= cutoff:
                measured.append((quick, field))
        best = (cutoff, "")
        for _, field in sorted(measured, key=lambda each: -each[0])[:_MAX_COMPARED]:
            matcher.set_seq1(field[:MAX_FIELD_NAME])
            if (ratio := matcher.ratio()) > best[0] or (ratio == cutoff and not best[1]):
                best = (ratio, field)
        return best[1]

    def _only_overlapping(self, name: str) -> str:
        """The one field that holds the name, or that the name holds."""
        parts = [
            field
            for field in self._fields
            if len(min(name, field, key=len)) >= _MIN_PART and (name in field or field in name)
        ]
        return parts[0] if len(parts) == 1 else ""
