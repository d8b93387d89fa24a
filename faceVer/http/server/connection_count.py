"""How many connections a process has, and how many it may have."""

from __future__ import annotations

from faceVer.observability.metrics import Metrics

SPARE = 32
"""Connections accepted beyond the limit, so that probes get through; all other requests on them get a 503. Beyond them
a connection takes the place of the oldest of these that has no request."""


class ConnectionCount:
    """limit: connections that may send any request. metrics: where the other workers read this worker's number."""

    def __init__(self, limit: int, metrics: Metrics) -> None:
        self._limit, self._metrics = limit, metrics
        self._opening = self._open = 0

    @property
    def opening(self) -> int:
        """Accepted connections that are not open yet, mostly because of their TLS handshake."""
        return self._opening

    @property
    def total(self) -> int:
        return self._open + self._opening

    @property
    def is_full(self) -> bool:
        """Whether there is no place for a further connection, not even for a probe."""
        return self.total >= self._limit + SPARE

    @property
    def exceeds_others(self) -> bool:
        """Whether another worker has fewer connections."""
        return self.total > self._metrics.lowest("connections")

    def accepted(self) -> None:
        self._opening += 1
        self._publish()

    def failed(self) -> None:
        """An accepted connection did not open."""
        self._opening -= 1
        self._publish()

    def opened(self) -> bool:
        """An accepted connection is open now. Returns whether it is a spare one."""
        spare = self._open >= self._limit
        self._opening -= 1
        self._open += 1
        self._metrics.count("connections_opened")
        self._publish()
        return spare

    def closed(self) -> None:
        self._open -= 1
        self._publish()

    def _publish(self) -> None:
        self._metrics.gauge("connections", self.total)
