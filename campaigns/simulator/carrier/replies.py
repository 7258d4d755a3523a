"""Recipients who answer: their texts come in when their time has come and somebody looks."""

from __future__ import annotations

import heapq
import threading

from campaigns.simulator.carrier.blocks import Batch, Inbound
from campaigns.simulator.carrier.outcomes import REPLIES
from campaigns.simulator.carrier.store import Store

_REPLY_SECONDS = 20.0
"""Seconds between our text leaving and the answer to it, at the real carrier's speed."""


class Replies:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._due: list[tuple[int, int, int, str, str]] = []
        self._given: set[int] = set()

    def clear(self) -> None:
        with self._lock:
            self._due, self._given = [], set()

    def restore(self) -> None:
        """Expect again what a restart interrupted, but not what had already come in."""
        for block in self._store.blocks:
            if isinstance(block, Inbound):
                self._given.add(block.answers)
        for batch in self._store.batches:
            self.expect(batch)

    def expect(self, batch: Batch) -> None:
        for index, to in enumerate(batch.to):
            if to[-4:] in REPLIES and batch.first_id + index not in self._given:
                left = batch.pace.left_at(index)
                due = left + batch.pace.scaled(_REPLY_SECONDS)
                with self._lock:
                    heapq.heappush(self._due, (due, left, batch.first_id + index, batch.sender, to))

    def arrive(self, now: int) -> None:
        """Take in all answers that are due. Nobody answers a text that was blocked."""
        if not self._due or self._due[0][0] > now:
            return
        with self._lock:
            while self._due and self._due[0][0] <= now:
                _, left, message_id, sender, person = heapq.heappop(self._due)
                if not self._store.opt_outs.blocked(sender, person, left):
                    self._store.receive(person, sender, REPLIES[person[-4:]], answers=message_id)
