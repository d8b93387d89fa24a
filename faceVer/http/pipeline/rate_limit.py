"""Requests per second of each client: token buckets."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from time import monotonic

from faceVer.domain.errors import RateLimitError

MAX_CLIENTS = 10_000
"""Clients remembered; whoever was away longest is forgotten first, and begins with a full bucket again."""


LONGEST = 3600.0
"""Seconds a client is asked to wait, at most."""


class RateLimit:
    """rate: requests per second in the long run. burst: how many may come at once. clock: seconds."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = monotonic) -> None:
        self._rate, self._burst, self._clock = rate, float(burst), clock
        self._buckets: dict[str, tuple[float, float]] = {}
        """Client -> (requests left, when that was), the client seen last at the end."""

    def spend(self, client: str) -> None:
        """Take one request out of a client's bucket. Raises RateLimitError where it is empty."""
        now = self._clock()
        left, since = self._buckets.pop(client, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        if len(self._buckets) >= MAX_CLIENTS:
            del self._buckets[next(iter(self._buckets))]
        if left < 1:
            self._buckets[client] = left, now
            seconds = min(LONGEST, (1 - left) / self._rate)
            raise RateLimitError("the client sends more requests than it may", seconds=seconds)
        self._buckets[client] = left - 1, now


@lru_cache(maxsize=4096)
def network(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 that an IPv6 host chooses its addresses from."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))
    return str(found)
