"""The blocks of the High Volume message store: outbound batches, and single inbound texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from campaigns.simulator.carrier.pace import Pace
from campaigns.simulator.carrier.segments import count_segments
from campaigns.simulator.carrier.status_totals import StatusTotals


@dataclass(slots=True, kw_only=True)
class Batch:
    """Texts are two plain lists, not objects: a million of them must be cheap."""

    id: str
    sender: str
    created: int
    request_id: str
    first_id: int
    to: list[str]
    texts: list[str]
    pace: Pace
    unregistered: bool = False
    """The sender's campaign was not confirmed, so no text of the batch is sent."""
    number: int = 0
    """Position among all batches, for page tokens."""
    final_totals: StatusTotals | None = None
    """Cached once no text of the batch can change any more."""
    cost: float | None = None
    """Dollars for the whole batch, cached after its end."""
    _segments: bytes = b""

    @property
    def size(self) -> int:
        return len(self.to)

    @property
    def last_id(self) -> int:
        return self.first_id + max(self.size, 1) - 1

    def segments(self) -> bytes:
        """Segments of each text, counted on first use. A byte is enough: 1,000 units take at most 15."""
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
    in_reply_to: int = 0
    """The id of the outbound text that it answers; 0 for a text from the control API."""

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
            "answers": self.in_reply_to,
        }

    @classmethod
    def from_log(cls, record: dict[str, Any]) -> Inbound:
        return cls(
            first_id=record["first_id"],
            sender=record["from"],
            receiver=record["to"],
            text=record["text"],
            created=record["created"],
            in_reply_to=record["answers"],
        )


Block = Batch | Inbound
