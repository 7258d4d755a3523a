"""A message of the mailbox."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any

from campaigns.simulator.carrier.clock import SECOND

ALIVE, DELETED, PURGED = "Alive", "Deleted", "Purged"
SMS, FAX, VOICEMAIL, PAGER = "SMS", "Fax", "VoiceMail", "Pager"
TYPES = (FAX, SMS, VOICEMAIL, PAGER)
_RETENTION = 5 * 24 * 3600 * SECOND
"""A deleted message is purged after so long, and a purged one is gone after as long again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    id: int
    type: str
    content_type: str
    content: bytes
    name: str = ""
    seconds: int = 0
    """The length of a recording; 0 for everything else."""

    def to_log(self) -> dict[str, Any]:
        return asdict(self) | {"content": base64.b64encode(self.content).decode()}

    @classmethod
    def from_log(cls, record: dict[str, Any]) -> Attachment:
        return cls(**record | {"content": base64.b64decode(record["content"])})


@dataclass(slots=True, kw_only=True)
class Mail:
    """Changes that only time makes are computed on demand."""

    id: int
    type: str
    inbound: bool
    number: str
    """The account's own number."""
    others: list[str]
    """The other side: one sender, or up to ten recipients."""
    created: int
    modified: int
    text: str = ""
    name: str = ""
    """The name of an inbound message's sender, if known."""
    read: bool = False
    leaves: int = 0
    """When an outbound message leaves; 0 for an inbound one."""
    failure: str = ""
    """The code with which sending fails."""
    more: dict[str, Any] = field(default_factory=dict)
    """Fields that only messages of this type have, as in records."""
    attachments: list[Attachment] = field(default_factory=list)
    state: str = ALIVE
    removed: int = 0
    """When it was deleted or purged."""

    def availability(self, now: int) -> str | None:
        """Alive, Deleted or Purged; None once nothing is left of it."""
        if self.state == ALIVE:
            return ALIVE
        purged = self.removed if self.state == PURGED else self.removed + _RETENTION
        if now < purged:
            return DELETED
        return PURGED if now < purged + _RETENTION else None

    def status(self, now: int) -> str:
        if self.inbound:
            return "Received"
        if now < self.leaves:
            return "Queued"
        return "SendingFailed" if self.failure else "Sent"

    def changed(self, now: int) -> int:
        """The time of the last change, which may be its leaving."""
        return max(self.modified, self.leaves) if self.leaves <= now else self.modified

    @property
    def conversation(self) -> str:
        """The same id for the same people, too large for a JavaScript number; empty for fax and voicemail."""
        if self.type not in (SMS, PAGER):
            return ""
        people = " ".join([self.number, *sorted(self.others)])
        digest = hashlib.sha256(people.encode()).digest()
        return str(int.from_bytes(digest[:8], "big") >> 2 | 1 << 61)

    def to_log(self) -> dict[str, Any]:
        fields = {name: getattr(self, name) for name in self.__slots__}
        fields["ours"] = fields.pop("number")
        return fields | {"kind": "mail", "attachments": [one.to_log() for one in self.attachments]}

    @classmethod
    def from_log(cls, record: dict[str, Any]) -> Mail:
        fields = {name: value for name, value in record.items() if name not in ("kind", "ours")}
        fields["number"] = record["ours"]
        return cls(**fields | {"attachments": [Attachment.from_log(one) for one in record["attachments"]]})
