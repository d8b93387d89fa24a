"""The threads of a process, and how many requests may wait for them."""

from __future__ import annotations

import asyncio
import contextvars
import math
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import TypeVar, TypeVarTuple

from faceVer import stages
from faceVer.config import Settings
from faceVer.errors import QueueFullError

T = TypeVar("T")
A = TypeVar("A")
Ts = TypeVarTuple("Ts")


def usable_cpus(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """CPUs this process may really use: the affinity mask, less where a cgroup quota (v2 or v1) allows less."""
    count = len(os.sched_getaffinity(0))
    for quota_file, period_file in (("cpu.max", None), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            words = (cgroup / quota_file).read_text().split()
            if period_file:
                words.append((cgroup / period_file).read_text().strip())
            quota, period = float(words[0]), float(words[1])
        except (OSError, ValueError, IndexError):
            continue
        if quota > 0 and period > 0:
            count = min(count, math.ceil(quota / period))
    return max(1, count)


def thread_count(settings: Settings) -> int:
    """Inference threads of one server process."""
    return settings.threads or max(1, usable_cpus() // settings.workers)


class Lane:
    """Threads, and the requests that may be running on them or waiting for them: `threads + max_queue`.

    nice: how much lower the threads' priority is than the process's. All but `run`'s work happens on the event loop.
    """

    def __init__(self, name: str, threads: int, max_queue: int, nice: int = 0) -> None:
        self.threads = threads
        self.inside = 0
        """Requests let in."""
        self.pending = 0
        """Calls that are running or waiting."""
        self._limit = threads + max_queue
        self._executor = ThreadPoolExecutor(threads, name, initializer=lambda: _lower(nice))

    def check(self) -> None:
        """Raises QueueFullError where no further request is let in."""
        if self.inside >= self._limit:
            raise QueueFullError(f"{self.inside} requests are running or waiting")

    async def run(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        context, submitted = contextvars.copy_context(), perf_counter()

        def work() -> T:
            trace = stages.current.get()
            if trace is not None:
                trace.spent.append(("queue", perf_counter() - submitted))
                stages.checkpoint()
            return function(*arguments)

        self.pending += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, context.run, work)
        finally:
            self.pending -= 1

    def close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)


def _lower(nice: int) -> None:
    """Lower the calling thread's priority; Linux keeps one for each thread."""
    if nice:
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + nice))


class _Stay:
    """One request's stay in a lane, from the last byte of its body to its answer."""

    __slots__ = ("_lane",)

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    async def __aenter__(self) -> None:
        self._lane.check()
        self._lane.inside += 1
        trace = stages.current.get()
        if trace is not None:
            trace.spent.append(("receive", perf_counter() - trace.begun))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lane.inside -= 1


class InferencePool:
    """Runs functions on bounded sets of threads: inference, and beside it one thread for requests that only compare.

    Which of the two a request uses stands in its trace. A comparison takes microseconds, an inference some hundred
    times as long: each lane has its own limit and its own queue, so that comparisons are neither refused nor held up
    because pictures are waiting.
    """

    def __init__(self, threads: int, max_queue: int, nice: int = 0) -> None:
        self.threads = threads
        self.inference = Lane("inference", threads, max_queue, nice)
        self.comparison = Lane("comparison", 1, max_queue)

    def lane(self, *, comparing: bool) -> Lane:
        return self.comparison if comparing else self.inference

    def _own(self) -> Lane:
        trace = stages.current.get()
        return self.lane(comparing=trace is not None and trace.comparing)

    def admit(self) -> _Stay:
        """`async with pool.admit():` one request's stay. Raises QueueFullError where too many are in already."""
        return _Stay(self._own())

    async def run(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """Call `function` on a thread, in the caller's context. Its exceptions come through.

        Raises DeadlineError where nobody waits for the request's answer any more when its turn comes.
        """
        return await self._own().run(function, *arguments)

    async def map(self, function: Callable[[A], T], items: Sequence[A]) -> list[T]:
        """`function` over `items`, in parallel; results in order, or the first exception in that order.

        As many are under way as there are threads, so that one large request does not push aside all others.
        """
        if len(items) == 1:
            return [await self.run(function, items[0])]
        results: list[T] = []
        for start in range(0, len(items), self.threads):
            batch = [asyncio.ensure_future(self.run(function, item)) for item in items[start : start + self.threads]]
            try:
                outcomes = await asyncio.gather(*batch, return_exceptions=True)
            finally:
                for task in batch:
                    task.cancel()
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome
                results.append(outcome)
        return results

    def close(self) -> None:
        self.inference.close()
        self.comparison.close()
