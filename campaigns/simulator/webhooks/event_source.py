"""Detects what happened to texts, opt-outs and the mailbox since the last poll."""

from collections.abc import Iterator

from campaigns.simulator.carrier.blocks import Inbound
from campaigns.simulator.carrier.store import Store
from campaigns.simulator.mailbox.mailbox import Mailbox
from campaigns.simulator.webhooks.events import Event
from campaigns.simulator.webhooks.factory import (
    completed_event,
    inbound_event,
    mailbox_events,
    opt_out_events,
    outbound_event,
)
from campaigns.simulator.webhooks.step_schedule import StepSchedule


class EventSource:
    def __init__(self, store: Store, mailbox: Mailbox, seed: int) -> None:
        self._store = store
        self._mailbox = mailbox
        self._schedule = StepSchedule(store, seed)
        self.start(0)

    def start(self, now: int) -> None:
        """Skip everything up to now. Texts under way still make events when they change."""
        self._blocks = len(self._store.blocks)
        self._changes = len(self._store.opt_outs.changes)
        self._entries = len(self._mailbox.journal)
        self._schedule.restart(now)

    def poll(self, now: int) -> list[Event]:
        """Oldest first."""
        events = [*self._inbound(), *self._opt_outs(), *self._mailbox_changes(), *self._steps(now)]
        return sorted(events, key=lambda event: event.at)

    def _inbound(self) -> Iterator[Event]:
        """Also schedules the steps of new batches."""
        blocks = self._store.blocks
        end = len(blocks)
        for block in blocks[self._blocks : end]:
            if isinstance(block, Inbound):
                yield inbound_event(block)
            else:
                # A moment earlier, because at a very high pace the first text leaves at once.
                self._schedule.follow(block, block.created - 1)
        self._blocks = end

    def _opt_outs(self) -> Iterator[Event]:
        changes = self._store.opt_outs.changes
        end = len(changes)
        for change in changes[self._changes : end]:
            yield from opt_out_events(change)
        self._changes = end

    def _mailbox_changes(self) -> Iterator[Event]:
        journal = self._mailbox.journal
        end = len(journal)
        for entry in journal[self._entries : end]:
            yield from mailbox_events(entry)
        self._entries = end

    def _steps(self, now: int) -> Iterator[Event]:
        for step in self._schedule.pop_due(now):
            if step.index is None:
                yield completed_event(step.progress, step.batch)
            else:
                yield outbound_event(step.progress, step.batch, step.index)
