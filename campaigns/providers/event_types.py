"""What a provider's webhook call says, in our own words."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from campaigns.providers.mailbox_types import MailboxMessage
from campaigns.providers.types import JSON, BatchState, OptOutRecord, RemoteMessage


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
