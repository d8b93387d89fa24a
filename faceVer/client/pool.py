"""Connections that threads share, each used by one thread at a time.

httpx's own pool is not shared by threads: one that looks for a free connection may take another's, which has just
begun to be used, for one that the server has closed, and close it (httpcore 1.0.9 looks at a connection's state and at
whether its socket can be read one after the other). The symptoms: answers that never come, "Bad file descriptor".
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx


class NoneFreeError(Exception):
    """No connection became free in time."""


class Pool:
    """make: an httpx client for one connection. limits: of all of them together."""

    def __init__(self, make: Callable[[], httpx.Client], limits: httpx.Limits) -> None:
        self._make = make
        self._most_idle, self._expiry = limits.max_keepalive_connections, limits.keepalive_expiry
        self._places = None if limits.max_connections is None else threading.BoundedSemaphore(limits.max_connections)
        self._lock = threading.Lock()
        self._idle: deque[tuple[httpx.Client, float]] = deque()
        """(client, since when), the one that was used last at the end, from where they are taken."""
        self._closed = False
        self._give(make())  # now, when whoever makes a client can be told that none can be made

    @contextmanager
    def client(self, seconds: float | None) -> Iterator[httpx.Client]:
        """A client for the caller alone. seconds: how long to wait for one, None for ever.

        Raises NoneFreeError, and RuntimeError after `close`.
        """
        if self._places is not None and not self._places.acquire(timeout=-1 if seconds is None else seconds):
            raise NoneFreeError
        try:
            client = self._take()
            try:
                yield client
            finally:
                self._give(client)
        finally:
            if self._places is not None:
                self._places.release()

    def close(self) -> None:
        """Close those that are idle now, and the others as soon as they are."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, deque()
        for client, _ in idle:
            client.close()

    def _take(self) -> httpx.Client:
        with self._lock:
            if self._closed:
                raise RuntimeError("the client is closed")
            if self._idle:
                return self._idle.pop()[0]
        return self._make()

    def _give(self, client: httpx.Client) -> None:
        now = time.monotonic()
        surplus: list[httpx.Client] = []
        with self._lock:
            if self._closed:
                surplus.append(client)
            else:
                self._idle.append((client, now))
            while self._idle and self._surplus(now - self._idle[0][1]):
                surplus.append(self._idle.popleft()[0])
        for one in surplus:
            one.close()

    def _surplus(self, age: float) -> bool:
        """Whether the one that has been idle longest is one too many, or has been so for too long."""
        too_many = self._most_idle is not None and len(self._idle) > self._most_idle
        return too_many or (self._expiry is not None and age > self._expiry)
