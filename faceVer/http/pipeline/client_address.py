"""The address of a request's client, also behind reverse proxies (FACEVER_TRUSTED_PROXIES)."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from aiohttp import web

from faceVer.domain.errors import SettingsError
from faceVer.http.pipeline.context import SETTINGS
from faceVer.http.pipeline.rate_limit import network
from faceVer.settings.field import PREFIX

FORWARDED = "X-Forwarded-For"
LONGEST = 2048
"""Most characters of the header that are read, from its end: the last entries are those of the nearest proxies."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=8)
def trusted_networks(entries: tuple[str, ...]) -> tuple[Network, ...]:
    """The networks of FACEVER_TRUSTED_PROXIES. Raises SettingsError."""
    try:
        return tuple(ipaddress.ip_network(entry.strip()) for entry in entries)
    except ValueError as error:
        raise SettingsError(f"{PREFIX}TRUSTED_PROXIES: {error}") from None


def client_address(request: web.Request) -> str:
    """The client's IP address, an IPv6 one as its /64 network.

    A proxy appends the address that it received the request from. So from the end, the first address that is not a
    trusted proxy's is the client's; what stands before it is the client's own claim.
    """
    trusted = trusted_networks(request.app[SETTINGS].auth.trusted_proxies)
    address = request.remote or ""
    if trusted:
        forwarded = ",".join(request.headers.getall(FORWARDED, []))[-LONGEST:].split(",")
        for entry in reversed(forwarded):
            if not _is_in(address, trusted) or not entry.strip():
                break
            address = entry.strip()
    return network(address)


def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in one for one in networks)
