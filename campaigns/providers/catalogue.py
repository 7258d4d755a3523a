"""The providers that there are: the one place outside their folders that names these folders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from campaigns.providers.base import Callbacks
from campaigns.providers.error_codes import ErrorCodes, Explanation
from campaigns.providers.ringcentral import error_codes as ringcentral_error_codes
from campaigns.providers.ringcentral import events as ringcentral_events


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    error_codes: ErrorCodes
    callbacks: Callbacks


PROVIDERS: Final = {
    "ringcentral": Entry(error_codes=ringcentral_error_codes, callbacks=ringcentral_events),
}
"""By `Provider.key`."""


def callbacks(provider: str) -> Callbacks:
    return PROVIDERS[provider].callbacks


def known_codes() -> frozenset[str]:
    return frozenset().union(*(entry.error_codes.codes() for entry in PROVIDERS.values()))


def explain(code: str) -> Explanation:
    """By the provider that knows the code, else by the first one. Providers share no code."""
    tables = [entry.error_codes for entry in PROVIDERS.values()]
    return next((table for table in tables if code in table.codes()), tables[0]).explain(code)


def is_opt_out(code: str) -> bool:
    return any(entry.error_codes.is_opt_out(code) for entry in PROVIDERS.values())
