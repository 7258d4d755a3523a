"""Where a provider may tell us things by itself, in our own words. No HTTP and no Django here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class DisabledFilter:
    """A part of a subscription that the provider left out without refusing the rest."""

    filter: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    provider_id: str
    address: str
    filters: tuple[str, ...]
    disabled: tuple[DisabledFilter, ...]
    status: str  # Active, Blacklisted, or a word that we do not know yet
    trouble: str
    """Why the provider no longer calls, in its own words; empty while it does."""
    created_at: datetime | None
    expires_at: datetime | None
    lifetime: int | None
    """Seconds that were left when the provider answered."""

    @property
    def active(self) -> bool:
        return self.status == "Active"


class Webhooks(Protocol):
    """What a provider with `has_callbacks` offers. All of it raises ProviderError."""

    def create(
        self, address: str, *, token: str, filters: Sequence[str] = (), lifetime: int | None = None
    ) -> Subscription:
        """The provider calls `address` before this returns, and shows `token` with every later call.

        `lifetime` in seconds, None for the longest. A call whose answer is lost may have made one: look.
        """

    def list(self) -> list[Subscription]: ...

    def get(self, subscription_id: str) -> Subscription: ...

    def renew(self, subscription_id: str) -> Subscription: ...

    def update(
        self, subscription_id: str, filters: Sequence[str], *, lifetime: int | None = None
    ) -> Subscription:
        """Other filters. Address and token cannot be changed: make a new one, then delete the old."""

    def delete(self, subscription_id: str) -> None:
        """One that is gone already is done."""
