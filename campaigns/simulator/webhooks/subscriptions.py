"""Webhook subscriptions: their filters, their lifetime and their failures."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from campaigns.simulator.carrier.clock import SECOND
from campaigns.simulator.carrier.store import Store
from campaigns.simulator.webhooks.events import DisabledFilter, EventFilter

_MAX_FAILURES_IN_A_ROW = 10
"""After so many events lost in a row, the subscription is blacklisted for good."""


@dataclass(slots=True, kw_only=True)
class Subscription:
    id: str
    address: str
    token: str
    """The subscriber's own secret, sent with every event and never shown."""
    base: str
    """The API's address as the subscriber called it, for the links in events."""
    filters: list[EventFilter]
    disabled: list[DisabledFilter]
    created: int
    expires: int
    blacklisted: int = 0
    reason: str = ""
    lost: int = field(default=0, compare=False)
    """Events lost in a row."""

    def is_alive(self, now: int) -> bool:
        return now < self.expires

    def is_active(self, now: int) -> bool:
        return self.is_alive(now) and not self.blacklisted

    @classmethod
    def from_log(cls, record: dict[str, Any]) -> Subscription:
        filters = [EventFilter(**one) for one in record["filters"]]
        disabled = [DisabledFilter(**one) for one in record["disabled"]]
        return cls(**record | {"filters": filters, "disabled": disabled})


class Subscriptions:
    """Changes hold the store's lock. Each writes all subscriptions to the state file."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._all: dict[str, Subscription] = {}

    def clear(self) -> None:
        self._all = {}

    def restore(self, records: list[dict[str, Any]]) -> None:
        self._all = {record["id"]: Subscription.from_log(record) for record in records}

    def save(self) -> None:
        with self._store.lock:
            everything = [asdict(one) for one in self._all.values()]
            self._store.append_record({"kind": "subscriptions", "all": everything})

    def alive(self, now: int) -> list[Subscription]:
        return [one for one in list(self._all.values()) if one.is_alive(now)]

    def get(self, subscription_id: str) -> Subscription | None:
        """Expired subscriptions too, until they are removed."""
        return self._all.get(subscription_id)

    def is_active(self, subscription: Subscription) -> bool:
        """False once it was removed, even if another one has its id after a reset."""
        known = self._all.get(subscription.id) is subscription
        return known and subscription.is_active(self._store.clock.now())

    def add(
        self,
        *,
        address: str,
        token: str,
        base: str,
        filters: list[EventFilter],
        disabled: list[DisabledFilter],
        seconds: int,
    ) -> Subscription:
        with self._store.lock:
            now = self._store.clock.now()
            subscription = Subscription(
                id=str(uuid.uuid4()),
                address=address,
                token=token,
                base=base,
                filters=filters,
                disabled=disabled,
                created=now,
                expires=now + seconds * SECOND,
            )
            self._all[subscription.id] = subscription
            self.save()
        return subscription

    def remove(self, subscription: Subscription) -> None:
        with self._store.lock:
            self._all.pop(subscription.id, None)
            self.save()

    def record_success(self, subscription: Subscription) -> None:
        subscription.lost = 0

    def record_failure(self, subscription: Subscription, reason: str) -> None:
        """An event was lost."""
        with self._store.lock:
            subscription.lost += 1
            if subscription.lost >= _MAX_FAILURES_IN_A_ROW and not subscription.blacklisted:
                subscription.blacklisted = self._store.clock.now()
                subscription.reason = f"I/O operation is failed. Details: [{reason}]"
                self.save()
