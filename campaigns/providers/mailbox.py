"""The mailbox of a provider's user: ordinary texts, faxes and voicemail, in our own words.

High Volume texts are never in it. No HTTP and no Django here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from campaigns.providers.http import MEBIBYTE, Sink

LARGEST_ATTACHMENT = 50 * MEBIBYTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One side of a message."""

    phone: str = ""  # E.164 where that is certain, else as the provider wrote it; empty for an extension
    extension: str = ""
    name: str = ""
    place: str = ""
    status: str = ""
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
    seconds: int | None  # how long a recording is


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxMessage:
    """A message as the provider keeps it. Of a removed one, a change tells only id and `availability`."""

    provider_id: str
    kind: str  # SMS, Fax, VoiceMail, Pager
    direction: str  # Inbound, Outbound
    sender: Party
    to: tuple[Party, ...]
    text: str
    status: str  # Queued, Sent, Delivered, DeliveryFailed, SendingFailed, Received, or a word not known yet
    error_code: str
    read: bool
    availability: str  # Alive, Deleted, Purged
    conversation_id: str
    attachments: tuple[Attachment, ...]
    segments: int | None
    fax_pages: int | None
    created_at: datetime | None
    modified_at: datetime | None

    @property
    def removed(self) -> bool:
        return self.availability in ("Deleted", "Purged")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxFilter:
    """Which messages; empty means any."""

    kinds: Sequence[str] = ()
    directions: Sequence[str] = ()
    read: bool | None = None
    availability: Sequence[str] = ()
    """Only living messages if empty."""
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
    """What to bring a copy of the mailbox up to date with. The same message may come again: go by its id."""

    messages: tuple[MailboxMessage, ...]
    token: str
    """For the next call."""
    whole: bool
    """These are all messages since the asked time, not only changes: forget what is not among them."""
    older_exist: bool
    synced_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one message of several."""

    provider_id: str
    done: bool
    http_status: int  # 0: the answer does not mention it
    code: str = ""  # the provider's, if it was refused
    message: MailboxMessage | None = None


class Mailbox(Protocol):
    """What a provider with `has_mailbox` offers. All of it raises ProviderError.

    Calls that change messages raise ValueError for an empty list of ids, before anything is sent, and take
    any number of them.
    """

    def pages(
        self, *, date_from: datetime, date_to: datetime | None = None, only: MailboxFilter = MailboxFilter()
    ) -> Iterator[MailboxPage]:
        """Newest first. A message deleted meanwhile moves the rest up, so one may be missed: `sync` tells."""

    def message(self, message_id: str) -> MailboxMessage: ...

    def several(self, message_ids: Sequence[str]) -> list[Outcome]: ...

    def mark(self, message_ids: Sequence[str], *, read: bool) -> list[Outcome]: ...

    def delete(self, message_ids: Sequence[str], *, purge: bool = False) -> list[Outcome]:
        """A deleted message can be restored for some days, a purged one never. One that is gone is done."""

    def delete_conversations(
        self, conversation_ids: Sequence[str], *, date_to: datetime, purge: bool = False
    ) -> None:
        """All messages of these conversations up to a time."""

    def restore(self, message_ids: Sequence[str]) -> list[Outcome]: ...

    def content(self, attachment: Attachment, sink: Sink, *, most: int = LARGEST_ATTACHMENT) -> None:
        """Pour an attachment's bytes into `sink`, at most `most`. After an error it holds a beginning."""

    def sync(
        self,
        *,
        date_from: datetime,
        token: str = "",
        only: MailboxFilter = MailboxFilter(),
        most: int | None = None,
    ) -> MailboxChanges:
        """Changes since the call that gave `token`; without one, or if it is too old, everything
        since `date_from`, or the newest `most` of that. A filter belongs to the first call only."""
