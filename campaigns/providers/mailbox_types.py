"""The messages of a provider's mailbox: ordinary texts, faxes and voicemail, no High Volume texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.providers.types import Code, Direction, MessageStatus


class MessageKind(Code):
    TEXT = "text"
    FAX = "fax"
    VOICEMAIL = "voicemail"
    PAGER = "pager"
    """A message between extensions of the account."""
    UNKNOWN = ""


class Availability(Code):
    ALIVE = "alive"
    DELETED = "deleted"
    """It can be restored for some days."""
    PURGED = "purged"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One side of a message."""

    phone: str = ""  # E.164 where that is certain, else as the provider wrote it; empty for an extension
    extension: str = ""
    name: str = ""
    place: str = ""
    status: MessageStatus = MessageStatus.UNKNOWN
    """Of a recipient: what became of the copy for them."""
    error_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    provider_id: str
    uri: str  # empty for a text whose content is the message's own
    kind: str  # AudioRecording, AudioTranscription, Text, SourceDocument, RenderedDocument, MmsAttachment
    content_type: str
    file_name: str
    size: int | None  # bytes
    seconds: int | None  # length of a recording


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxMessage:
    """A message in the mailbox. A change that reports a removed one holds only its id and `availability`."""

    provider_id: str
    kind: MessageKind
    direction: Direction
    sender: Party
    to: tuple[Party, ...]
    text: str
    status: MessageStatus
    error_code: str
    read: bool
    availability: Availability
    conversation_id: str
    attachments: tuple[Attachment, ...]
    segments: int | None
    fax_pages: int | None
    created_at: datetime | None
    modified_at: datetime | None

    @property
    def removed(self) -> bool:
        return self.availability in (Availability.DELETED, Availability.PURGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxFilter:
    """An empty field means any."""

    kinds: Sequence[MessageKind] = ()
    directions: Sequence[Direction] = ()
    read: bool | None = None
    availability: Sequence[Availability] = ()
    """Only messages that are not deleted if empty."""
    conversation_id: str = ""
    phone: str = ""
    newest_of_conversation: bool = False
    owner: str = ""
    """Any, Personal, Shared or the id of an extension; Personal if empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxPage:
    messages: tuple[MailboxMessage, ...]
    number: int  # from 1
    pages: int
    total: int  # messages on all pages


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxChanges:
    """Brings a copy of the mailbox up to date. The same message may come again: go by its id."""

    messages: tuple[MailboxMessage, ...]
    token: str
    """For the next call."""
    whole: bool
    """These are all messages since the requested time, not only changes: drop what is not among them."""
    older_exist: bool
    synced_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageResult:
    """What became of one message of several."""

    provider_id: str
    done: bool
    http_status: int  # 0: the answer does not mention it
    code: str = ""  # the provider's, if it was refused
    message: MailboxMessage | None = None
