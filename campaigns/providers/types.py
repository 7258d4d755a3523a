"""What crosses the border between Carillon and a provider's client, in our own words. No HTTP, no Django."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple

JSON = dict[str, Any]

# --- the words of messages and batches


class Code(StrEnum):
    """A code of ours. `Code(value)` gives UNKNOWN for a value that is no code."""

    @classmethod
    def _missing_(cls, value: object) -> Code:
        return cls("")


class MessageStatus(Code):
    QUEUED = "Queued"
    SENT = "Sent"
    DELIVERED = "Delivered"
    SENDING_FAILED = "SendingFailed"
    DELIVERY_FAILED = "DeliveryFailed"
    RECEIVED = "Received"
    UNKNOWN = ""


RANK: Final[dict[MessageStatus, int]] = {
    MessageStatus.UNKNOWN: -1,
    MessageStatus.QUEUED: 0,
    MessageStatus.SENT: 1,
    MessageStatus.DELIVERED: 2,
    MessageStatus.SENDING_FAILED: 2,
    MessageStatus.DELIVERY_FAILED: 2,
    MessageStatus.RECEIVED: 2,
}
"""A status only gives way to one of a higher rank; FINAL gives way to nothing."""
FINAL: Final = 2


class BatchStatus(Code):
    QUEUED = "Queued"
    PROCESSING = "Processing"
    SENT = "Sent"
    COMPLETED = "Completed"
    UNKNOWN = ""


class Direction(Code):
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    UNKNOWN = ""


# --- numbers and their registration


class Feature(Code):
    """What a number can do."""

    CAMPAIGNS = "campaigns"
    TEXTS = "texts"
    TEXTS_ABROAD = "texts_abroad"
    PICTURES = "pictures"
    PICTURES_ABROAD = "pictures_abroad"
    CALLS = "calls"
    FAXES = "faxes"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderNumber:
    """A number of the account. Only one with `can_send_batches` may send a campaign."""

    phone: str  # E.164
    label: str
    toll_free: bool
    can_send_batches: bool
    features: tuple[str, ...] = ()
    """Values of Feature, and the provider's own words where we have no code."""
    provider_id: str = ""


class RegistrationStatus(Code):
    """Texts from a number fail unless its campaign is CONFIRMED."""

    CONFIRMED = "confirmed"
    PENDING = "pending"
    RETURNED = "returned"
    """Somebody has to correct the registration."""
    ENDED = "ended"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The registered campaign (10DLC, The Campaign Registry) of a number; all fields empty if it has none."""

    campaign_id: str = ""
    status: RegistrationStatus = RegistrationStatus.UNKNOWN
    status_word: str = ""
    """The provider's own word, for people; empty if the number is in no campaign."""
    low_volume: bool = False
    """6,000 texts a day across all numbers."""
    problems: tuple[str, ...] = ()
    """Codes of what is wrong with the campaign or its brand."""

    @property
    def confirmed(self) -> bool:
        return self.status is RegistrationStatus.CONFIRMED


# --- batches and messages


class OutgoingText(NamedTuple):
    """A tuple, because a campaign makes one for every recipient and a dataclass takes three times as long."""

    to: str  # E.164
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A recipient that the provider refused in the answer to a batch, and mentions nowhere else."""

    index: int  # 1-based position among the texts of the request
    to: str
    code: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """A batch as the provider describes it."""

    provider_id: str
    sender: str
    batch_size: int
    processed_count: int
    status: BatchStatus
    created_at: datetime | None
    modified_at: datetime | None
    cost: Decimal | None
    unknown_status: str = ""
    """The provider's own word, only if `status` is UNKNOWN."""
    rejected: tuple[Rejected, ...] = ()
    request_id: str = ""
    http_status: int | None = None
    raw: bytes = b""
    """The first 64 KiB of the answer, for evidence."""

    @property
    def completed(self) -> bool:
        return self.status is BatchStatus.COMPLETED

    @property
    def status_text(self) -> str:
        """To store and show: our code, or the provider's word where we have none."""
        return self.unknown_status or self.status.value


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteMessage:
    """A message as the provider's store describes it. `text` is empty unless it was asked for."""

    provider_id: str
    batch_id: str
    sender: str
    to: str
    direction: Direction
    status: MessageStatus
    error_code: str
    segments: int | None
    cost: Decimal | None
    text: str
    created_at: datetime | None
    modified_at: datetime | None
    unknown_status: str = ""
    """The provider's own word, only if `status` is UNKNOWN."""

    @property
    def status_text(self) -> str:
        """To store and show: our code, or the provider's word where we have none."""
        return self.unknown_status or self.status.value


@dataclass(frozen=True, slots=True)
class StatusTotal:
    count: int = 0
    cost: Decimal = Decimal(0)
    error_codes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusTotals:
    """The provider's own aggregation over messages."""

    queued: StatusTotal
    sent: StatusTotal
    delivered: StatusTotal
    sending_failed: StatusTotal
    delivery_failed: StatusTotal

    @property
    def count(self) -> int:
        parts = (self.queued, self.sent, self.delivered, self.sending_failed, self.delivery_failed)
        return sum(part.count for part in parts)

    @property
    def cost(self) -> Decimal:
        parts = (self.queued, self.sent, self.delivered, self.sending_failed, self.delivery_failed)
        return sum((part.cost for part in parts), Decimal(0))


# --- opt-outs


class OptOutSource(Code):
    """Who made a record."""

    RECIPIENT = "recipient"
    API = "api"
    UPSTREAM = "upstream"
    CARRIER = "carrier"
    UNKNOWN = ""


EVERY_SENDER: Final = "*"
"""In place of a sender: all numbers of the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutRecord:
    """What a provider has on one pair of our number and a person's."""

    sender: str  # our number: E.164 or EVERY_SENDER; empty if the record is about a kind of campaign
    recipient: str  # the person's number, E.164
    opted_out: bool
    source: OptOutSource = OptOutSource.UNKNOWN
    changed_at: datetime | None = None


# --- webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class DisabledFilter:
    """A part of a subscription that the provider left out without refusing the rest."""

    filter: str
    code: str


class SubscriptionStatus(Code):
    ACTIVE = "active"
    BLACKLISTED = "blacklisted"
    """The provider gave up on our address, for good."""
    UNKNOWN = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    provider_id: str
    address: str
    filters: tuple[str, ...]
    disabled: tuple[DisabledFilter, ...]
    status: SubscriptionStatus
    failure: str
    """Why the provider no longer calls, in its own words; empty while it does."""
    expires_at: datetime | None

    @property
    def active(self) -> bool:
        return self.status is SubscriptionStatus.ACTIVE
