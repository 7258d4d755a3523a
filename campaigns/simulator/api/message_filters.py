"""Filters of the message store, parsed from a query."""

from __future__ import annotations

from dataclasses import dataclass

from campaigns.simulator.api.errors import invalid_parameter
from campaigns.simulator.api.paging import parse_window
from campaigns.simulator.api.parsing import parse_bool, parse_choices, parse_phone_number
from campaigns.simulator.carrier.numbers import EXTENSION_ID
from campaigns.simulator.http_types import Request
from campaigns.simulator.mailbox.message import ALIVE, DELETED, PAGER, PURGED, SMS, TYPES, Mail

_OWNERS = ("Any", "Personal", "Shared", EXTENSION_ID)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFilter:
    """The filters that lists and synchronisation share. Empty means any."""

    since: int
    until: int
    types: list[str]
    directions: list[str]
    conversation: str
    distinct: bool
    shared: bool
    """Only messages of shared mailboxes: this account has none."""

    @classmethod
    def parse(cls, request: Request, now: int) -> MailFilter:
        since, until = parse_window(request, now)
        owner = request.last("owner")
        if owner not in (None, *_OWNERS):
            raise invalid_parameter("owner")
        return cls(
            since=since,
            until=until,
            types=parse_choices(request, "messageType", TYPES),
            directions=parse_choices(request, "direction", ("Inbound", "Outbound")),
            conversation=request.last("conversationId") or "",
            distinct=parse_bool(request, "distinctConversations"),
            shared=owner == "Shared",
        )

    def matches(self, mail: Mail) -> bool:
        return self.since <= mail.created <= self.until and self.matches_at_any_time(mail)

    def matches_at_any_time(self, mail: Mail) -> bool:
        direction = "Inbound" if mail.inbound else "Outbound"
        return (
            not self.shared
            and (not self.types or mail.type in self.types)
            and (not self.directions or direction in self.directions)
            and self.conversation in ("", mail.conversation)
        )

    def newest_of_conversations(self, mails: list[Mail]) -> list[Mail]:
        """`mails` are newest first. Without `distinct`, all of them."""
        if not self.distinct:
            return mails
        seen: set[str] = set()
        newest = []
        for mail in mails:
            if not mail.conversation or mail.conversation not in seen:
                newest.append(mail)
            seen.add(mail.conversation)
        return newest


@dataclass(frozen=True, slots=True)
class StateFilter:
    """The filters that only the list has."""

    availabilities: list[str]
    read: list[str]
    number: str

    @classmethod
    def parse(cls, request: Request) -> StateFilter:
        number = request.last("phoneNumber")
        return cls(
            parse_choices(request, "availability", (ALIVE, DELETED, PURGED)) or [ALIVE],
            parse_choices(request, "readStatus", ("Read", "Unread")),
            parse_phone_number(number, "phoneNumber") if number else "",
        )

    def matches(self, mail: Mail, now: int) -> bool:
        return (
            mail.availability(now) in self.availabilities
            and (not self.read or ("Read" if mail.read else "Unread") in self.read)
            and (not self.number or self.number in (mail.number, *mail.others))
        )


def parse_deleted_types(request: Request) -> tuple[str, ...]:
    """The types of messages that a deletion is about."""
    groups: dict[str, tuple[str, ...]] = {name: (name,) for name in TYPES}
    groups |= {"All": TYPES, "Text": (SMS, PAGER)}
    types = groups.get(request.last("type") or "All")
    if types is None:
        raise invalid_parameter("type")
    return types
