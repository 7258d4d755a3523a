"""Webhook subscriptions: who wants to be told what, and for how long."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from campaigns.simulator.carrier.clock import SECOND
from campaigns.simulator.carrier.store import Store
from campaigns.simulator.records.mail import brief_time
from campaigns.simulator.webhooks.event_filters import Disabled, EventFilter

MOST = 30
DEFAULT_SECONDS = 7 * 24 * 3600
LONGEST_SECONDS = 315_360_000
_LOST_IN_A_ROW = 10
"""So many events lost one after the other, and the subscription is blacklisted for good."""


@dataclass(slots=True, kw_only=True)
class Subscription:
    id: str
    address: str
    token: str
    """The subscriber's own secret, sent along with every call; never shown."""
    base: str
    """Where its maker found us, for the links in events."""
    filters: list[EventFilter]
    disabled: list[Disabled]
    created: int
    expires: int
    blacklisted: int = 0
    reason: str = ""
    lost: int = field(default=0, compare=False)
    """Events in a row that could not be delivered."""

    def living(self, now: int) -> bool:
        return now < self.expires

    def active(self, now: int) -> bool:
        return self.living(now) and not self.blacklisted

    def describe(self, now: int) -> dict[str, Any]:
        record: dict[str, Any] = {
            "uri": f"{self.base}/v1.0/subscription/{self.id}",
            "id": self.id,
            "creationTime": brief_time(self.created),
            "status": "Blacklisted" if self.blacklisted else "Active",
            "eventFilters": [one.text for one in self.filters],
            "disabledFilters": [one.describe() for one in self.disabled],
            "expirationTime": brief_time(self.expires),
            "expiresIn": max(1, (self.expires - now) // SECOND),
            "deliveryMode": {"transportType": "WebHook", "encryption": False, "address": self.address},
        }
        if self.blacklisted:
            record["blacklistedData"] = {
                "blacklistedAt": brief_time(self.blacklisted),
                "reason": self.reason,
            }
        return record

    @classmethod
    def from_log(cls, record: dict[str, Any]) -> Subscription:
        filters = [EventFilter(**one) for one in record["filters"]]
        disabled = [Disabled(**one) for one in record["disabled"]]
        return cls(**record | {"filters": filters, "disabled": disabled})


class Subscriptions:
    """Changed under the store's lock, and written to the log as a whole with every change."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._all: dict[str, Subscription] = {}

    def clear(self) -> None:
        self._all = {}

    def restore(self, records: list[dict[str, Any]]) -> None:
        self._all = {record["id"]: Subscription.from_log(record) for record in records}

    def keep(self) -> None:
        with self._store.lock:
            everything = [asdict(one) for one in self._all.values()]
            self._store.note({"kind": "subscriptions", "all": everything})

    def living(self, now: int) -> list[Subscription]:
        return [one for one in list(self._all.values()) if one.living(now)]

    def get(self, subscription_id: str) -> Subscription | None:
        """Also one that has expired, until its maker removes it."""
        return self._all.get(subscription_id)

    def add(
        self,
        *,
        address: str,
        token: str,
        base: str,
        filters: list[EventFilter],
        disabled: list[Disabled],
        seconds: int,
    ) -> Subscription:
        with self._store.lock:
            now = self._store.clock.now()
            made = Subscription(
                id=str(uuid.uuid4()),
                address=address,
                token=token,
                base=base,
                filters=filters,
                disabled=disabled,
                created=now,
                expires=now + seconds * SECOND,
            )
            self._all[made.id] = made
            self.keep()
        return made

    def remove(self, subscription: Subscription) -> None:
        with self._store.lock:
            self._all.pop(subscription.id, None)
            self.keep()

    def delivered(self, subscription: Subscription) -> None:
        subscription.lost = 0

    def lose(self, subscription: Subscription, reason: str) -> None:
        """Note an event that could not be delivered."""
        with self._store.lock:
            subscription.lost += 1
            if subscription.lost >= _LOST_IN_A_ROW and not subscription.blacklisted:
                subscription.blacklisted = self._store.clock.now()
                subscription.reason = f"I/O operation is failed. Details: [{reason}]"
                self.keep()
