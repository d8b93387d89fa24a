"""The threads of a process, and how many requests may wait for them."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import math
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Any, TypeVar, TypeVarTuple, cast

from faceVer.domain.errors import QueueFullError
from faceVer.observability import timings
from faceVer.observability.cgroup import cpu_quota
from faceVer.settings.model import Settings

T = TypeVar("T")
A = TypeVar("A")
Ts = TypeVarTuple("Ts")


def usable_cpus() -> int:
    """CPUs this process may really use: the affinity mask, less where a control group's quota allows less."""
    return max(1, math.ceil(min(len(os.sched_getaffinity(0)), cpu_quota())))


def thread_count(settings: Settings) -> int:
    """Inference threads of one server process."""
    return settings.server.threads or max(1, usable_cpus() // settings.server.workers)


AHEAD = 2
"""Calls handed to a lane's executor, for each of its threads: one more than it runs, so that it need not wait."""


class _Call:
    """A call on a thread. Whoever gives it up lets go of what it holds, pictures mostly, before its turn comes."""

    __slots__ = ("_submitted", "_work")

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work: Callable[[], Any] | None = work
        self._submitted = perf_counter()

    def __call__(self) -> Any:
        work = self._work
        if work is None:
            return None
        trace = timings.current.get()
        if trace is not None:
            trace.spent.append(("queue", perf_counter() - self._submitted))
            timings.checkpoint()
        return work()

    def drop(self) -> None:
        self._work = None


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
        self._slots = asyncio.Semaphore(AHEAD * threads)
        self._executor = ThreadPoolExecutor(threads, name, initializer=lambda: _lower(nice))

    def check(self) -> None:
        """Raises QueueFullError where no further request is let in."""
        if self.inside >= self._limit:
            raise QueueFullError(f"{self.inside} requests are running or waiting")

    async def run(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        loop, call = asyncio.get_running_loop(), _Call(partial(function, *arguments))
        self.pending += 1
        try:
            # They wait here, where who gives up is gone at once; an executor keeps what was cancelled in its queue.
            await self._slots.acquire()
            future = self._executor.submit(contextvars.copy_context().run, call)
            future.add_done_callback(lambda _: self._free(loop))
            return cast(T, await asyncio.shield(asyncio.wrap_future(future)))
        finally:
            call.drop()
            self.pending -= 1

    def _free(self, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended before a call that was given up
            loop.call_soon_threadsafe(self._slots.release)

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
        trace = timings.current.get()
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
        trace = timings.current.get()
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
