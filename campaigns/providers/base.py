"""What every provider of texts must offer: its protocols, and the one exception that they raise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol

from campaigns.providers.event_types import Event
from campaigns.providers.http import MEBIBYTE, Sink
from campaigns.providers.mailbox_types import (
    Attachment,
    MailboxChanges,
    MailboxFilter,
    MailboxMessage,
    MailboxPage,
    MessageResult,
)
from campaigns.providers.types import (
    JSON,
    BatchState,
    OptOutRecord,
    OutgoingText,
    Registration,
    RemoteMessage,
    SenderNumber,
    StatusTotals,
    Subscription,
)
from campaigns.providers.wording import Sentence

MAX_ATTACHMENT_BYTES = 50 * MEBIBYTE
ANY_MESSAGE = MailboxFilter()


class Outcome(StrEnum):
    """What is known, after a failed call, of a request that submits texts to a provider."""

    NOT_SENT = "not_sent"
    """Proved: not one byte of the request left this process."""
    REFUSED = "refused"
    """Proved: the provider answered that it took nothing."""
    UNKNOWN = "unknown"
    """The provider may have taken it. Never send it again before its records were searched."""


class ProviderError(Exception):
    """The one exception that leaves a provider client.

    It carries the decision, so that no caller compares status codes or exception types. Neither its text nor
    its attributes ever hold a token, a secret or a full phone number.
    """

    def __init__(
        self,
        *sentences: str | Sentence,
        code: str = "",
        permanent: bool = False,
        outcome: Outcome = Outcome.UNKNOWN,
        http_status: int | None = None,
        retry_after: float | None = None,
        request_id: str = "",
        kind: str = "other",
    ) -> None:
        self.sentences: tuple[Sentence, ...] = ()
        """For people: what happened and what to do."""
        self.say(*sentences)
        self.code = code
        """The provider's own code, such as CMN-101; empty if it gave none."""
        self.permanent = permanent
        """The same call will fail again until a person changes something."""
        self.outcome = outcome
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

    def say(self, *sentences: str | Sentence) -> None:
        self.sentences = tuple(part if isinstance(part, Sentence) else Sentence(part) for part in sentences)
        self.args = (self.sentence,)

    @property
    def sentence(self) -> str:
        """In the language of the source, for logs."""
        return " ".join(map(str, self.sentences))

    def as_json(self) -> JSON:
        """As tables hold it; `retell` makes sentences of what it said."""
        return {
            "kind": self.kind,
            "code": self.code,
            "said": [sentence.as_json() for sentence in self.sentences],
        }


class Gate(Protocol):
    """The shared rate limit. A client asks before every request and reports after it."""

    def wait(self, group: str) -> None:
        """Return when a request of this group may start; may sleep. Raises ProviderError(kind="rate") if the
        wait would be unreasonably long."""

    def learn(self, group: str, http_status: int, headers: dict[str, str]) -> None:
        """Take in the answer's rate headers (names in lower case). Status 0: the request ended without an
        answer."""


class TokenStore(Protocol):
    """Holds the one access token of an account, shared by all workers."""

    def load(self) -> tuple[str, datetime] | None:
        """The token and the moment, in UTC, from which a new one is wanted; or None."""

    def save(self, token: str, use_until: datetime) -> None: ...

    def drop(self, token: str) -> None:
        """Forget this token, unless another worker has already replaced it."""

    def minting(self) -> AbstractContextManager[bool]:
        """Held while a new token is got. Yields False if a worker elsewhere holds it: load its token."""


class OptOutStore(Protocol):
    """The provider's list of who may not be texted."""

    def current(self) -> Iterator[list[OptOutRecord]]:
        """Pages of what holds now. Raises ProviderError."""


class Callbacks(Protocol):
    """The receiving side of webhooks: pure functions. Names of headers are in lower case."""

    def handshake(self, headers: Mapping[str, str], body: bytes) -> dict[str, str] | None:
        """The headers of the empty 200 that answers the provider's first call; None if this is not one."""

    def is_genuine(self, headers: Mapping[str, str], token: str) -> bool:
        """Whether the call shows the token that our subscription was made with."""

    def event_id(self, body: bytes) -> str | None:
        """Empty if the event has none; None if the body is no event."""

    def parse_event(self, body: bytes) -> Event | None:
        """None if the body is no event."""


