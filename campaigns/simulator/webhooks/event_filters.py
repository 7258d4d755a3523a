"""What a webhook subscription may ask for, and whether something that happened is meant by it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from campaigns.simulator.api.answers import bad_parameter, refusal
from campaigns.simulator.carrier.numbers import ACCOUNT_ID, EXTENSION_ID, EXTENSION_PATH

BATCHES, MESSAGES, OPT_OUTS, CONSENTS = "batches", "messages", "opt-outs", "consents"
INSTANT, MAILBOX = "instant", "mailbox"
_A2P = f"/restapi/v1.0/account/{ACCOUNT_ID}/a2p-sms"
_STORE = f"/restapi{EXTENSION_PATH}/message-store"
_KNOWN: dict[str, tuple[str, tuple[str, ...]]] = {
    f"{_A2P}/batches": (BATCHES, ("from",)),
    f"{_A2P}/messages": (MESSAGES, ("direction", "from", "to", "batchId")),
    f"{_A2P}/opt-outs": (OPT_OUTS, ("from",)),
    f"/restapi/v2/accounts/{ACCOUNT_ID}/sms/consents": (CONSENTS, ()),
    f"{_STORE}/instant": (INSTANT, ("type",)),
    _STORE: (MAILBOX, ("type", "direction")),
}
"""Path, then what it is about and the parameters that narrow it."""
_ONE_BATCH = re.compile(re.escape(f"{_A2P}/batches/") + r"([^/]+)")
_ACCOUNT = re.compile(r"(/accounts?/)([^/?]+)")
_EXTENSION = re.compile(r"(/extension/)([^/?]+)")
_REMINDER = re.compile(r"/restapi/v1\.0/subscription/~\?threshold=\d+&interval=\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that subscribers may be told about."""

    at: int
    kind: str
    facts: dict[str, str]
    """What filters compare."""
    body: Callable[[str], dict[str, Any]]
    """Makes the body of the event, given the address for the links in it."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    text: str
    """With `~` expanded, as every event names it."""
    kind: str
    wanted: dict[str, str] = field(default_factory=dict)

    def takes(self, happening: Happening) -> bool:
        facts = happening.facts
        return self.kind == happening.kind and all(
            facts.get(name) == value for name, value in self.wanted.items()
        )


@dataclass(frozen=True, slots=True)
class Disabled:
    """A filter that is refused without failing the whole call."""

    text: str
    reason: str
    message: str

    def describe(self) -> dict[str, str]:
        return {"filter": self.text, "reason": self.reason, "message": self.message}


def read_filters(value: Any) -> tuple[list[EventFilter], list[Disabled]]:
    """The filters that will work, and those that will not; SUB-508 if none does."""
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise bad_parameter("eventFilters")
    if any(not text.startswith("/restapi/") for text in value):
        raise refusal(400, "SUB-508", "Event filters are invalid", parameter="eventFilters")
    if all(_REMINDER.fullmatch(text) for text in value):
        raise refusal(400, "SUB-515", "A subscription cannot have only a reminder of its renewal")
    read = [_read(text) for text in dict.fromkeys(value)]
    good = [one for one in read if isinstance(one, EventFilter)]
    if not good:
        raise refusal(400, "SUB-508", "Event filters are invalid", parameter="eventFilters")
    return good, [one for one in read if isinstance(one, Disabled)]


def _read(text: str) -> EventFilter | Disabled:
    full = _ACCOUNT.sub(lambda found: _own(found, ACCOUNT_ID), text)
    full = _EXTENSION.sub(lambda found: _own(found, EXTENSION_ID), full)
    if (account := _ACCOUNT.search(full)) and account[2] != ACCOUNT_ID:
        return Disabled(full, "SUB-406", "Events of another account are not available")
    if (extension := _EXTENSION.search(full)) and extension[2] != EXTENSION_ID:
        return Disabled(full, "SUB-405", "Events of another extension are not available")
    path, _, query = full.partition("?")
    wanted = dict(_parameter(pair) for pair in query.split("&") if pair)
    if one_batch := _ONE_BATCH.fullmatch(path):
        return EventFilter(full, BATCHES, {"id": one_batch[1]})
    kind, names = _KNOWN.get(path, ("", ()))
    if not kind or not set(wanted) <= set(names):
        return Disabled(full, "SUB-508", "The simulated carrier has no such events")
    return EventFilter(full, kind, wanted)


def _own(found: re.Match[str], own: str) -> str:
    return found[1] + (own if found[2] == "~" else found[2])


def _parameter(pair: str) -> tuple[str, str]:
    """A plus stays a plus here, as the platform's own samples write numbers; it may also be missing."""
    name, _, value = pair.partition("=")
    value = unquote(value)
    if name in ("from", "to") and value.isascii() and value.isdigit():
        value = f"+{value}"
    return unquote(name), value
