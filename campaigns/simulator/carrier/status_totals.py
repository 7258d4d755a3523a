"""The status of one text, and counts of texts by status."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from campaigns.simulator.carrier.outcomes import DELIVERED, DELIVERY_FAILED, SENDING_FAILED


@dataclass(slots=True)
class TextStatus:
    status: str
    code: str
    since: int
    billed: bool
    final: bool


RECEIVED = TextStatus(DELIVERED, "", 0, billed=True, final=True)
"""The status of every inbound text; also of an ordinary outbound text that was delivered."""


class StatusTotals:
    """Texts, billed segments and error codes by status."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.segments: Counter[str] = Counter()
        self.codes: dict[str, Counter[str]] = {SENDING_FAILED: Counter(), DELIVERY_FAILED: Counter()}

    def add(self, text: TextStatus, segments: int) -> None:
        self.counts[text.status] += 1
        if text.billed:
            self.segments[text.status] += segments
        if text.code:
            self.codes[text.status][text.code] += 1

    def include(self, other: StatusTotals) -> None:
        self.counts.update(other.counts)
        self.segments.update(other.segments)
        for status, codes in self.codes.items():
            codes.update(other.codes[status])
