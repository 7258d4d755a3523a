"""The extension's mailbox: ordinary SMS and MMS, faxes and voicemail. High Volume texts are never in it."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from campaigns.simulator.carrier.clock import SECOND
from campaigns.simulator.carrier.store import Store

ALIVE, DELETED, PURGED = "Alive", "Deleted", "Purged"
SMS, FAX, VOICEMAIL, PAGER = "SMS", "Fax", "VoiceMail", "Pager"
TYPES = (FAX, SMS, VOICEMAIL, PAGER)
LOG_KINDS = ("mailbox", "mail", "mail-change")
_FIRST_ID = 1_724_099_032_020
_DAY = 24 * 3600 * SECOND
_KEPT = 5 * _DAY
"""A deleted message is purged after so long, and a purged one is gone after as long again."""
SENDING_SECONDS = 2.0
"""From accepting an ordinary text to its leaving, at the real carrier's speed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    id: int
    type: str
    content_type: str
    content: bytes
    name: str = ""
    seconds: int = 0
    """How long a recording is; 0 for what is no recording."""

    def to_log(self) -> dict[str, Any]:
        return asdict(self) | {"content": base64.b64encode(self.content).decode()}

    @classmethod
    def from_log(cls, record: dict[str, Any]) -> Attachment:
        return cls(**record | {"content": base64.b64decode(record["content"])})


@dataclass(slots=True, kw_only=True)
class Mail:
    """One message. What time alone does to it is worked out when somebody asks."""

    id: int
    type: str
    inbound: bool
    ours: str
    """The account's number that sent or got it."""
    others: list[str]
    """The other side: one sender, or up to ten recipients."""
    created: int
    modified: int
    text: str = ""
    name: str = ""
    """What is known of an incoming message's sender."""
    read: bool = False
    leaves: int = 0
    """When an outgoing message leaves; 0 for an incoming one."""
    failure: str = ""
    """The code with which sending fails."""
    more: dict[str, Any] = field(default_factory=dict)
    """Fields that only messages of this type have, as records show them."""
    attachments: list[Attachment] = field(default_factory=list)
    state: str = ALIVE
    removed: int = 0
    """When it was deleted or purged."""

    def availability(self, now: int) -> str | None:
        """Alive, Deleted or Purged; None once nothing is left of it."""
        if self.state == ALIVE:
            return ALIVE
        purged = self.removed if self.state == PURGED else self.removed + _KEPT
        if now < purged:
            return DELETED
        return PURGED if now < purged + _KEPT else None

    def status(self, now: int) -> str:
        if self.inbound:
            return "Received"
        if now < self.leaves:
            return "Queued"
        return "SendingFailed" if self.failure else "Sent"

    def changed(self, now: int) -> int:
        """When it last changed, by somebody's hand or by leaving."""
        return max(self.modified, self.leaves) if self.leaves <= now else self.modified

    @property
    def conversation(self) -> str:
        """The same number for the same people, too large for JavaScript; empty for fax and voicemail."""
        if self.type not in (SMS, PAGER):
            return ""
        people = " ".join([self.ours, *sorted(self.others)])
        digest = hashlib.sha256(people.encode()).digest()
        return str(int.from_bytes(digest[:8], "big") >> 2 | 1 << 61)

    def to_log(self) -> dict[str, Any]:
        fields = {name: getattr(self, name) for name in self.__slots__}
        return fields | {"kind": "mail", "attachments": [one.to_log() for one in self.attachments]}

    @classmethod
    def from_log(cls, record: dict[str, Any]) -> Mail:
        fields = {name: value for name, value in record.items() if name != "kind"}
        return cls(**fields | {"attachments": [Attachment.from_log(one) for one in record["attachments"]]})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the mailbox's journal, for whoever tells others about changes."""

    at: int
    mail: Mail
    new: bool


class Mailbox:
    """Every change is a record in the log first, and then done; a restart does the same records again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.clear()

    def clear(self) -> None:
        self.born = ""
        """Empty until it is opened; then something that no other mailbox has."""
        self.mails: dict[int, Mail] = {}
        self.journal: list[Entry] = []
        self._next_id = _FIRST_ID

    def restore(self, record: dict[str, Any]) -> None:
        if record["kind"] == "mailbox":
            self.born = record["born"]
        elif record["kind"] == "mail":
            self._add(Mail.from_log(record))
        else:
            self._change(record)

    def open(self) -> bool:
        """Start a mailbox unless there is one; whether it is new, and so wants to be filled."""
        if self.born:
            return False
        self.born = uuid.uuid4().hex
        self._store.note({"kind": "mailbox", "born": self.born})
        return True

    def add(self, mail: Mail) -> Mail:
        """Keep a message; its id and its attachments' ids are drawn here."""
        with self._store.lock:
            mail.id = self._next_id
            mail.attachments = [
                replace(one, id=mail.id + place) for place, one in enumerate(mail.attachments)
            ]
            self._store.note(mail.to_log())
            self._add(mail)
        return mail

    def get(self, mail_id: int, now: int) -> Mail | None:
        mail = self.mails.get(mail_id)
        return mail if mail is not None and mail.availability(now) is not None else None

    def newest_first(self, now: int) -> list[Mail]:
        there = [mail for mail in list(self.mails.values()) if mail.availability(now) is not None]
        return sorted(there, key=lambda mail: (mail.created, mail.id), reverse=True)

    def mark(self, mails: Iterable[Mail], *, read: bool) -> None:
        self._note([mail for mail in mails if mail.read != read], read=read)

    def bring_back(self, mail: Mail) -> None:
        self._note([mail], state=ALIVE)

    def remove(self, mails: Iterable[Mail], *, purge: bool) -> None:
        """The first call deletes, the second one purges; `purge` does both at once."""
        now = self._store.clock.now()
        groups: dict[str, list[Mail]] = {DELETED: [], PURGED: []}
        for mail in mails:
            state = mail.availability(now)
            if state in (ALIVE, DELETED):
                groups[PURGED if purge or state == DELETED else DELETED].append(mail)
        for state, group in groups.items():
            self._note(group, state=state)

    def _note(self, mails: list[Mail], **change: Any) -> None:
        if not mails:
            return
        with self._store.lock:
            ids = [mail.id for mail in mails]
            record = {"kind": "mail-change", "at": self._store.clock.now(), "ids": ids} | change
            self._store.note(record)
            self._change(record)

    def _add(self, mail: Mail) -> None:
        self.mails[mail.id] = mail
        self._next_id = mail.id + max(1, len(mail.attachments))
        self.journal.append(Entry(mail.created, mail, new=True))

    def _change(self, record: dict[str, Any]) -> None:
        for mail_id in record["ids"]:
            mail = self.mails[mail_id]
            mail.modified = record["at"]
            mail.read = record.get("read", mail.read)
            if state := record.get("state"):
                mail.state, mail.removed = state, record["at"]
            self.journal.append(Entry(record["at"], mail, new=False))
