"""The providers that there are: the one place outside their folders that names them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from importlib import import_module
from typing import Final

from campaigns.providers.base import Callbacks
from campaigns.providers.entry import Entry
from campaigns.providers.error_codes import Explanation


def entries(folders: Iterable[str]) -> dict[str, Entry]:
    found: Iterable[Entry] = (import_module(f"{__package__}.{name}.provider").PROVIDER for name in folders)
    return {entry.client.key: entry for entry in found}


PROVIDERS: Final = entries(
    (
        "ringcentral",
    )
)  # fmt: skip
"""By `Provider.key`. A line for each folder; with several accounts, drafts begin with that of the first."""


def setting_names(provider: str) -> dict[str, str]:
    """Field of its settings → name of the setting."""
    return {field.name: f"{provider}_{field.name}".upper() for field in fields(PROVIDERS[provider].settings)}


def name_of(provider: str) -> str:
    """As people write it; also of one that was taken out, by what the database holds."""
    return PROVIDERS[provider].client.name if provider in PROVIDERS else provider


def callbacks(provider: str) -> Callbacks:
    """Of a provider that calls us."""
    found = PROVIDERS[provider].callbacks
    if found is None:
        raise KeyError(provider)
    return found


def known_codes() -> frozenset[str]:
    return frozenset().union(*(entry.error_codes.codes() for entry in PROVIDERS.values()))


def explain(code: str) -> Explanation:
    """By the provider that knows the code, else by the first one. Providers share no code."""
    tables = [entry.error_codes for entry in PROVIDERS.values()]
    return next((table for table in tables if code in table.codes()), tables[0]).explain(code)


def is_opt_out(code: str) -> bool:
    return any(entry.error_codes.is_opt_out(code) for entry in PROVIDERS.values())
