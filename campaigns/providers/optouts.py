"""Who may not be texted, as a provider keeps it, in our own words. No HTTP and no Django here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

EVERY_SENDER: Final = "*"
"""In place of a sender: all numbers of the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutRecord:
    """What a provider has on one pair of our number and a person's."""

    sender: str  # ours: E.164 or EVERY_SENDER; empty where a record is about a kind of campaign
    recipient: str  # the person's, E.164
    opted_out: bool
    source: str = ""
    """Who said so: Recipient, Api (Account in RingCentral's older list), Upstream, Carrier, or empty."""
    coverage: str = ""
    """PhoneNumber, Account or CampaignType; empty if the provider does not say."""
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutChange:
    """A wish: block this pair, or let it be texted again."""

    sender: str  # ours: E.164 or EVERY_SENDER
    recipient: str
    opted_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutRefusal:
    """A wish that the provider did not take; those not named in an answer were taken."""

    change: OptOutChange
    code: str  # the provider's; empty if it gave none


class OptOutStore(Protocol):
    """What a provider with `has_opt_out_store` offers. All of it raises ProviderError."""

    def current(
        self,
        *,
        senders: Sequence[str] = (),
        recipients: Sequence[str] = (),
        opted_out: bool | None = True,
    ) -> Iterator[list[OptOutRecord]]:
        """Pages of what holds now. No sender or no recipient means any; `opted_out` None means both ways."""

    def write(self, changes: Iterable[OptOutChange]) -> list[OptOutRefusal]:
        """Store any number of changes, some at a time; an error leaves the earlier ones in force."""

    def history(self, recipients: Sequence[str] = ()) -> Iterator[list[OptOutRecord]]:
        """Every change there ever was, with its time in `changed_at`."""

    def export(self) -> Iterator[OptOutRecord]:
        """Everything that holds now, in one answer: what a list of many pages would take minutes for."""
