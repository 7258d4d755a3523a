"""Filter an audience by the country of each number; count and describe those who cannot be texted."""

from collections import Counter
from collections.abc import Sequence

from campaigns.composing.audience import SourceRow
from campaigns.composing.checks import Finding, FindingCode
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

    def warnings(self) -> list[Finding]:
        findings = []
        if count := self.left_out:
            findings.append(Finding("look", FindingCode.UNREACHED, {"count": count, "countries": self._far}))
        special = countries.special(self._prefixes)
        if count := special.total():
            findings.append(Finding("look", FindingCode.SPECIAL, {"count": count, "kinds": special}))
        return findings
