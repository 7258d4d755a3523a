"""Tells subscribers what happened: one thread that looks, and one for each subscription that delivers."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from campaigns.simulator.api.answers import iso
from campaigns.simulator.carrier.clock import Clock
from campaigns.simulator.carrier.faults import HOOK, Faults
from campaigns.simulator.carrier.numbers import EXTENSION_ID
from campaigns.simulator.records.mail import brief_time
from campaigns.simulator.webhooks.event_filters import Happening
from campaigns.simulator.webhooks.event_source import Watch
from campaigns.simulator.webhooks.http_client import HookError, call_hook
from campaigns.simulator.webhooks.subscriptions import Subscription, Subscriptions

HOOK_SECONDS = 3.0
USER_AGENT = "RingCentral-Webhook/8.3"
_LOOK_EVERY_SECONDS = 0.02
_TRIES = 3
_HELD_SECONDS = 0.5
"""How long an event that a fault holds back waits for one to overtake it, unless the fault says."""
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Letter:
    """One event for one subscription."""

    uuid: str
    event: str
    body: bytes


class Courier:
    """Delivers the events of one subscription, in order unless a fault says otherwise."""

    def __init__(self, subscription: Subscription, post: Postman) -> None:
        self.subscription = subscription
        self.letters: queue.SimpleQueue[Letter | None] = queue.SimpleQueue()
        self._post = post
        self._held: list[Letter] = []
        self._patience = _HELD_SECONDS
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                letter = self.letters.get(timeout=self._patience if self._held else None)
            except queue.Empty:
                self._release()
                continue
            if letter is None:
                return
            self._take(letter)

    def _take(self, letter: Letter) -> None:
        fault = self._post.faults.pick(HOOK, letter.event)
        kind = fault.fault if fault else ""
        if kind == "hook_drop":
            self._post.note(self.subscription, letter, "dropped by a fault")
            return
        if fault and kind == "hook_reorder":
            self._held.append(letter)
            self._patience = fault.seconds or _HELD_SECONDS
            return
        if fault and kind == "hook_delay":
            time.sleep(fault.seconds)
        self._deliver(letter)
        if kind == "hook_duplicate":
            self._deliver(letter)
        self._release()

    def _release(self) -> None:
        held, self._held = self._held, []
        for letter in held:
            self._deliver(letter)

    def _deliver(self, letter: Letter) -> None:
        """A few tries; an event that none of them brings to its place is lost, as on the platform."""
        result = ""
        for number in range(_TRIES):
            if number:
                time.sleep(self._post.pause())
            if not self._post.wanted(self.subscription):
                return
            result = self._try(letter)
            self._post.note(self.subscription, letter, result)
            if result == "200":
                self._post.subscriptions.delivered(self.subscription)
                return
        self._post.subscriptions.lose(self.subscription, result)

    def _try(self, letter: Letter) -> str:
        headers = hook_headers(self.subscription.token) | {"Content-Type": "application/json; charset=UTF-8"}
        try:
            return str(call_hook(self.subscription.address, headers, letter.body, HOOK_SECONDS).status)
        except HookError as error:
            return str(error)


def hook_headers(token: str) -> dict[str, str]:
    headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
    return headers | ({"Verification-Token": token} if token else {})


class Postman:
    def __init__(
        self,
        subscriptions: Subscriptions,
        watch: Watch,
        faults: Faults,
        clock: Clock,
        *,
        arrive: Callable[[int], None],
        speed: Callable[[], float],
    ) -> None:
        self.subscriptions = subscriptions
        self.faults = faults
        self.deliveries: deque[dict[str, str]] = deque(maxlen=_REMEMBERED)
        """What was tried and what came of it, newest last."""
        self._watch = watch
        self._clock = clock
        self._arrive = arrive
        self._speed = speed
        self._couriers: dict[str, Courier] = {}
        self.lock = threading.RLock()
        """Held by whoever must not be looked at, such as a reset."""
        self._busy = threading.Event()
        self._started = False

    def pause(self) -> float:
        """Seconds between two tries."""
        return min(1.0, 1.0 / self._speed())

    def wanted(self, subscription: Subscription) -> bool:
        known = self.subscriptions.get(subscription.id) is subscription
        return known and subscription.active(self._clock.now())

    def note(self, subscription: Subscription, letter: Letter, result: str) -> None:
        self.deliveries.append(
            {
                "at": iso(self._clock.now()),
                "subscriptionId": subscription.id,
                "event": letter.event,
                "uuid": letter.uuid,
                "result": result,
            }
        )

    def serve(self, subscription: Subscription) -> None:
        """Tell this one from now on. What happened before it is told to those that were there already."""
        with self.lock:
            if self._couriers:
                self._spread()
            else:
                self._watch.start(self._clock.now())
            self._couriers[subscription.id] = Courier(subscription, self)
            self._busy.set()
            if not self._started:
                self._started = True
                threading.Thread(target=self._run, daemon=True).start()

    def resume(self) -> None:
        """After a restart: what happened meanwhile is not told."""
        for subscription in self.subscriptions.living(self._clock.now()):
            self.serve(subscription)

    def dismiss(self, subscription_id: str) -> None:
        with self.lock:
            courier = self._couriers.pop(subscription_id, None)
            if courier:
                courier.letters.put(None)
            if not self._couriers:
                self._busy.clear()

    def clear(self) -> None:
        for subscription_id in list(self._couriers):
            self.dismiss(subscription_id)
        self.deliveries.clear()

    def _run(self) -> None:
        while self._busy.wait():
            self._arrive(self._clock.now())
            with self.lock:
                if self._couriers:
                    self._spread()
            time.sleep(_LOOK_EVERY_SECONDS)

    def _spread(self) -> None:
        for happening in self._watch.look(self._clock.now()):
            for courier in self._couriers.values():
                self._post(courier, happening)

    def _post(self, courier: Courier, happening: Happening) -> None:
        """Each filter that is meant gives an event of its own."""
        subscription = courier.subscription
        if not subscription.active(happening.at):
            return
        for one in subscription.filters:
            if one.takes(happening):
                number = str(random.getrandbits(63))
                envelope: dict[str, Any] = {
                    "uuid": number,
                    "event": one.text,
                    "timestamp": brief_time(happening.at),
                    "subscriptionId": subscription.id,
                    "ownerId": EXTENSION_ID,
                    "body": happening.body(subscription.base),
                }
                courier.letters.put(Letter(number, one.text, orjson.dumps(envelope)))
