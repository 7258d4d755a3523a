"""The extension's mailbox: ordinary SMS and MMS, faxes and voicemail. It never has High Volume texts."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from campaigns.simulator.carrier.store import Store
from campaigns.simulator.mailbox.message import ALIVE, DELETED, PURGED, Mail

LOG_KINDS = ("mailbox", "mail", "mail-change")
_FIRST_ID = 1_724_099_032_020


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the mailbox's journal, from which webhook events are made."""

    at: int
    mail: Mail
    new: bool


class Mailbox:
    """Every change is a record in the state file first, and then applied, as after a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.clear()

    def clear(self) -> None:
        self.identity = ""
        """Unique to this mailbox; empty until it is created."""
        self.mails: dict[int, Mail] = {}
        self.journal: list[Entry] = []
        self._next_id = _FIRST_ID

    def restore(self, record: dict[str, Any]) -> None:
        if record["kind"] == "mailbox":
            self.identity = record["born"]
        elif record["kind"] == "mail":
            self._add(Mail.from_log(record))
        else:
            self._apply(record)

    def create(self) -> bool:
        """Idempotent; True only for the call that created it."""
        if self.identity:
            return False
        self.identity = uuid.uuid4().hex
        self._store.append_record({"kind": "mailbox", "born": self.identity})
        return True

    def add(self, mail: Mail) -> Mail:
        """Assigns the ids of the message and its attachments."""
        with self._store.lock:
            mail.id = self._next_id
            mail.attachments = [
                replace(one, id=mail.id + offset) for offset, one in enumerate(mail.attachments)
            ]
            self._store.append_record(mail.to_log())
            self._add(mail)
        return mail

    def get(self, mail_id: int, now: int) -> Mail | None:
        mail = self.mails.get(mail_id)
        return mail if mail is not None and mail.availability(now) is not None else None

    def newest_first(self, now: int) -> list[Mail]:
        mails = [mail for mail in list(self.mails.values()) if mail.availability(now) is not None]
        return sorted(mails, key=lambda mail: (mail.created, mail.id), reverse=True)

    def mark(self, mails: Iterable[Mail], *, read: bool) -> None:
        self._change([mail for mail in mails if mail.read != read], read=read)

    def undelete(self, mail: Mail) -> None:
        self._change([mail], state=ALIVE)

    def remove(self, mails: Iterable[Mail], *, purge: bool) -> None:
        """The first call deletes, the second one purges; `purge` does both at once."""
        now = self._store.clock.now()
        groups: dict[str, list[Mail]] = {DELETED: [], PURGED: []}
        for mail in mails:
            state = mail.availability(now)
            if state in (ALIVE, DELETED):
                groups[PURGED if purge or state == DELETED else DELETED].append(mail)
        for state, group in groups.items():
            self._change(group, state=state)

    def _change(self, mails: list[Mail], **change: Any) -> None:
        if not mails:
            return
        with self._store.lock:
            ids = [mail.id for mail in mails]
            record = {"kind": "mail-change", "at": self._store.clock.now(), "ids": ids} | change
            self._store.append_record(record)
            self._apply(record)

    def _add(self, mail: Mail) -> None:
        self.mails[mail.id] = mail
        self._next_id = mail.id + max(1, len(mail.attachments))
        self.journal.append(Entry(mail.created, mail, new=True))

    def _apply(self, record: dict[str, Any]) -> None:
        for mail_id in record["ids"]:
            mail = self.mails[mail_id]
            mail.modified = record["at"]
            mail.read = record.get("read", mail.read)
            if state := record.get("state"):
                mail.state, mail.removed = state, record["at"]
            self.journal.append(Entry(record["at"], mail, new=False))
