"""Where a provider is reached: which addresses credentials may be sent to."""

from __future__ import annotations

import ipaddress
from importlib import metadata
from urllib.parse import urlsplit

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


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


def scheme_and_host(url: str) -> tuple[str, str]:
    """Of a setting. The host is empty if it names none."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or ""


def is_on_this_machine(url: str) -> bool:
    return scheme_and_host(url)[1] in LOOPBACK


def user_agent() -> str:
    try:
        return f"Carillon/{metadata.version('carillon')}"
    except metadata.PackageNotFoundError:
        return "Carillon/source"  # run from a checkout, which is not installed as a package
