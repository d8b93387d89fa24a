"""A limit of requests per second for each client: a token bucket."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from time import monotonic

from faceVer.domain.errors import RateLimitError

MAX_CLIENTS = 10_000
"""Most buckets that are kept. Beyond that the server drops the bucket of the client that has been idle longest; the
client's next request starts with a full bucket."""
MAX_WAIT = 3600.0
"""Longest Retry-After, in seconds."""


class RateLimit:
    """rate: requests per second in the long run. burst: requests that may come at once. clock: returns seconds."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = monotonic) -> None:
        self._rate, self._burst, self._clock = rate, float(burst), clock
        self._buckets: dict[str, tuple[float, float]] = {}
        """Client -> (requests left, time of that number), the most recent client last."""

    def spend(self, client: str) -> None:
        """Take one request out of a client's bucket. Raises RateLimitError if it is empty."""
        now = self._clock()
        left, since = self._buckets.pop(client, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        if len(self._buckets) >= MAX_CLIENTS:
            del self._buckets[next(iter(self._buckets))]
        if left < 1:
            self._buckets[client] = left, now
            seconds = min(MAX_WAIT, (1 - left) / self._rate)
            raise RateLimitError("the client sends more requests than it may", seconds=seconds)
        self._buckets[client] = left - 1, now


@lru_cache(maxsize=4096)
def network(address: str) -> str:
    """The client that an IP address stands for: the IPv4 address, or the /64 network of an IPv6 address.

    An IPv6 host can use every address of its /64. Text that is not an address is returned as it is.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))
    return str(found)
