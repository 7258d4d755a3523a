"""Counts of texts by status, as the aggregate of the message store gives them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from campaigns.simulator.carrier.outcomes import (
    DELIVERED,
    DELIVERY_FAILED,
    PRICE,
    QUEUED,
    SENDING_FAILED,
    SENT,
)

KEYS = {
    QUEUED: "queued",
    SENT: "sent",
    DELIVERED: "delivered",
    SENDING_FAILED: "sendingFailed",
    DELIVERY_FAILED: "deliveryFailed",
}


@dataclass(slots=True)
class Standing:
    status: str
    code: str
    since: int
    billed: bool
    final: bool


RECEIVED = Standing(DELIVERED, "", 0, billed=True, final=True)


class Tally:
    """Texts by status: how many, how many billed segments, which codes."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.segments: Counter[str] = Counter()
        self.codes: dict[str, Counter[str]] = {SENDING_FAILED: Counter(), DELIVERY_FAILED: Counter()}

    def add(self, standing: Standing, segments: int) -> None:
        self.counts[standing.status] += 1
        if standing.billed:
            self.segments[standing.status] += segments
        if standing.code:
            self.codes[standing.status][standing.code] += 1

    def add_inbound(self, segments: int) -> None:
        self.add(RECEIVED, segments)

    def include(self, other: Tally) -> None:
        self.counts.update(other.counts)
        self.segments.update(other.segments)
        for status, codes in self.codes.items():
            codes.update(other.codes[status])

    def to_answer(self) -> dict[str, Any]:
        """Exactly five keys; only the two failed ones carry codes."""
        answer: dict[str, Any] = {}
        for status, key in KEYS.items():
            answer[key] = {"count": self.counts[status], "cost": money(self.segments[status])}
            if status in self.codes:
                answer[key]["errorCodeCounts"] = dict(self.codes[status])
        return answer


def money(segments: int) -> float:
    return round(segments * PRICE, 3)
