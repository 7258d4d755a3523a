"""Which messages of the mailbox a list or a synchronisation is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from campaigns.simulator.api.answers import Request, bad_parameter, read_number
from campaigns.simulator.api.paging import read_window
from campaigns.simulator.carrier.numbers import EXTENSION_ID
from campaigns.simulator.mailbox.mailbox import ALIVE, DELETED, PURGED, TYPES, Mail

_OWNERS = ("Any", "Personal", "Shared", EXTENSION_ID)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFilter:
    """Empty means any."""

    since: int
    until: int
    types: list[str]
    directions: list[str]
    conversation: str
    distinct: bool
    shared: bool
    """Only messages of shared mailboxes: this account has none."""

    def takes(self, mail: Mail) -> bool:
        return self.since <= mail.created <= self.until and self.takes_at_any_time(mail)

    def takes_at_any_time(self, mail: Mail) -> bool:
        direction = "Inbound" if mail.inbound else "Outbound"
        return (
            not self.shared
            and (not self.types or mail.type in self.types)
            and (not self.directions or direction in self.directions)
            and self.conversation in ("", mail.conversation)
        )

    def thin_out(self, mails: list[Mail]) -> list[Mail]:
        """Only the first, which is the newest, of each conversation, if that was asked for."""
        if not self.distinct:
            return mails
        seen: set[str] = set()
        kept = []
        for mail in mails:
            if not mail.conversation or mail.conversation not in seen:
                kept.append(mail)
            seen.add(mail.conversation)
        return kept


def read_mail_filter(request: Request, now: int) -> MailFilter:
    since, until = read_window(request, now)
    owner = request.one("owner")
    if owner not in (None, *_OWNERS):
        raise bad_parameter("owner")
    return MailFilter(
        since=since,
        until=until,
        types=choice(request, "messageType", TYPES),
        directions=choice(request, "direction", ("Inbound", "Outbound")),
        conversation=request.one("conversationId") or "",
        distinct=truth(request, "distinctConversations"),
        shared=owner == "Shared",
    )


def choice(request: Request, name: str, allowed: tuple[str, ...]) -> list[str]:
    """Values that stand comma-joined in one parameter are no value, and match nothing."""
    values = request.query.get(name, [])
    if any(value not in allowed and "," not in value for value in values):
        raise bad_parameter(name)
    return values


def truth(request: Request, name: str) -> bool:
    value = request.one(name) or "false"
    if value not in ("true", "false"):
        raise bad_parameter(name)
    return value == "true"


@dataclass(frozen=True, slots=True)
class StateFilter:
    """The filters that only the list has."""

    availabilities: list[str]
    read: list[str]
    number: str

    def takes(self, mail: Mail, now: int) -> bool:
        return (
            mail.availability(now) in self.availabilities
            and (not self.read or ("Read" if mail.read else "Unread") in self.read)
            and (not self.number or self.number in (mail.ours, *mail.others))
        )


def read_state_filter(request: Request) -> StateFilter:
    number = request.one("phoneNumber")
    return StateFilter(
        choice(request, "availability", (ALIVE, DELETED, PURGED)) or [ALIVE],
        choice(request, "readStatus", ("Read", "Unread")),
        read_number(number, "phoneNumber") if number else "",
    )


def types_to_delete(request: Request) -> tuple[str, ...]:
    """The types that a deletion is about. Text stands for SMS and pager messages."""
    groups: dict[str, tuple[str, ...]] = {name: (name,) for name in TYPES}
    groups |= {"All": TYPES, "Text": ("SMS", "Pager")}
    wanted: Any = groups.get(request.one("type") or "All")
    if wanted is None:
        raise bad_parameter("type")
    found: tuple[str, ...] = wanted
    return found
