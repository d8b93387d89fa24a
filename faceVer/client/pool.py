"""Connections that threads share, each used by one thread at a time.

httpcore 1.0.9, below httpx, has a race between threads: its pool looks at a connection's state and at whether its
socket is readable one after the other. Another thread may have just begun to use that connection and received its
response; the pool then takes the connection for one that the server has closed, and closes it. The symptoms are
responses that never arrive, and "Bad file descriptor". So each httpx client here has one connection and one thread.
"""

from __future__ import annotations

import math
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx


class NoConnectionFree(Exception):  # noqa: N818 - not a public error
    """No connection became free in time."""


class ConnectionPool:
    """make: makes an httpx client for one connection. limits: of all connections together."""

    def __init__(self, make: Callable[[], httpx.Client], limits: httpx.Limits) -> None:
        most_idle, expiry = limits.max_keepalive_connections, limits.keepalive_expiry
        self._make = make
        self._most_idle = math.inf if most_idle is None else most_idle
        self._expiry = math.inf if expiry is None else expiry
        most = limits.max_connections
        self._slots = threading.BoundedSemaphore(sys.maxsize if most is None else most)
        self._lock = threading.Lock()
        self._idle: deque[tuple[float, httpx.Client]] = deque()
        """(idle since, client), the longest idle first."""
        self._closed = False
        self._give(make())  # here its errors reach the caller who makes the client

    @contextmanager
    def client(self, seconds: float | None) -> Iterator[httpx.Client]:
        """A client for the caller alone. seconds: longest wait for one, None = no limit.

        Raises NoConnectionFree, and RuntimeError after `close`.
        """
        if not self._slots.acquire(timeout=-1 if seconds is None else seconds):
            raise NoConnectionFree
        try:
            client = self._take()
            try:
                yield client
            finally:
                self._give(client)
        finally:
            self._slots.release()

    def close(self) -> None:
        """Close idle clients now, and the others when they are given back."""
        self._closed = True
        self._close_surplus()

    def _take(self) -> httpx.Client:
        with self._lock:
            if self._closed:
                raise RuntimeError("the client is closed")
            if self._idle:
                return self._idle.pop()[1]
        return self._make()

    def _give(self, client: httpx.Client) -> None:
        with self._lock:
            self._idle.append((time.monotonic(), client))
        self._close_surplus()

    def _close_surplus(self) -> None:
        surplus, oldest = [], time.monotonic() - self._expiry
        with self._lock:
            while self._idle and (self._closed or len(self._idle) > self._most_idle or self._idle[0][0] < oldest):
                surplus.append(self._idle.popleft()[1])
        for client in surplus:
            client.close()
