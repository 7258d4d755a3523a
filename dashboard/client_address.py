"""Where a request comes from: the other end of the connection, or what the proxy in front says of it."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = IPv4Address(0)
"""Of a connection that has no address, such as a socket in the file system."""
NETWORK = 64
"""Bits of an IPv6 address that stand for one customer, who may use any address behind them."""

Address = IPv4Address | IPv6Address


def address(request: HttpRequest) -> str:
    """For people and logs."""
    return str(client_ip(request))


def place(request: HttpRequest) -> str:
    """For counting: the address, or of IPv6 the network that one customer has."""
    ip = client_ip(request)
    if isinstance(ip, IPv6Address):
        return str(IPv6Network((ip, NETWORK), strict=False).network_address)
    return str(ip)


def client_ip(request: HttpRequest) -> Address:
    """Behind a proxy the last entry of X-Forwarded-For, which it appended itself.

    Whatever stands before was sent along by the client, who may write there what they like.
    """
    forwarded_for = ""
    if settings.BEHIND_PROXY:
        forwarded_for = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2]
    return parse_ip(forwarded_for) or parse_ip(request.META.get("REMOTE_ADDR", "")) or UNKNOWN


def parse_ip(written: str) -> Address | None:
    """With or without a port, brackets and a zone, as proxies write them."""
    host = written.strip().strip('"')
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        ip = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip
