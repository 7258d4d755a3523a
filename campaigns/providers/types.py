"""What crosses the border between Carillon and a provider's client, in our own words. No HTTP, no Django."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple

from campaigns.providers.mailbox_types import MailboxMessage

JSON = dict[str, Any]

# --- numbers and their registration


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderNumber:
    """A number of the account. Only one with `can_send_batches` may send a campaign."""

    phone: str  # E.164
    label: str
    toll_free: bool
    can_send_batches: bool
    features: tuple[str, ...] = ()
    provider_id: str = ""


REGISTRATION_CONFIRMED: Final = "Confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The registered campaign (10DLC, The Campaign Registry) of a number; all fields empty if it has none."""

    campaign_id: str = ""
    status: str = ""
    """REGISTRATION_CONFIRMED, or another word of the provider: with any other, texts from the number fail."""
    tier: str = ""
    """LowVolume: 6,000 texts a day across all numbers. StandardVolume: more."""
    use_cases: tuple[str, ...] = ()
    brand_status: str = ""
    problems: tuple[str, ...] = ()
    """Codes of what is wrong with the campaign or its brand."""

    @property
    def confirmed(self) -> bool:
        return self.status == REGISTRATION_CONFIRMED


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
    status: str
    created_at: datetime | None
    modified_at: datetime | None
    cost: Decimal | None
    rejected: tuple[Rejected, ...] = ()
    request_id: str = ""
    http_status: int | None = None
    raw: bytes = b""
    """The first 64 KiB of the answer, for evidence."""

    @property
    def completed(self) -> bool:
        return self.status == "Completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteMessage:
    """A message as the provider's store describes it. `text` is empty unless it was asked for."""

    provider_id: str
    batch_id: str
    sender: str
    to: str
    direction: str  # Inbound or Outbound
    status: str  # Queued, Sent, Delivered, SendingFailed, DeliveryFailed, or a word not known yet
    error_code: str
    segments: int | None
    cost: Decimal | None
    text: str
    created_at: datetime | None
    modified_at: datetime | None


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

EVERY_SENDER: Final = "*"
"""In place of a sender: all numbers of the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutRecord:
    """What a provider has on one pair of our number and a person's."""

    sender: str  # our number: E.164 or EVERY_SENDER; empty if the record is about a kind of campaign
    recipient: str  # the person's number, E.164
    opted_out: bool
    source: str = ""
    """Who made it: Recipient, Api (Account in RingCentral's older list), Upstream, Carrier, or empty."""
    coverage: str = ""
    """PhoneNumber, Account or CampaignType; empty if the provider does not say."""
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutChange:
    """A request to block a pair, or to allow it again."""

    sender: str  # our number: E.164 or EVERY_SENDER
    recipient: str
    opted_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutRefusal:
    """A change that the provider did not take. Changes not named in an answer were taken."""

    change: OptOutChange
    code: str  # the provider's; empty if it gave none


# --- webhooks


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


class Topic(StrEnum):
    """What an event is about."""

    BATCH = "batch"
    MESSAGE = "message"
    OPT_OUT = "opt_out"
    MAIL = "mail"
    """A message that came into the mailbox."""
    MAIL_CHANGED = "mail_changed"
    """Something in the mailbox; ask `Mailbox.sync` for what it was."""
    RENEWAL = "renewal"
    """The subscription ends soon."""
    UNKNOWN = "unknown"


Payload = BatchState | RemoteMessage | tuple[OptOutRecord, ...] | MailboxMessage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Events come twice, in any order, or not at all: go by `uuid`, and never move a status back."""

    uuid: str
    topic: Topic
    subscription_id: str
    at: datetime | None
    payload: Payload
    """BatchState, RemoteMessage, OptOutRecords or MailboxMessage by `topic`; None for the other topics, and
    where the body does not hold what the topic needs."""
    raw: JSON = field(repr=False)
    """The whole body as it came; holds numbers and texts."""
