"""Which field somebody most likely meant."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from campaigns.contacts.headers import MAX_FIELD_NAME, field_name

MOST_GUESSES = 20
"""Names that are compared with every field: what more mistakes than these need is not a suggestion."""
_LOOKED_AT_CLOSELY = 3
_SHORTEST_PART = 4


class Spelling:
    """Finds a field by a name that is nearly right.

    Comparing two names takes time with the product of their lengths, and a text can hold thousands of them.
    So names are short, each is compared once, and after MOST_GUESSES of them only exact ones are found.
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
        asked = (name, cutoff)
        if asked not in self._guesses:
            if len(self._guesses) >= MOST_GUESSES:
                return ""
            self._guesses[asked] = self._like(name, cutoff) or self._with_part(name)
        return self._guesses[asked]

    def _like(self, name: str, cutoff: float) -> str:
        """The quick measure is never below the exact one, which only the best few are worth."""
        matcher = difflib.SequenceMatcher(b=name)
        measured: list[tuple[float, str]] = []
        for field in self._fields:
            matcher.set_seq1(field[:MAX_FIELD_NAME])
            if matcher.real_quick_ratio() >= cutoff and (quick := matcher.quick_ratio()) >= cutoff:
                measured.append((quick, field))
        best = (cutoff, "")
        for _, field in sorted(measured, key=lambda each: -each[0])[:_LOOKED_AT_CLOSELY]:
            matcher.set_seq1(field[:MAX_FIELD_NAME])
            if (ratio := matcher.ratio()) > best[0] or (ratio == cutoff and not best[1]):
                best = (ratio, field)
        return best[1]

    def _with_part(self, name: str) -> str:
        """The one field that holds the name, or that the name holds."""
        parts = [
            field
            for field in self._fields
            if len(min(name, field, key=len)) >= _SHORTEST_PART and (name in field or field in name)
        ]
        return parts[0] if len(parts) == 1 else ""
