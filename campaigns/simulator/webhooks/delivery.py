"""Delivers the events of one subscription, in a thread of its own."""

import queue
import threading
import time
from collections import deque
from dataclasses import dataclass

from campaigns.simulator.carrier.faults import WEBHOOK_METHOD, Faults
from campaigns.simulator.carrier.store import Store
from campaigns.simulator.carrier.timestamps import iso_time
from campaigns.simulator.webhooks.http_client import WebhookError, post
from campaigns.simulator.webhooks.subscriptions import Subscription, Subscriptions

TIMEOUT_SECONDS = 3.0
USER_AGENT = "RingCentral-Webhook/8.3"
_MAX_TRIES = 3
_MAX_RETRY_PAUSE_SECONDS = 1.0
_REORDER_SECONDS = 0.5
"""How long an event that `hook_reorder` holds back waits to be overtaken, unless the fault says."""
_MAX_LOGGED_ATTEMPTS = 10_000


def webhook_headers(token: str) -> dict[str, str]:
    headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
    return headers | ({"Verification-Token": token} if token else {})


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event for one subscription."""

    uuid: str
    event: str
    body: bytes


class DeliveryLog:
    """Every attempt with its result, newest last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.attempts: deque[dict[str, str]] = deque(maxlen=_MAX_LOGGED_ATTEMPTS)

    def add(self, subscription: Subscription, envelope: Envelope, result: str) -> None:
        self.attempts.append(
            {
                "at": iso_time(self._store.clock.now()),
                "subscriptionId": subscription.id,
                "event": envelope.event,
                "uuid": envelope.uuid,
                "result": result,
            }
        )


class DeliveryWorker:
    """Delivers in order, unless a fault says otherwise."""

    def __init__(
        self,
        subscription: Subscription,
        subscriptions: Subscriptions,
        store: Store,
        faults: Faults,
        log: DeliveryLog,
    ) -> None:
        self.subscription = subscription
        self._subscriptions = subscriptions
        self._store = store
        self._faults = faults
        self._log = log
        self._queue: queue.SimpleQueue[Envelope | None] = queue.SimpleQueue()
        self._held_back: list[Envelope] = []
        self._hold_seconds = _REORDER_SECONDS
        threading.Thread(target=self._run, daemon=True).start()

    def enqueue(self, envelope: Envelope) -> None:
        self._queue.put(envelope)

    def stop(self) -> None:
        """What is enqueued already is still delivered."""
        self._queue.put(None)

    def _run(self) -> None:
        while True:
            try:
                envelope = self._queue.get(timeout=self._hold_seconds if self._held_back else None)
            except queue.Empty:
                self._release()
                continue
            if envelope is None:
                return
            self._process(envelope)

    def _process(self, envelope: Envelope) -> None:
        fault = self._faults.pick(WEBHOOK_METHOD, envelope.event)
        kind = fault.fault if fault else ""
        if kind == "hook_drop":
            self._log.add(self.subscription, envelope, "dropped by a fault")
            return
        if fault and kind == "hook_reorder":
            self._held_back.append(envelope)
            self._hold_seconds = fault.seconds or _REORDER_SECONDS
            return
        if fault and kind == "hook_delay":
            time.sleep(fault.seconds)
        self._deliver(envelope)
        if kind == "hook_duplicate":
            self._deliver(envelope)
        self._release()

    def _release(self) -> None:
        held_back, self._held_back = self._held_back, []
        for envelope in held_back:
            self._deliver(envelope)

    def _deliver(self, envelope: Envelope) -> None:
        """Retry a few times. After that the event is lost, as on the platform."""
        result = ""
        for attempt in range(_MAX_TRIES):
            if attempt:
                time.sleep(min(_MAX_RETRY_PAUSE_SECONDS, _MAX_RETRY_PAUSE_SECONDS / self._store.speed))
            if not self._subscriptions.is_active(self.subscription):
                return
            result = self._post(envelope)
            self._log.add(self.subscription, envelope, result)
            if result == "200":
                self._subscriptions.record_success(self.subscription)
                return
        self._subscriptions.record_failure(self.subscription, result)

    def _post(self, envelope: Envelope) -> str:
        """The status of the response, or why there was none."""
        headers = webhook_headers(self.subscription.token)
        headers["Content-Type"] = "application/json; charset=UTF-8"
        try:
            return str(post(self.subscription.address, headers, envelope.body, TIMEOUT_SECONDS).status)
        except WebhookError as error:
            return str(error)
