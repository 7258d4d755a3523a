"""Passes events to the subscriptions that want them."""

import random
import threading
import time
from typing import Any

import orjson

from campaigns.simulator.carrier.faults import Faults
from campaigns.simulator.carrier.numbers import EXTENSION_ID
from campaigns.simulator.carrier.replies import Replies
from campaigns.simulator.carrier.store import Store
from campaigns.simulator.carrier.timestamps import iso_time_ms
from campaigns.simulator.webhooks.delivery import DeliveryLog, DeliveryWorker, Envelope
from campaigns.simulator.webhooks.event_source import EventSource
from campaigns.simulator.webhooks.events import Event
from campaigns.simulator.webhooks.subscriptions import Subscription, Subscriptions

_POLL_SECONDS = 0.02


class Dispatcher:
    """One thread polls for events while there is a subscription; each subscription has its own worker."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        source: EventSource,
        replies: Replies,
        store: Store,
        faults: Faults,
    ) -> None:
        self.log = DeliveryLog(store)
        self.lock = threading.RLock()
        """Hold it to change the store without events, as a reset does."""
        self._subscriptions = subscriptions
        self._source = source
        self._replies = replies
        self._store = store
        self._faults = faults
        self._workers: dict[str, DeliveryWorker] = {}
        self._busy = threading.Event()
        self._started = False

    def start(self, subscription: Subscription) -> None:
        """Earlier events go to the earlier subscriptions only."""
        with self.lock:
            if self._workers:
                self._dispatch()
            else:
                self._source.start(self._store.clock.now())
            self._workers[subscription.id] = DeliveryWorker(
                subscription, self._subscriptions, self._store, self._faults, self.log
            )
            self._busy.set()
            if not self._started:
                self._started = True
                threading.Thread(target=self._run, daemon=True).start()

    def resume(self) -> None:
        """After a restart. Events during the downtime are not delivered."""
        for subscription in self._subscriptions.alive(self._store.clock.now()):
            self.start(subscription)

    def stop(self, subscription_id: str) -> None:
        with self.lock:
            worker = self._workers.pop(subscription_id, None)
            if worker:
                worker.stop()
            if not self._workers:
                self._busy.clear()

    def clear(self) -> None:
        for subscription_id in list(self._workers):
            self.stop(subscription_id)
        self.log.attempts.clear()

    def _run(self) -> None:
        while self._busy.wait():
            self._replies.receive_due(self._store.clock.now())
            with self.lock:
                if self._workers:
                    self._dispatch()
            time.sleep(_POLL_SECONDS)

    def _dispatch(self) -> None:
        for event in self._source.poll(self._store.clock.now()):
            for worker in self._workers.values():
                for envelope in envelopes(event, worker.subscription):
                    worker.enqueue(envelope)


def envelopes(event: Event, subscription: Subscription) -> list[Envelope]:
    """Each filter that matches makes an envelope of its own."""
    if not subscription.is_active(event.at):
        return []
    result = []
    for one in subscription.filters:
        if one.matches(event):
            number = str(random.getrandbits(63))
            content: dict[str, Any] = {
                "uuid": number,
                "event": one.text,
                "timestamp": iso_time_ms(event.at),
                "subscriptionId": subscription.id,
                "ownerId": EXTENSION_ID,
                "body": event.body(subscription.base),
            }
            result.append(Envelope(number, one.text, orjson.dumps(content)))
    return result
