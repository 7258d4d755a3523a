"""What the message store is made of: batches that went out, and single texts that came in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from campaigns.simulator.carrier.clock import Pace
from campaigns.simulator.carrier.segments import count_segments
from campaigns.simulator.carrier.tally import Tally


@dataclass(slots=True, kw_only=True)
class Batch:
    """Texts are kept as two plain lists, not as objects: a million of them must be cheap."""

    id: str
    sender: str
    created: int
    request_id: str
    first_id: int
    to: list[str]
    texts: list[str]
    pace: Pace
    unregistered: bool = False
    """Whether the sender's campaign was not confirmed: then no text of the batch is sent."""
    number: int = 0
    """Position among all batches, for page tokens."""
    settled: Tally | None = None
    """The counts by status, once nothing in them can change any more."""
    cost: float | None = None
    """Dollars for the whole batch, once somebody asked after its end."""
    _segments: bytes = b""

    @property
    def size(self) -> int:
        return len(self.to)

    @property
    def last_id(self) -> int:
        return self.first_id + max(self.size, 1) - 1

    def segments(self) -> bytes:
        """Segments of each text, one byte each: 1,000 units never take more than 15. Counted when asked."""
        if len(self._segments) != self.size:
            self._segments = bytes(count_segments(text) for text in self.texts)
        return self._segments

    def to_log(self) -> dict[str, Any]:
        shared = len(set(map(id, self.texts))) == 1
        return {
            "kind": "batch",
            "id": self.id,
            "from": self.sender,
            "created": self.created,
            "request_id": self.request_id,
            "first_id": self.first_id,
            "start": self.pace.start,
            "interval": self.pace.interval,
            "speed": self.pace.speed,
            "to": self.to,
            "texts": self.texts[:1] if shared else self.texts,
            "unregistered": self.unregistered,
        }

    @classmethod
    def from_log(cls, record: dict[str, Any]) -> Batch:
        to: list[str] = record["to"]
        texts: list[str] = record["texts"]
        return cls(
            id=record["id"],
            sender=record["from"],
            created=record["created"],
            request_id=record["request_id"],
            first_id=record["first_id"],
            to=to,
            texts=texts if len(texts) == len(to) else texts * len(to),
            pace=Pace(record["start"], record["interval"], record["speed"]),
            unregistered=record.get("unregistered", False),
        )


@dataclass(slots=True, kw_only=True)
class Inbound:
    """A text from a person to one of the account's numbers."""

    first_id: int
    sender: str
    receiver: str
    text: str
    created: int
    answers: int = 0
    """The id of our text that it answers; 0 if a person typed it in."""

    @property
    def last_id(self) -> int:
        return self.first_id

    def to_log(self) -> dict[str, Any]:
        return {
            "kind": "inbound",
            "first_id": self.first_id,
            "from": self.sender,
            "to": self.receiver,
            "text": self.text,
            "created": self.created,
            "answers": self.answers,
        }

    @classmethod
    def from_log(cls, record: dict[str, Any]) -> Inbound:
        return cls(
            first_id=record["first_id"],
            sender=record["from"],
            receiver=record["to"],
            text=record["text"],
            created=record["created"],
            answers=record["answers"],
        )
