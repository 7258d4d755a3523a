"""The High Volume message store, and the one place where texts are accepted."""

import threading
import uuid
from bisect import bisect_left, bisect_right
from typing import Any

from campaigns.simulator.carrier.blocks import Batch, Block, Inbound
from campaigns.simulator.carrier.clock import SECOND, Clock
from campaigns.simulator.carrier.files import Files
from campaigns.simulator.carrier.numbers import BY_PHONE, CONFIRMED
from campaigns.simulator.carrier.opt_outs import RECIPIENT, ChangeRequest, OptOuts, parse_keyword
from campaigns.simulator.carrier.pace import Pace

_FIRST_MESSAGE_ID = 50001


class Store:
    """Blocks are ordered by message id and by time: both are assigned under one lock.

    Readers take no lock. They see a list that only grows, and a block is complete before it is added.
    """

    def __init__(self, clock: Clock, speed: float, files: Files) -> None:
        self.clock = clock
        self.speed = speed
        self.blocks: list[Block] = []
        self.batches: list[Batch] = []
        self.by_id: dict[str, Batch] = {}
        self.opt_outs = OptOuts()
        self.lock = threading.RLock()
        self.files = files
        self._next_id = _FIRST_MESSAGE_ID
        self._free_at: dict[str, int] = {}
        self._campaign_statuses: dict[str, str] = {}

    def clear(self) -> None:
        """Message ids are not used again."""
        with self.lock:
            self.blocks, self.batches, self.by_id = [], [], {}
            self.opt_outs, self._free_at, self._campaign_statuses = OptOuts(), {}, {}

    def accept(self, sender: str, to: list[str], texts: list[str], request_id: str) -> Batch:
        """Take texts for sending. On return they are in both files; after an OSError nothing was taken."""
        with self.lock:
            now = self._next_time()
            interval = 60 * SECOND / (BY_PHONE[sender].per_minute * self.speed)
            batch = Batch(
                id=str(uuid.uuid4()),
                sender=sender,
                created=now,
                request_id=request_id,
                first_id=self._next_id,
                to=to,
                texts=texts,
                pace=Pace(max(now, self._free_at.get(sender, 0)), interval, self.speed),
                unregistered=self.campaign_status(sender) != CONFIRMED,
            )
            self.files.write_batch(batch)
            self._add_batch(batch)
        return batch

    def receive(self, sender: str, receiver: str, text: str, *, in_reply_to: int = 0) -> Inbound:
        """Take a text from a person. Stop and start words count from this moment."""
        with self.lock:
            message = Inbound(
                first_id=self._next_id,
                sender=sender,
                receiver=receiver,
                text=text,
                created=self._next_time(),
                in_reply_to=in_reply_to,
            )
            self.files.write(message.to_log())
            self._add_inbound(message)
        return message

    def change_opt_outs(self, requests: list[ChangeRequest]) -> None:
        with self.lock:
            entries = [request.to_log() for request in requests]
            record = {"kind": "wishes", "at": self._next_time(), "wishes": entries}
            self.files.write(record)
            self._add_opt_outs(record)

    def campaign_status(self, phone: str) -> str:
        """The status of a number's campaign at the registry of senders."""
        return self._campaign_statuses.get(phone, CONFIRMED)

    def set_campaign_status(self, phone: str, status: str) -> None:
        with self.lock:
            self.files.write({"kind": "campaign", "phone": phone, "status": status})
            self._campaign_statuses[phone] = status

    def append_record(self, record: dict[str, Any]) -> None:
        """Write another part's record to the state file; `load` returns it after a restart."""
        with self.lock:
            self.files.write(record)

    def load(self) -> list[dict[str, Any]]:
        """Rebuild the store from the state file; returns the records of other parts."""
        others = []
        for record in self.files.replay():
            if record["kind"] == "batch":
                self._add_batch(Batch.from_log(record))
            elif record["kind"] == "inbound":
                self._add_inbound(Inbound.from_log(record))
            elif record["kind"] == "wishes":
                self._add_opt_outs(record)
            elif record["kind"] == "campaign":
                self._campaign_statuses[record["phone"]] = record["status"]
            else:
                others.append(record)
        if self.batches:
            self.files.complete_accepted_log(self.batches[-1])
        return others

    def find_block(self, message_id: int) -> Block | None:
        position = bisect_left(self.blocks, message_id, key=lambda block: block.last_id)
        if position == len(self.blocks) or self.blocks[position].first_id > message_id:
            return None
        block = self.blocks[position]
        return None if isinstance(block, Batch) and not block.size else block

    def positions(self, since: int, until: int) -> range:
        """Positions of the blocks created from `since` to `until`, both included."""
        return range(
            bisect_left(self.blocks, since, key=lambda block: block.created),
            bisect_right(self.blocks, until, key=lambda block: block.created),
        )

    def _next_time(self) -> int:
        """Later than every block so far, so that order by time is order by id."""
        now = self.clock.now()
        return max(now, self.blocks[-1].created + 1) if self.blocks else now

    def _add_batch(self, batch: Batch) -> None:
        batch.number = len(self.batches)
        self._next_id = batch.last_id + 1
        self._free_at[batch.sender] = batch.pace.end(batch.size)
        self.by_id[batch.id] = batch
        self.batches.append(batch)
        self.blocks.append(batch)

    def _add_inbound(self, message: Inbound) -> None:
        self._next_id = message.last_id + 1
        stopped = parse_keyword(message.text)
        if stopped is not None:
            self.opt_outs.record(
                message.created, message.receiver, message.sender, stopped=stopped, source=RECIPIENT
            )
        self.blocks.append(message)

    def _add_opt_outs(self, record: dict[str, Any]) -> None:
        for sender, recipient, stopped, source in record["wishes"]:
            self.opt_outs.record(record["at"], sender, recipient, stopped=stopped, source=source)
