"""Counts and durations of all worker processes, in memory they share.

Each worker has a row of numbers and writes to no other, on its event loop only, so that nothing needs a lock; the
worker that answers /metrics adds the rows up. The memory is mapped before the workers are forked and belongs to no
file, so a read-only root file system suffices; a worker that dies leaves its counts to the one that replaces it. A
request costs 1.7 µs here and 9.0 µs with prometheus_client, which only writes the page here
(docs/decisions/0032-http-path.md).
"""

from __future__ import annotations

import mmap
import os
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from faceVer.domain import errors
from faceVer.observability.timings import STAGES, Trace

REQUEST_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the requests' buckets, in seconds."""
STAGE_BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0)
"""Upper bounds of the stages' buckets, in seconds."""
COUNTERS = (
    *("received_bytes", "faces", "compared_own", "compared_older"),
    *("connections_opened", "cut_head", "cut_write", "cut_limit"),
)
_OVERLOADS: tuple[type[errors.OverloadedError], ...] = (
    errors.OverloadedError,
    *errors.OverloadedError.__subclasses__(),
)
OVERLOADS = tuple(kind.reason for kind in _OVERLOADS)
LANES = {"inference": "", "media": "_media", "comparison": "_comparison", "storage": "_storage"}
"""Lane -> how the names of its numbers end."""
GAUGES = (
    *(f"{name}{end}" for name in ("in_flight", "queue") for end in LANES.values()),
    *("connections", "memory", "pid", "ready", "started"),
)
BAD_HTTP = "bad-http"
"""The route of malformed HTTP."""
CLIENT_CLOSED = 499
"""The status, nginx's, of a request whose client has disconnected."""

Outcome = tuple[str, str]
"""(status, error code); code "" = success."""
OTHER: Outcome = ("other", "")


class Metrics:
    """The numbers of all workers.

    routes: the labels of the endpoint table. outcomes: every (status, code) a request can end with. rows: one for each
    worker at a time.

    After a fork `take(row)` says which row is this process's.
    """

    def __init__(self, routes: Iterable[str], outcomes: Iterable[Outcome], rows: int = 1) -> None:
        self.rows = rows
        self.routes = (*routes, BAD_HTTP)
        self.outcomes = (*outcomes, OTHER)
        self._next = 0
        self._requests = {(route, outcome): self._columns(1) for route in self.routes for outcome in self.outcomes}
        self._latency = {route: self._columns(len(REQUEST_BOUNDS) + 2) for route in self.routes}
        self._stages = {name: self._columns(len(STAGE_BOUNDS) + 2) for name in STAGES}
        self._counters = {name: self._columns(1) for name in COUNTERS}
        self._overloads = {name: self._columns(1) for name in OVERLOADS}
        self._gauges = {name: self._columns(1) for name in GAUGES}
        self._all: memoryview[float] = memoryview(mmap.mmap(-1, rows * self._next * 8)).cast("d")
        self.take(0)

    def _columns(self, number: int) -> int:
        first, self._next = self._next, self._next + number
        return first

    def take(self, row: int) -> None:
        """Write to this row from now on; its counts continue those of the worker that had it before."""
        width = self._next
        self._own = self._all[row * width : (row + 1) * width]
        for column in self._gauges.values():
            self._own[column] = 0.0
        self.gauge("pid", os.getpid())
        self.gauge("started", time.time())

    # Called for each request, on the event loop.

    def request(self, route: str, status: int, code: str, seconds: float, received: int = 0) -> None:
        """Count a request that has ended. route: one of `routes`. seconds: its duration. received: bytes of body."""
        own = self._own
        column = self._requests.get((route, (str(status), code)))
        own[self._requests[(route, OTHER)] if column is None else column] += 1
        first = self._latency[route]
        own[first + bisect_left(REQUEST_BOUNDS, seconds)] += 1
        own[first + len(REQUEST_BOUNDS) + 1] += seconds
        if received:
            own[self._counters["received_bytes"]] += received

    def count_stages(self, trace: Trace, totals: dict[str, float]) -> None:
        """Count the stages of a request that has ended (totals: seconds by stage), its faces and its templates."""
        own, stages = self._own, self._stages
        for name, seconds in totals.items():
            first = stages[name]
            own[first + bisect_left(STAGE_BOUNDS, seconds)] += 1
            own[first + len(STAGE_BOUNDS) + 1] += seconds
        if trace.faces:
            own[self._counters["faces"]] += sum(trace.faces)
        for newer, older in trace.compared:
            own[self._counters["compared_own"]] += newer
            own[self._counters["compared_older"]] += older

    def count(self, name: str, by: float = 1) -> None:
        """Add to a counter. name: one of `COUNTERS`."""
        self._own[self._counters[name]] += by

    def overload(self, reason: str) -> None:
        """Count a 503 response. reason: of an `errors.OverloadedError`."""
        self._own[self._overloads[reason]] += 1

    def gauge(self, name: str, value: float) -> None:
        """Set a Prometheus gauge of this worker. name: one of `GAUGES`."""
        self._own[self._gauges[name]] = value

    # Called by readers.

    @cached_property
    def _rows(self) -> Sequence[memoryview[float]]:
        return [self._all[row * self._next : (row + 1) * self._next] for row in range(self.rows)]

    def alive(self) -> list[memoryview[float]]:
        """The rows of running workers."""
        pid = self._gauges["pid"]
        return [row for row in self._rows if row[pid] and os.path.exists(f"/proc/{int(row[pid])}")]

    def lowest(self, name: str) -> float:
        """The smallest value of a Prometheus gauge among the running workers."""
        column = self._gauges[name]
        return min((row[column] for row in self.alive()), default=0.0)

    def sum(self, name: str) -> float:
        """A Prometheus gauge summed over the running workers."""
        column = self._gauges[name]
        return sum(row[column] for row in self.alive())

    def uptime(self) -> float:
        """Seconds since the oldest running worker started; never negative, even if the clock was set back."""
        return max(0.0, time.time() - self.lowest("started"))

    def total(self, column: int) -> float:
        return float(sum(row[column] for row in self._rows))

    def requests(self) -> Iterator[tuple[str, Outcome, float]]:
        """(route, outcome, number) where the number is not 0."""
        for (route, outcome), column in self._requests.items():
            if number := self.total(column):
                yield route, outcome, number

    def latencies(self) -> Iterator[tuple[str, list[float], float]]:
        """(route, requests by bucket, sum of seconds) of routes with requests."""
        yield from self._histograms(self._latency, len(REQUEST_BOUNDS) + 1)

    def stages(self) -> Iterator[tuple[str, list[float], float]]:
        """(stage, requests by bucket, sum of seconds) of stages that were timed."""
        yield from self._histograms(self._stages, len(STAGE_BOUNDS) + 1)

    def _histograms(self, columns: dict[str, int], buckets: int) -> Iterator[tuple[str, list[float], float]]:
        for name, first in columns.items():
            counts = [self.total(first + number) for number in range(buckets)]
            if any(counts):
                yield name, counts, self.total(first + buckets)

    def counters(self) -> dict[str, float]:
        return {name: self.total(column) for name, column in self._counters.items()}

    def overloads(self) -> dict[str, float]:
        return {name: self.total(column) for name, column in self._overloads.items()}

    def gauges(self) -> list[dict[str, float]]:
        """The Prometheus gauges of each running worker."""
        return [{name: float(row[column]) for name, column in self._gauges.items()} for row in self.alive()]
