"""Recipients who reply: their texts are received when they are due and somebody asks."""

import heapq
import threading

from campaigns.simulator.carrier.blocks import Batch, Inbound
from campaigns.simulator.carrier.outcomes import REPLIES
from campaigns.simulator.carrier.store import Store

_REPLY_SECONDS = 20.0
"""From a text leaving to the reply, at the real carrier's speed."""


class Replies:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._due: list[tuple[int, int, int, str, str]] = []
        self._replied_to: set[int] = set()

    def clear(self) -> None:
        with self._lock:
            self._due, self._replied_to = [], set()

    def restore(self) -> None:
        """Schedule again what a restart interrupted, but no reply that was received before it."""
        for block in self._store.blocks:
            if isinstance(block, Inbound):
                self._replied_to.add(block.in_reply_to)
        for batch in self._store.batches:
            self.schedule(batch)

    def schedule(self, batch: Batch) -> None:
        for index, to in enumerate(batch.to):
            if to[-4:] in REPLIES and batch.first_id + index not in self._replied_to:
                left = batch.pace.left_at(index)
                due = left + batch.pace.scaled(_REPLY_SECONDS)
                with self._lock:
                    heapq.heappush(self._due, (due, left, batch.first_id + index, batch.sender, to))

    def receive_due(self, now: int) -> None:
        """Receive all replies that are due. Nobody replies to a text that was blocked."""
        if not self._due or self._due[0][0] > now:
            return
        with self._lock:
            while self._due and self._due[0][0] <= now:
                _, left, message_id, sender, person = heapq.heappop(self._due)
                if not self._store.opt_outs.is_blocked(sender, person, left):
                    self._store.receive(person, sender, REPLIES[person[-4:]], in_reply_to=message_id)
