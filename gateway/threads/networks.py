"""In charge of: what counts as one client on the network. Not in charge of: how much one client may do."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


def read_address(peer: str) -> IPv4Address | IPv6Address | None:
    """The address, one of IPv4 that is written as IPv6 as what it is; None for what is none."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def name_network(address: IPv4Address | IPv6Address) -> str:
    """An IPv4 address, or an IPv6 /64: one customer holds at least that."""
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else str(address)
