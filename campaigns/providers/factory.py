"""Builds a provider's client from plain values. The caller chooses the provider, never the send path."""

import ipaddress
from importlib import metadata
from urllib.parse import urlsplit

from campaigns.providers.base import Gate, TokenStore
from campaigns.providers.http import Limits, Transport
from campaigns.providers.retry import RetryPolicy, SilentGate
from campaigns.providers.ringcentral.auth import MemoryTokenStore
from campaigns.providers.ringcentral.client import RingCentral


def ringcentral(
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


def checked_url(url: str) -> str:
    """The base URL without a trailing slash. Raises ValueError, which does not repeat the URL."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("The provider's URL must begin with https:// and name a host.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("The provider's URL must hold no user, password, query or fragment.")
    if parts.scheme == "http" and not is_private_host(parts.hostname):
        raise ValueError(
            "The provider's URL must begin with https://, or the secrets could be read on the way."
        )
    return url.strip().rstrip("/")


def is_private_host(host: str) -> bool:
    # A simulator may run on this machine or in its network.
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host


def user_agent() -> str:
    try:
        return f"Carillon/{metadata.version('carillon')}"
    except metadata.PackageNotFoundError:
        return "Carillon/source"  # run from a checkout, which is not installed as a package
