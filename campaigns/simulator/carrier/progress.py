"""Where each text of a batch stands at a moment, worked out from the time alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.simulator.api.answers import iso
from campaigns.simulator.carrier.blocks import Batch, Inbound
from campaigns.simulator.carrier.opt_outs import OptOuts
from campaigns.simulator.carrier.outcomes import (
    BLOCKED,
    BY_ENDING,
    DELIVERED,
    QUEUED,
    UNREGISTERED,
    Outcome,
    Step,
    outcome_for,
)
from campaigns.simulator.carrier.tally import RECEIVED, Standing, Tally, money

_SHORTEST_RECEIPT, _LONGEST_RECEIPT = 2.0, 8.0
"""Seconds between a text leaving and its usual receipt, at the real speed."""


class Progress:
    """Reads batches at one moment. `seed` varies when receipts come, never what they say."""

    def __init__(self, now: int, opt_outs: OptOuts, seed: int) -> None:
        self.now = now
        self._opt_outs = opt_outs
        self._seed = seed

    def text(self, batch: Batch, index: int) -> Standing:
        left = batch.pace.left_at(index)
        if left > self.now:
            return Standing(QUEUED, "", batch.created, billed=False, final=False)
        outcome = self._outcome(batch, index, left)
        last = len(outcome.steps) - 1
        for position in range(last, 0, -1):
            step = outcome.steps[position]
            reached = left + batch.pace.scaled(self._after(step, batch.first_id + index))
            if reached <= self.now:
                return Standing(step.status, step.code, reached, outcome.billed, final=position == last)
        first = outcome.steps[0]
        return Standing(first.status, first.code, left, outcome.billed, final=last == 0)

    def timeline(self, batch: Batch, index: int) -> list[int]:
        """When a text takes each step of its outcome. Known for sure from the moment at which it left."""
        left = batch.pace.left_at(index)
        later = self._outcome(batch, index, left).steps[1:]
        message_id = batch.first_id + index
        return [left, *(left + batch.pace.scaled(self._after(step, message_id)) for step in later)]

    def _outcome(self, batch: Batch, index: int, left: int) -> Outcome:
        if batch.unregistered:
            return UNREGISTERED
        if self._opt_outs.blocked(batch.sender, batch.to[index], left):
            return BLOCKED
        return outcome_for(batch.to[index])

    def _after(self, step: Step, message_id: int) -> float:
        if step.after >= 0:
            return step.after
        spread: float = ((message_id * 2_654_435_761 + self._seed) & 0xFFFFFFFF) / 2**32
        return _SHORTEST_RECEIPT + (_LONGEST_RECEIPT - _SHORTEST_RECEIPT) * spread

    def batch_record(self, batch: Batch) -> dict[str, Any]:
        done = batch.pace.processed(self.now, batch.size)
        completed = done == batch.size
        record: dict[str, Any] = {
            "id": batch.id,
            "from": batch.sender,
            "batchSize": batch.size,
            "processedCount": done,
            "status": "Completed" if completed else "Processing",
            "creationTime": iso(batch.created),
            "lastModifiedTime": iso(batch.pace.left_at(done - 1) if done else batch.created),
            "rejected": [],
        }
        if completed:
            record["cost"] = self._cost(batch)
        return record

    def _cost(self, batch: Batch) -> float:
        """What the whole batch costs once all of it has left."""
        if batch.cost is None:
            segments = sum(
                count
                for index, count in enumerate(batch.segments())
                if self._outcome(batch, index, batch.pace.left_at(index)).billed
            )
            batch.cost = money(segments)
        return batch.cost

    def message_record(self, batch: Batch, index: int, *, with_text: bool) -> dict[str, Any]:
        standing = self.text(batch, index)
        record: dict[str, Any] = {
            "id": str(batch.first_id + index),
            "batchId": batch.id,
            "from": batch.sender,
            "to": [batch.to[index]],
            "creationTime": iso(batch.created),
            "lastModifiedTime": iso(standing.since),
            "messageStatus": standing.status,
            "direction": "Outbound",
        }
        if standing.billed:
            record["segmentCount"] = batch.segments()[index]
            record["cost"] = money(record["segmentCount"])
        if with_text:
            record["text"] = batch.texts[index]
        if standing.code:
            record["errorCode"] = standing.code
        return record

    def tally(self, batch: Batch, indexes: range | list[int]) -> Tally:
        """Counts of some of a batch's texts. Kept with the batch once it covers all, and all are final."""
        whole = len(indexes) == batch.size
        if whole and batch.settled is not None:
            return batch.settled
        tally, final = Tally(), True
        segments, delivered = batch.segments(), self._plainly_delivered(batch)
        for index in indexes:
            standing = RECEIVED if delivered(index) else self.text(batch, index)
            final = final and standing.final
            tally.add(standing, segments[index])
        if whole and final:
            batch.settled = tally
        return tally

    def _plainly_delivered(self, batch: Batch) -> Callable[[int], bool]:
        """A quick test for the great majority: a text with nothing special, long enough ago."""
        if batch.unregistered:
            return lambda _: False
        sure = batch.pace.processed(self.now - batch.pace.scaled(_LONGEST_RECEIPT), batch.size)
        to, sender, heard = batch.to, batch.sender, self._opt_outs.heard_from

        def check(index: int) -> bool:
            number = to[index]
            return index < sure and number[-4:] not in BY_ENDING and not heard(sender, number)

        return check


def inbound_record(message: Inbound, segments: int, *, with_text: bool) -> dict[str, Any]:
    """An incoming text. It has no batch, and the platform calls it Delivered and bills it."""
    record: dict[str, Any] = {
        "id": str(message.first_id),
        "from": message.sender,
        "to": [message.receiver],
        "creationTime": iso(message.created),
        "lastModifiedTime": iso(message.created),
        "messageStatus": DELIVERED,
        "segmentCount": segments,
        "cost": money(segments),
        "direction": "Inbound",
    }
    if with_text:
        record["text"] = message.text
    return record
