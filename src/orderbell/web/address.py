"""Where a request comes from, as far as it can be believed."""

from __future__ import annotations

import ipaddress

from orderbell.web.cookies import Connection

_V4_PREFIX, _V6_PREFIX = 24, 56


def client_ip(connection: Connection, trusted_proxy: str) -> str:
    """The address of whoever asks; X-Forwarded-For counts only from the one trusted proxy, and only its last hop."""
    peer = connection.client.host if connection.client else ""
    if trusted_proxy and peer == trusted_proxy:
        peer = connection.headers.get("x-forwarded-for", "").split(",")[-1].strip() or peer
    return peer[:64]


def prefix(ip: str) -> str:
    """The neighbourhood an address shares limits with: /24 or /56; an unreadable address is its own.

    An IPv4 address inside IPv6 (`::ffff:192.0.2.1`) counts as IPv4.
    """
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    bits = _V4_PREFIX if address.version == 4 else _V6_PREFIX
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))


def masked(ip: str) -> str:
    """An address as its owner knows it again and a stranger over the shoulder does not."""
    if not ip:
        return ""
    near = prefix(ip).partition("/")[0]
    return f"{near.rsplit('.', 1)[0]}.*" if "." in near else f"{near.rstrip(':')}:*"


def is_near(ip: str) -> bool:
    """Whether an address belongs to this machine or a private network."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    return address.is_private or address.is_loopback
