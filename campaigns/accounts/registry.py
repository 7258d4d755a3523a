"""The accounts that the settings open."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache

from django.conf import settings

from campaigns.accounts.account import Account
from campaigns.accounts.rate_limit import DatabaseGate
from campaigns.accounts.tokens import DatabaseTokens
from campaigns.providers.factory import ringcentral


@lru_cache(maxsize=8)
def _ringcentral(url: str, client_id: str, secret: str, jwt: str) -> Account:
    """The same object for the same credentials, so that a process signs in once."""
    session = f"{url}#{client_id}"
    client = ringcentral(
        url=url,
        client_id=client_id,
        client_secret=secret,
        jwt=jwt,
        gate=DatabaseGate(session),
        token_store=DatabaseTokens(session),
    )
    digest = hashlib.sha256(f"{secret}\0{jwt}".encode()).hexdigest()[:16]
    return Account(client, f"{session[:90]}#{digest}")


def open_ringcentral() -> Account:
    return _ringcentral(
        settings.RINGCENTRAL_SERVER_URL,
        settings.RINGCENTRAL_CLIENT_ID,
        settings.RINGCENTRAL_CLIENT_SECRET,
        settings.RINGCENTRAL_JWT,
    )


OPENERS: tuple[Callable[[], Account | None], ...] = (open_ringcentral,)
"""One line a provider: its account, or None where the settings name no credentials for it."""


def accounts() -> list[Account]:
    """In the order of OPENERS; the first is the one that drafts begin with."""
    return [account for opener in OPENERS if (account := opener()) is not None]


def default() -> Account:
    return accounts()[0]