class Webhooks(Protocol):
    """Subscriptions to the provider's events. All of it raises ProviderError."""

    @property
    def needed(self) -> tuple[str, ...]:
        """Filters of the events that something here processes."""

    def create(self, address: str, *, token: str, filters: Sequence[str], lifetime: int) -> Subscription:
        """The provider calls `address` before this returns, and shows `token` with every later call.

        `lifetime` in seconds. A call without an answer may have made one: see `list`.
        """

    def list(self) -> list[Subscription]: ...

    def update(self, subscription_id: str, filters: Sequence[str], *, lifetime: int) -> Subscription:
        """Replace the filters. Address and token cannot be changed: make a new one, then delete the old."""

    def delete(self, subscription_id: str) -> None:
        """Idempotent."""


class Mailbox(Protocol):
    """The mailbox of the provider's user. All of it raises ProviderError.

    Calls that change messages raise ValueError for an empty list of ids, before anything is sent, and take
    any number of them.
    """

    def pages(
        self, *, date_from: datetime, date_to: datetime | None = None, only: MailboxFilter = ANY_MESSAGE
    ) -> Iterator[MailboxPage]:
        """Newest first. A deletion meanwhile moves the rest up, so one may be missed; `sync` has it."""

    def message(self, message_id: str) -> MailboxMessage: ...

    def several(self, message_ids: Sequence[str]) -> list[MessageResult]: ...

    def mark(self, message_ids: Sequence[str], *, read: bool) -> list[MessageResult]: ...

    def delete(self, message_ids: Sequence[str], *, purge: bool = False) -> list[MessageResult]:
        """A deleted message can be restored for some days, a purged one never. Idempotent."""

    def delete_conversations(
        self, conversation_ids: Sequence[str], *, date_to: datetime, purge: bool = False
    ) -> None:
        """All messages of these conversations up to a time."""

    def restore(self, message_ids: Sequence[str]) -> list[MessageResult]: ...

    def content(self, attachment: Attachment, sink: Sink, *, limit: int = MAX_ATTACHMENT_BYTES) -> None:
        """Pour an attachment's bytes into `sink`, at most `limit`. After an error it holds a beginning."""

    def sync(
        self,
        *,
        date_from: datetime,
        token: str = "",
        only: MailboxFilter = ANY_MESSAGE,
        limit: int | None = None,
    ) -> MailboxChanges:
        """Changes since the call that gave `token`; without one, or if it is too old, everything
        since `date_from`, or the newest `limit` of that. A filter belongs to the first call only."""


class Provider(Protocol):
    """A carrier account. It is chosen by URL and credentials; callers see its flags and never its class."""

    name: ClassVar[str]  # as people write it: RingCentral
    key: ClassVar[str]  # as the database writes it: ringcentral
    has_registration: ClassVar[bool]
    max_batch: ClassVar[int]
    reaches: ClassVar[frozenset[str] | None]
    """ISO 3166 codes of the countries whose numbers it can text; None: it names no limit."""

    @property
    def opt_outs(self) -> OptOutStore | None: ...

    @property
    def webhooks(self) -> Webhooks | None: ...

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
        """Submit one batch, once, over a fresh connection. Never retries.

        Calls `before_first_byte` when the connection stands and nothing was written yet; if that raises,
        nothing is sent and the exception leaves as it is. Calls `meanwhile`, which must not raise, once the
        whole request was written and before its answer is read. Raises ProviderError with its `outcome`.
        """

    def batch(self, batch_id: str) -> BatchState: ...

    def batches(
        self,
        *,
        date_from: datetime,
        date_to: datetime | None = None,
        sender: str = "",
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
        with_text: bool = False,
        whole: bool = False,
    ) -> Iterator[list[RemoteMessage]]:
        """Pages of up to 1,000 messages, until the last. `whole` as for `batches`."""

    def statuses(self, *, date_from: datetime, batch_id: str) -> StatusTotals: ...
