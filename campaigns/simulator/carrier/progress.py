"""The status of each text of a batch at one moment, computed from the time alone."""

from campaigns.simulator.carrier.blocks import Batch
from campaigns.simulator.carrier.opt_outs import OptOuts
from campaigns.simulator.carrier.outcomes import (
    BLOCKED,
    BY_ENDING,
    QUEUED,
    UNREGISTERED,
    Outcome,
    Step,
    outcome_for,
    price_of,
)
from campaigns.simulator.carrier.status_totals import RECEIVED, StatusTotals, TextStatus

_MIN_RECEIPT_SECONDS, _MAX_RECEIPT_SECONDS = 2.0, 8.0
"""From a text leaving to its usual receipt, at the real speed."""


class Progress:
    """Reads batches at one moment. `seed` varies when receipts come, never what they say."""

    def __init__(self, now: int, opt_outs: OptOuts, seed: int) -> None:
        self.now = now
        self._opt_outs = opt_outs
        self._seed = seed

    def processed(self, batch: Batch) -> int:
        return batch.pace.processed(self.now, batch.size)

    def is_completed(self, batch: Batch) -> bool:
        return self.processed(batch) == batch.size

    def status(self, batch: Batch, index: int) -> TextStatus:
        left = batch.pace.left_at(index)
        if left > self.now:
            return TextStatus(QUEUED, "", batch.created, billed=False, final=False)
        outcome = self.outcome(batch, index, left)
        last = len(outcome.steps) - 1
        for position in range(last, 0, -1):
            step = outcome.steps[position]
            reached = left + self._delay(batch, index, step)
            if reached <= self.now:
                return TextStatus(step.status, step.code, reached, outcome.billed, final=position == last)
        first = outcome.steps[0]
        return TextStatus(first.status, first.code, left, outcome.billed, final=last == 0)

    def timeline(self, batch: Batch, index: int) -> list[int]:
        """The time of each step of a text's outcome. It is certain only once the text has left."""
        left = batch.pace.left_at(index)
        later = self.outcome(batch, index, left).steps[1:]
        return [left, *(left + self._delay(batch, index, step) for step in later)]

    def outcome(self, batch: Batch, index: int, left: int) -> Outcome:
        if batch.unregistered:
            return UNREGISTERED
        if self._opt_outs.is_blocked(batch.sender, batch.to[index], left):
            return BLOCKED
        return outcome_for(batch.to[index])

    def _delay(self, batch: Batch, index: int, step: Step) -> int:
        """Microseconds from leaving to a step."""
        seconds = step.after
        if seconds < 0:
            message_id = batch.first_id + index
            spread: float = ((message_id * 2_654_435_761 + self._seed) & 0xFFFFFFFF) / 2**32
            seconds = _MIN_RECEIPT_SECONDS + (_MAX_RECEIPT_SECONDS - _MIN_RECEIPT_SECONDS) * spread
        return batch.pace.scaled(seconds)

    def cost(self, batch: Batch) -> float:
        """Dollars for the whole batch. Ask only when it is completed: the answer is cached."""
        if batch.cost is None:
            segments = sum(
                count
                for index, count in enumerate(batch.segments())
                if self.outcome(batch, index, batch.pace.left_at(index)).billed
            )
            batch.cost = price_of(segments)
        return batch.cost

    def totals(self, batch: Batch, indexes: range | list[int]) -> StatusTotals:
        """Counts of some of a batch's texts. They are cached once all are counted and final."""
        whole = len(indexes) == batch.size
        if whole and batch.final_totals is not None:
            return batch.final_totals
        totals, final = StatusTotals(), True
        segments, delivered = batch.segments(), self._ordinary_texts(batch, indexes)
        for index in indexes:
            status = RECEIVED if index in delivered else self.status(batch, index)
            final = final and status.final
            totals.add(status, segments[index])
        if whole and final:
            batch.final_totals = totals
        return totals

    def _ordinary_texts(self, batch: Batch, indexes: range | list[int]) -> set[int]:
        """Texts that are surely delivered, without computing each status: nearly all of an old batch."""
        if batch.unregistered:
            return set()
        sure = batch.pace.processed(self.now - batch.pace.scaled(_MAX_RECEIPT_SECONDS), batch.size)
        to, sender, has_history = batch.to, batch.sender, self._opt_outs.has_history
        return {
            index
            for index in indexes
            if index < sure and to[index][-4:] not in BY_ENDING and not has_history(sender, to[index])
        }
