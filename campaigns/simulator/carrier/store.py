"""All that the carrier holds, and the one place where texts are accepted."""

from __future__ import annotations

import threading
import uuid
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from campaigns.simulator.carrier.accepted_log import AppendFile, complete_ledger, ledger_lines, replay
from campaigns.simulator.carrier.blocks import Batch, Inbound
from campaigns.simulator.carrier.clock import SECOND, Clock, Pace
from campaigns.simulator.carrier.numbers import BY_PHONE, CONFIRMED
from campaigns.simulator.carrier.opt_outs import RECIPIENT, OptOuts, Wish, spoken_change

_FIRST_MESSAGE_ID = 50001


@dataclass(slots=True)
class Files:
    ledger: AppendFile | None = None
    log: AppendFile | None = None


def open_files(ledger: Path | None, log: Path | None, *, fsync: bool) -> Files:
    return Files(
        AppendFile(ledger, fsync=fsync) if ledger else None, AppendFile(log, fsync=fsync) if log else None
    )


class Store:
    """Blocks are ordered by message id and by time at once: both are drawn under one lock.

    Readers take no lock. They see a list that only grows, and a block is complete before it is added.
    """

    def __init__(self, clock: Clock, speed: float, files: Files) -> None:
        self.clock = clock
        self.speed = speed
        self.blocks: list[Batch | Inbound] = []
        self.batches: list[Batch] = []
        self.by_id: dict[str, Batch] = {}
        self.opt_outs = OptOuts()
        self.lock = threading.RLock()
        self._files = files
        self._next_id = _FIRST_MESSAGE_ID
        self._free_at: dict[str, int] = {}
        self._campaigns: dict[str, str] = {}

    def clear(self) -> None:
        """Forget everything, as the control API may ask of a carrier that keeps no files."""
        with self.lock:
            self.blocks, self.batches, self.by_id = [], [], {}
            self.opt_outs, self._free_at, self._campaigns = OptOuts(), {}, {}

    def keeps_files(self) -> bool:
        return self._files.ledger is not None or self._files.log is not None

    def accept(self, sender: str, to: list[str], texts: list[str], request_id: str) -> Batch:
        """Take texts for sending. On return they are in both files; after an OSError nothing was taken."""
        with self.lock:
            now = self._now()
            batch = Batch(
                id=str(uuid.uuid4()),
                sender=sender,
                created=now,
                request_id=request_id,
                first_id=self._next_id,
                to=to,
                texts=texts,
                pace=self._pace(sender, now),
                unregistered=self.campaign_of(sender) != CONFIRMED,
            )
            self._write(batch.to_log(), ledger_lines(batch) if self._files.ledger else b"")
            self._add_batch(batch)
        return batch

    def receive(self, sender: str, receiver: str, text: str, *, answers: int = 0) -> Inbound:
        """Take a text from a person. Stop and start words count from this moment."""
        with self.lock:
            message = Inbound(
                first_id=self._next_id,
                sender=sender,
                receiver=receiver,
                text=text,
                created=self._now(),
                answers=answers,
            )
            self._write(message.to_log())
            self._add_inbound(message)
        return message

    def record_wishes(self, wishes: list[Wish]) -> None:
        """Change opt-outs as somebody asked for. On return they are in the log."""
        with self.lock:
            record = {"kind": "wishes", "at": self._now(), "wishes": [wish.to_log() for wish in wishes]}
            self._write(record)
            self._add_wishes(record)

    def campaign_of(self, phone: str) -> str:
        """The status of a number's campaign at the registry of senders."""
        return self._campaigns.get(phone, CONFIRMED)

    def set_campaign(self, phone: str, status: str) -> None:
        with self.lock:
            self._write({"kind": "campaign", "phone": phone, "status": status})
            self._campaigns[phone] = status

    def note(self, record: dict[str, Any]) -> None:
        """Keep a record of somebody else's in the log; it comes back from `load` after a restart."""
        with self.lock:
            self._write(record)

    def load(self) -> list[dict[str, Any]]:
        """Rebuild everything from the log; returns the records that others left in it."""
        if not self._files.log:
            return []
        foreign = []
        for record in replay(self._files.log):
            if record["kind"] == "batch":
                self._add_batch(Batch.from_log(record))
            elif record["kind"] == "inbound":
                self._add_inbound(Inbound.from_log(record))
            elif record["kind"] == "wishes":
                self._add_wishes(record)
            elif record["kind"] == "campaign":
                self._campaigns[record["phone"]] = record["status"]
            else:
                foreign.append(record)
        if self.batches and self._files.ledger and self._files.ledger.existed:
            complete_ledger(self._files.ledger, ledger_lines(self.batches[-1]))
        return foreign

    def block_of(self, message_id: int) -> Batch | Inbound | None:
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

    def _now(self) -> int:
        """Later than every block so far, so that order by time is order by id."""
        now = self.clock.now()
        return max(now, self.blocks[-1].created + 1) if self.blocks else now

    def _pace(self, sender: str, now: int) -> Pace:
        interval = 60 * SECOND / (BY_PHONE[sender].per_minute * self.speed)
        return Pace(max(now, self._free_at.get(sender, 0)), interval, self.speed)

    def _write(self, record: dict[str, Any], lines: bytes = b"") -> None:
        """Log first: what is missing in the ledger after a kill can be made up from it, never the reverse."""
        log, ledger = self._files.log, self._files.ledger
        before = log.size() if log else 0
        if log:
            log.append(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
        try:
            if ledger and lines:
                ledger.append(lines)
        except OSError:
            if log:
                log.cut(before)
            raise

    def _add_batch(self, batch: Batch) -> None:
        batch.number = len(self.batches)
        self._next_id = batch.last_id + 1
        self._free_at[batch.sender] = batch.pace.end(batch.size)
        self.by_id[batch.id] = batch
        self.batches.append(batch)
        self.blocks.append(batch)

    def _add_inbound(self, message: Inbound) -> None:
        self._next_id = message.last_id + 1
        stopped = spoken_change(message.text)
        if stopped is not None:
            self.opt_outs.note(
                message.created, message.receiver, message.sender, stopped=stopped, source=RECIPIENT
            )
        self.blocks.append(message)

    def _add_wishes(self, record: dict[str, Any]) -> None:
        for sender, recipient, stopped, source in record["wishes"]:
            self.opt_outs.note(record["at"], sender, recipient, stopped=stopped, source=source)
