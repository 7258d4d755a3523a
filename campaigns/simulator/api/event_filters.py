"""Parses the event filters of a subscription."""

import re
from typing import Any
from urllib.parse import unquote

from campaigns.simulator.api.errors import api_error, invalid_parameter
from campaigns.simulator.carrier.numbers import ACCOUNT_ID, EXTENSION_ID, EXTENSION_PATH
from campaigns.simulator.webhooks.events import (
    BATCHES,
    CONSENTS,
    INSTANT,
    MAILBOX,
    MESSAGES,
    OPT_OUTS,
    DisabledFilter,
    EventFilter,
)

_A2P = f"/restapi/v1.0/account/{ACCOUNT_ID}/a2p-sms"
_STORE = f"/restapi{EXTENSION_PATH}/message-store"
_KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    f"{_A2P}/batches": (BATCHES, ("from",)),
    f"{_A2P}/messages": (MESSAGES, ("direction", "from", "to", "batchId")),
    f"{_A2P}/opt-outs": (OPT_OUTS, ("from",)),
    f"/restapi/v2/accounts/{ACCOUNT_ID}/sms/consents": (CONSENTS, ()),
    f"{_STORE}/instant": (INSTANT, ("type",)),
    _STORE: (MAILBOX, ("type", "direction")),
}
"""By path: the kind of event, and the parameters that narrow it."""
_ONE_BATCH = re.compile(re.escape(f"{_A2P}/batches/") + r"([^/]+)")
_ACCOUNT = re.compile(r"(/accounts?/)([^/?]+)")
_EXTENSION = re.compile(r"(/extension/)([^/?]+)")
_REMINDER = re.compile(r"/restapi/v1\.0/subscription/~\?threshold=\d+&interval=\d+", re.ASCII)


def parse_filters(value: Any) -> tuple[list[EventFilter], list[DisabledFilter]]:
    """The filters that work and those that are disabled; SUB-508 if none works."""
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise invalid_parameter("eventFilters")
    if any(not text.startswith("/restapi/") for text in value):
        raise api_error(400, "SUB-508", "Event filters are invalid", parameter="eventFilters")
    if all(_REMINDER.fullmatch(text) for text in value):
        raise api_error(400, "SUB-515", "A subscription cannot have only a reminder of its renewal")
    parsed = [parse_filter(text) for text in dict.fromkeys(value)]
    enabled = [one for one in parsed if isinstance(one, EventFilter)]
    if not enabled:
        raise api_error(400, "SUB-508", "Event filters are invalid", parameter="eventFilters")
    return enabled, [one for one in parsed if isinstance(one, DisabledFilter)]


def parse_filter(text: str) -> EventFilter | DisabledFilter:
    full = _ACCOUNT.sub(lambda match: _expand_tilde(match, ACCOUNT_ID), text)
    full = _EXTENSION.sub(lambda match: _expand_tilde(match, EXTENSION_ID), full)
    if (account := _ACCOUNT.search(full)) and account[2] != ACCOUNT_ID:
        return DisabledFilter(full, "SUB-406", "Events of another account are not available")
    if (extension := _EXTENSION.search(full)) and extension[2] != EXTENSION_ID:
        return DisabledFilter(full, "SUB-405", "Events of another extension are not available")
    path, _, query = full.partition("?")
    wanted = dict(_parse_parameter(pair) for pair in query.split("&") if pair)
    if one_batch := _ONE_BATCH.fullmatch(path):
        return EventFilter(full, BATCHES, {"id": one_batch[1]})
    kind, names = _KINDS.get(path, ("", ()))
    if not kind or not set(wanted) <= set(names):
        return DisabledFilter(full, "SUB-508", "The simulated carrier has no such events")
    return EventFilter(full, kind, wanted)


def _expand_tilde(match: re.Match[str], own: str) -> str:
    return match[1] + (own if match[2] == "~" else match[2])


def _parse_parameter(pair: str) -> tuple[str, str]:
    """A plus is not a space here, as in the platform's own samples. It may be missing."""
    name, _, value = pair.partition("=")
    value = unquote(value)
    if name in ("from", "to") and value.isascii() and value.isdigit():
        value = f"+{value}"
    return unquote(name), value
