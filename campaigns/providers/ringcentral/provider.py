"""RingCentral, as the catalogue lists it."""

from __future__ import annotations

from typing import Final

from campaigns.providers.addresses import checked_url, user_agent
from campaigns.providers.base import Gate, TokenStore
from campaigns.providers.entry import Entry
from campaigns.providers.http import Limits, Transport
from campaigns.providers.retry import RetryPolicy, SilentGate
from campaigns.providers.ringcentral import error_codes, events
from campaigns.providers.ringcentral.auth import MemoryTokenStore
from campaigns.providers.ringcentral.client import RingCentral
from campaigns.providers.ringcentral.settings import RingCentralSettings


def build(
    *,
    url: str,
    client_id: str,
    client_secret: str,
    jwt: str,
    gate: Gate | None = None,
    token_store: TokenStore | None = None,
    limits: Limits | None = None,
    retry_policy: RetryPolicy | None = None,
    ca_bundle: str = "",
) -> RingCentral:
    """Without a gate or a store, the rate limit and the token are those of this object alone.

    `ca_bundle` is the path of a PEM file that replaces the public certificate authorities. Raises ValueError
    for a URL that credentials must not be sent to.
    """
    return RingCentral(
        url=checked_url(url),
        client_id=client_id,
        client_secret=client_secret,
        jwt=jwt,
        gate=gate or SilentGate(),
        token_store=token_store or MemoryTokenStore(),
        transport=Transport(limits, ca_bundle=ca_bundle),
        user_agent=user_agent(),
        retry_policy=retry_policy,
    )


def open_account(settings: RingCentralSettings, gate: Gate, token_store: TokenStore) -> RingCentral:
    return build(
        url=settings.server_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        jwt=settings.jwt,
        gate=gate,
        token_store=token_store,
    )


PROVIDER: Final = Entry(
    client=RingCentral,
    settings=RingCentralSettings,
    open=open_account,
    error_codes=error_codes,
    callbacks=events,
)
