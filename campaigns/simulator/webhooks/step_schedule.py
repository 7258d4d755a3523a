"""The coming steps of texts and batches, in the order of time."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from campaigns.simulator.carrier.blocks import Batch
from campaigns.simulator.carrier.outcomes import MAX_OUTCOME_SECONDS
from campaigns.simulator.carrier.progress import Progress
from campaigns.simulator.carrier.store import Store

_LEAVES, _LATER, _END = 0, 1, 2
"""The order at one moment: texts before the end of their batch."""


@dataclass(frozen=True, slots=True)
class Step:
    """A text has a new status at `progress.now`, or with no `index` the batch is completed."""

    progress: Progress
    batch: Batch
    index: int | None


class StepSchedule:
    """Of a batch it holds the next text to leave and the steps of those that left, no more."""

    def __init__(self, store: Store, seed: int) -> None:
        self._store = store
        self._seed = seed
        self._due: list[tuple[int, int, int, int, int]] = []
        """Time, number of the batch, kind of step, index of the text, position of the step."""

    def restart(self, now: int) -> None:
        """Schedule all steps of the store after `now`."""
        self._due = []
        for batch in list(self._store.batches):
            if batch.pace.end(batch.size) + batch.pace.scaled(MAX_OUTCOME_SECONDS) > now:
                self.follow(batch, now)

    def follow(self, batch: Batch, now: int) -> None:
        """Schedule the steps of a batch after `now`."""
        left = batch.pace.processed(now, batch.size)
        end = batch.pace.end(batch.size)
        if end > now:
            heapq.heappush(self._due, (end, batch.number, _END, 0, 0))
        self._schedule_leaving(batch, left)
        progress = self._progress(now)
        for index in range(left):
            self._schedule_later_steps(progress, batch, index)

    def pop_due(self, now: int) -> Iterator[Step]:
        while self._due and self._due[0][0] <= now:
            at, number, kind, index, _ = heapq.heappop(self._due)
            batch, progress = self._store.batches[number], self._progress(at)
            if kind == _LEAVES:
                self._schedule_leaving(batch, index + 1)
                self._schedule_later_steps(progress, batch, index)
            yield Step(progress, batch, None if kind == _END else index)

    def _progress(self, moment: int) -> Progress:
        return Progress(moment, self._store.opt_outs, self._seed)

    def _schedule_leaving(self, batch: Batch, index: int) -> None:
        if index < batch.size:
            heapq.heappush(self._due, (batch.pace.left_at(index), batch.number, _LEAVES, index, 0))

    def _schedule_later_steps(self, progress: Progress, batch: Batch, index: int) -> None:
        for step, at in enumerate(progress.timeline(batch, index)):
            if step and at > progress.now:
                heapq.heappush(self._due, (at, batch.number, _LATER, index, step))
