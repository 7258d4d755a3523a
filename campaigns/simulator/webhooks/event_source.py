"""Notices what happens to texts, opt-outs and the mailbox, in the order of time, for the webhooks."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import Any

from campaigns.simulator.api.answers import iso
from campaigns.simulator.carrier.blocks import Batch, Inbound
from campaigns.simulator.carrier.numbers import EXTENSION_ID
from campaigns.simulator.carrier.opt_outs import Change
from campaigns.simulator.carrier.outcomes import LONGEST_SECONDS
from campaigns.simulator.carrier.progress import Progress, inbound_record
from campaigns.simulator.carrier.segments import count_segments
from campaigns.simulator.carrier.store import Store
from campaigns.simulator.mailbox.mailbox import SMS, Entry, Mailbox
from campaigns.simulator.records.mail import brief_time, mail_record
from campaigns.simulator.webhooks.event_filters import (
    BATCHES,
    CONSENTS,
    INSTANT,
    MAILBOX,
    MESSAGES,
    OPT_OUTS,
    Happening,
)

_LEAVES, _LATER, _END = 0, 1, 2
"""At one moment, texts come before the end of their batch."""


class Watch:
    """Looks when it is told to. Of a batch it keeps the next text to leave and those under way, no more."""

    def __init__(self, store: Store, mailbox: Mailbox, progress: Callable[[int], Progress]) -> None:
        self._store = store
        self._mailbox = mailbox
        self._progress = progress
        self.start(0)

    def start(self, now: int) -> None:
        """Take everything up to now as known. What is still under way will be noticed when it changes."""
        self._blocks = len(self._store.blocks)
        self._changes = len(self._store.opt_outs.changes)
        self._entries = len(self._mailbox.journal)
        self._due: list[tuple[int, int, int, int, int]] = []
        """When, a batch's number, what kind of step, which text, which step of it."""
        for batch in list(self._store.batches):
            if batch.pace.end(batch.size) + batch.pace.scaled(LONGEST_SECONDS) > now:
                self._follow(batch, now)

    def _follow(self, batch: Batch, now: int) -> None:
        gone = batch.pace.processed(now, batch.size)
        end = batch.pace.end(batch.size)
        if end > now:
            heapq.heappush(self._due, (end, batch.number, _END, 0, 0))
        self._expect_leaving(batch, gone)
        progress = self._progress(now)
        for index in range(gone):
            self._expect_later(progress, batch, index, now)

    def _expect_leaving(self, batch: Batch, index: int) -> None:
        if index < batch.size:
            heapq.heappush(self._due, (batch.pace.left_at(index), batch.number, _LEAVES, index, 0))

    def _expect_later(self, progress: Progress, batch: Batch, index: int, now: int) -> None:
        for step, at in enumerate(progress.timeline(batch, index)):
            if step and at > now:
                heapq.heappush(self._due, (at, batch.number, _LATER, index, step))

    def look(self, now: int) -> list[Happening]:
        """What happened since the last look, oldest first."""
        found = [*self._new_blocks(), *self._new_changes(), *self._new_entries(), *self._steps(now)]
        return sorted(found, key=lambda happening: happening.at)

    def _new_blocks(self) -> Iterator[Happening]:
        blocks = self._store.blocks
        end = len(blocks)
        for block in blocks[self._blocks : end]:
            if isinstance(block, Inbound):
                yield _received(block)
            else:
                # A moment earlier, for a pace so high that the first text leaves at once.
                self._follow(block, block.created - 1)
        self._blocks = end

    def _new_changes(self) -> Iterator[Happening]:
        changes = self._store.opt_outs.changes
        end = len(changes)
        for change in changes[self._changes : end]:
            yield from _opted(change)
        self._changes = end

    def _new_entries(self) -> Iterator[Happening]:
        journal = self._mailbox.journal
        end = len(journal)
        for entry in journal[self._entries : end]:
            yield from _mailed(entry)
        self._entries = end

    def _steps(self, now: int) -> Iterator[Happening]:
        while self._due and self._due[0][0] <= now:
            at, number, kind, index, _ = heapq.heappop(self._due)
            batch = self._store.batches[number]
            progress = self._progress(at)
            if kind == _END:
                yield _completed(progress, batch)
                continue
            if kind == _LEAVES:
                self._expect_leaving(batch, index + 1)
                self._expect_later(progress, batch, index, at)
            yield _moved(progress, batch, index)


def _fixed(body: dict[str, Any]) -> Callable[[str], dict[str, Any]]:
    return lambda _: body


def _received(message: Inbound) -> Happening:
    body = inbound_record(message, count_segments(message.text), with_text=True)
    facts = {"direction": "Inbound", "from": message.sender, "to": message.receiver}
    return Happening(message.created, MESSAGES, facts, _fixed(body))


def _moved(progress: Progress, batch: Batch, index: int) -> Happening:
    facts = {
        "direction": "Outbound",
        "from": batch.sender,
        "to": batch.to[index],
        "batchId": batch.id,
    }
    return Happening(
        progress.now, MESSAGES, facts, lambda _: progress.message_record(batch, index, with_text=True)
    )


def _completed(progress: Progress, batch: Batch) -> Happening:
    body = progress.batch_record(batch)
    del body["rejected"]
    return Happening(progress.now, BATCHES, {"id": batch.id, "from": batch.sender}, _fixed(body))


def _opted(change: Change) -> Iterator[Happening]:
    """In both, `from` is our number, though the word to stop travelled the other way."""
    older = {"from": change.sender, "to": change.recipient, "active": change.stopped}
    newer = {
        "from": change.sender,
        "to": change.recipient,
        "optStatus": change.status,
        "source": change.source,
        "lastModifiedTime": iso(change.at),
    }
    yield Happening(change.at, OPT_OUTS, {"from": change.sender}, _fixed(older))
    yield Happening(change.at, CONSENTS, {}, _fixed({"records": [newer]}))


def _mailed(entry: Entry) -> Iterator[Happening]:
    mail, at = entry.mail, entry.at
    facts = {"type": mail.type, "direction": "Inbound" if mail.inbound else "Outbound"}
    counts = {"newCount": 1, "newMessageIds": [mail.id]} if entry.new else {"updatedCount": 1}
    body = {
        "extensionId": EXTENSION_ID,
        "lastUpdated": brief_time(at),
        "changes": [{"type": mail.type, **counts}],
    }
    yield Happening(at, MAILBOX, facts, _fixed(body))
    if entry.new and mail.inbound and mail.type == SMS:

        def whole(base: str) -> dict[str, Any]:
            return mail_record(mail, at, base) | {
                "id": str(mail.id),
                "conversationId": mail.conversation,
                "eventType": "Create",
                "ownerId": EXTENSION_ID,
            }

        yield Happening(at, INSTANT, facts, whole)
