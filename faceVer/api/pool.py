"""The inference threads of a process, and how many requests may wait for them."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from faceVer.config import Settings
from faceVer.errors import OverloadedError

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


class InferencePool:
    """Runs functions on a bounded set of threads; at most `threads + max_queue` requests are let in at a time."""

    def __init__(self, threads: int, max_queue: int) -> None:
        self.threads = threads
        self._limit = threads + max_queue
        self._inside = 0
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="inference")

    @contextlib.asynccontextmanager
    async def admit(self) -> AsyncIterator[None]:
        """One request's stay. Raises OverloadedError where too many are in already."""
        if self._inside >= self._limit:
            raise OverloadedError(f"{self._inside} requests are running or waiting")
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    async def run(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """Call `function` on a thread. Its exceptions come through."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)

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
        self._executor.shutdown(wait=True, cancel_futures=True)
