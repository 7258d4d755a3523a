"""Filter an audience by the country of each number; count and describe those who cannot be texted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from campaigns.composing.audience import SourceRow
from campaigns.contacts import countries


class ReachFilter:
    """Counts the rows that it filters."""

    def __init__(self, reach: countries.Reach) -> None:
        self._reach = reach
        self._far: Counter[str] = Counter()
        self._prefixes: Counter[str] = Counter()

    def filter(self, rows: Sequence[SourceRow]) -> list[SourceRow]:
        """The rows whose number can be texted."""
        far = countries.not_reached([row.phone for row in rows], self._reach)
        self._far.update(far.values())
        reachable = [row for row in rows if row.phone not in far]
        self._prefixes.update(row.phone[: countries.PREFIX] for row in reachable)
        return reachable

    @property
    def left_out(self) -> int:
        return self._far.total()

    def warnings(self) -> list[tuple[str, str, str]]:
        """Code, title and detail of each warning."""
        warnings = []
        if count := self.left_out:
            who = "1 person is" if count == 1 else f"{count:,} people are"
            detail = f"{countries.listed(self._far)}. They get nothing, and nothing is paid for them."
            warnings.append(("unreached", f"{who} in a country that the account cannot text", detail))
        special = countries.special(self._prefixes)
        if count := special.total():
            what = "1 number is" if count == 1 else f"{count:,} numbers are"
            kinds = ", ".join(f"{kind} {many:,}" for kind, many in special.most_common())
            detail = f"Few such numbers take texts, and each text is paid for: {kinds}."
            warnings.append(("special", f"{what} hardly a person’s", detail))
        return warnings
