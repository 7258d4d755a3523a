"""What every provider of texts must offer, in our own words. No HTTP and no Django here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple, Protocol

from campaigns.providers.mailbox import Mailbox
from campaigns.providers.optouts import OptOutStore
from campaigns.providers.registration import Registration
from campaigns.providers.webhooks import Webhooks


class Fate(StrEnum):
    """What is known, after a failed call, of a request that hands texts to a provider."""

    NOT_SENT = "not_sent"
    """Proved: not one byte of the request left this process."""
    REFUSED = "refused"
    """Proved: the provider answered that it took nothing."""
    UNKNOWN = "unknown"
    """The provider may have taken it. Never send it again without a look at the provider's records."""


class ProviderError(Exception):
    """The one exception that leaves a provider client.

    Carries the decision, so that a caller never looks at status codes or exception types. Neither its text
    nor its attributes ever hold a token, a secret or a full phone number.
    """

    def __init__(
        self,
        sentence: str,
        *,
        code: str = "",
        permanent: bool = False,
        fate: Fate = Fate.UNKNOWN,
        http_status: int | None = None,
        retry_after: float | None = None,
        request_id: str = "",
        kind: str = "other",
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        """For people: what happened and what to do."""
        self.code = code
        """The provider's own code, such as CMN-101; empty if it gave none."""
        self.permanent = permanent
        """The same call will fail again until a person changes something."""
        self.fate = fate
        """Only meaningful for `submit`."""
        self.http_status = http_status
        self.retry_after = retry_after
        """Seconds of complete silence that the provider asked for; None if it did not."""
        self.request_id = request_id
        """The provider's own id of the failed request, for its support staff."""
        self.kind = kind
        """One of `unreachable`, `credentials`, `permission`, `rate`, `request`, `too_large`, `not_found`,
        `answer` (an answer that makes no sense), `server`, `stopped` (the hook before the first byte said
        no), `other`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderNumber:
    """A number of the account. Only one with `can_send_batches` may send a campaign."""

    phone: str  # E.164
    label: str
    toll_free: bool
    can_send_batches: bool
    features: tuple[str, ...] = ()
    provider_id: str = ""


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
    status: str  # Queued, Sent, Delivered, SendingFailed, DeliveryFailed, or a word that we do not know yet
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


class Gate(Protocol):
    """The shared rate limit. A client asks before every request and reports after it."""

    def wait(self, group: str) -> None:
        """Return when a request of this group may start; may sleep. Raises ProviderError(kind="rate") if the
        wait would be unreasonably long."""

    def learn(self, group: str, http_status: int, headers: dict[str, str]) -> None:
        """Take in the answer's rate headers (names in lower case). Status 0: the request ended without an
        answer."""


class TokenStore(Protocol):
    """Where the one access token of an account is kept, shared by all workers."""

    def load(self) -> tuple[str, datetime] | None:
        """The token and the moment, in UTC, from which a new one is wanted; or None."""

    def save(self, token: str, use_until: datetime) -> None: ...

    def drop(self, token: str) -> None:
        """Forget this token, unless another worker has already replaced it."""

    def minting(self) -> AbstractContextManager[bool]:
        """Held while a new token is got. Yields False if a worker elsewhere holds it: look for its token."""


class Provider(Protocol):
    """A carrier account. Chosen by URL and credentials; nothing else tells one from another but its flags."""

    name: ClassVar[str]  # as people write it: RingCentral
    key: ClassVar[str]  # as the database writes it: ringcentral
    has_batches: ClassVar[bool]
    reports_rejected: ClassVar[bool]
    has_message_store: ClassVar[bool]
    has_opt_out_store: ClassVar[bool]
    has_mailbox: ClassVar[bool]
    has_registration: ClassVar[bool]
    has_callbacks: ClassVar[bool]
    max_text_units: ClassVar[int]  # UTF-16 units
    max_batch: ClassVar[int]
    reaches: ClassVar[frozenset[str] | None]
    """ISO 3166 codes of the countries whose numbers it can text; None: it names no limit."""

    @property
    def opt_outs(self) -> OptOutStore | None:
        """None without `has_opt_out_store`."""

    @property
    def mailbox(self) -> Mailbox | None:
        """None without `has_mailbox`."""

    @property
    def webhooks(self) -> Webhooks | None:
        """None without `has_callbacks`."""

    def account(self) -> str:
        """A stable name of the account that the credentials open, without any secret."""

    def numbers(self) -> list[SenderNumber]: ...

    def registration(self, number_id: str) -> Registration:
        """Of one number, by its `provider_id`: one call each, so not a part of `numbers`. Only with
        `has_registration`."""

    def submit(
        self,
        sender: str,
        texts: Sequence[OutgoingText],
        *,
        before_first_byte: Callable[[], None],
        meanwhile: Callable[[], None] | None = None,
    ) -> BatchState:
        """Hand one batch over, once, over a fresh connection.

        `meanwhile`, if given, is called once the whole request was written and before its answer is read. It
        must not raise.

        Calls `before_first_byte` when the connection stands and nothing was written yet; if that raises,
        nothing is sent and the exception leaves as it is. Never retries. Raises ProviderError with its
        `fate`.
        """

    def batch(self, batch_id: str) -> BatchState: ...

    def batches(
        self,
        *,
        date_from: datetime,
        date_to: datetime | None = None,
        sender: str = "",
        statuses: Sequence[str] = (),
        whole: bool = False,
    ) -> Iterator[BatchState]:
        """Every batch created in the window, all pages, newest first as the provider sorts.

        A list that seems to have no end is logged and left there; with `whole` it raises ProviderError, for a
        caller to whom "not in the list" is a proof.
        """

    def messages(
        self,
        *,
        date_from: datetime,
        date_to: datetime | None = None,
        batch_id: str = "",
        direction: str | Sequence[str] = "",
        phones: Sequence[str] = (),
        with_text: bool = False,
        whole: bool = False,
    ) -> Iterator[list[RemoteMessage]]:
        """Pages of up to 1,000 messages, until the last. `whole` as for `batches`.

        `phones` are numbers of either side; ValueError for more than one list may be filtered by.
        """

    def statuses(
        self,
        *,
        date_from: datetime,
        date_to: datetime | None = None,
        batch_id: str = "",
        direction: str | Sequence[str] = "",
        phones: Sequence[str] = (),
    ) -> StatusTotals: ...


JSON = dict[str, Any]
