"""A lane: a bounded number of threads, and of requests that use them or wait for them."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Any, TypeVar, TypeVarTuple, cast

from faceVer.domain.errors import QueueFullError, ThreadStartError
from faceVer.observability import timings

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

PREFETCH = 2
"""Calls handed to a lane's threads, for each of them: one more than it runs, so that it need not wait for the next."""


class _Call:
    """A call for a thread, and the future on the event loop that gets its result.

    The traceback of an exception refers to the frames of the thread. If their variables, or this object, referred to
    the exception or to its future, the images in those frames would stay until a garbage collection. Hence the future
    of ThreadPoolExecutor is not used, and attributes are cleared before they are used.
    """

    __slots__ = ("_done", "_submitted", "_work", "future")

    def __init__(self, work: Callable[[], Any], done: Callable[[], None]) -> None:
        self._work: Callable[[], Any] | None = work
        self._done = done
        self._submitted = perf_counter()
        self.future: asyncio.Future[Any] | None = asyncio.get_running_loop().create_future()

    def cancel(self) -> None:
        """Free what the call holds; its turn passes without work."""
        self._work = None

    def abandon(self) -> None:
        """Forget the future, too: the executor has the call in its queue, but could start no thread for it."""
        self._work = self.future = None

    def __call__(self) -> None:
        """Run on a thread."""
        work, self._work = self._work, None
        try:
            if work is not None:
                trace = timings.current.get()
                if trace is not None:
                    trace.timings.append(("queue", perf_counter() - self._submitted))
                    timings.checkpoint()
                self._deliver(work(), None)
            else:
                self._deliver(None, None)
        except BaseException as error:
            self._deliver(None, error)

    def _deliver(self, result: Any, error: BaseException | None) -> None:
        future, self.future = self.future, None
        if future is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended before a call that was cancelled
                future.get_loop().call_soon_threadsafe(_finish, future, result, error, self._done)


def _finish(future: asyncio.Future[Any], result: Any, error: BaseException | None, done: Callable[[], None]) -> None:
    done()
    if future.done():  # cancelled
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


class BoundedExecutor:
    """A lane: `threads` threads, and at most `threads + max_queue` requests that run or wait.

    nice: how much lower the threads' priority is than the process's. Everything but the calls themselves happens on the
    event loop.
    """

    def __init__(self, name: str, threads: int, max_queue: int, nice: int = 0) -> None:
        self.threads = threads
        self.requests = 0
        """Requests that hold a slot."""
        self.pending = 0
        """Calls that run or wait."""
        self._limit = threads + max_queue
        self._handed_over = asyncio.Semaphore(PREFETCH * threads)
        self._executor = ThreadPoolExecutor(threads, name, initializer=lambda: _lower_priority(nice))

    def slot(self) -> Slot:
        """`with lane.slot():` a request's slot, from the last byte of its body to its response."""
        return Slot(self)

    def check(self) -> None:
        """Raises QueueFullError if there is no slot for another request."""
        if self.requests >= self._limit:
            raise QueueFullError(f"{self.requests} requests are running or waiting")

    async def run(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """Call `function` on a thread. Raises what it raises, and ThreadStartError."""
        call = _Call(partial(function, *arguments), self._handed_over.release)
        self.pending += 1
        try:
            # Calls wait here, where a cancelled one is gone at once; an executor keeps it in its queue.
            await self._handed_over.acquire()
            return cast(T, await self._submit(call))
        finally:
            call.cancel()
            self.pending -= 1

    def _submit(self, call: _Call) -> asyncio.Future[Any]:
        """Hand a call to a thread; the future of its result. Raises ThreadStartError."""
        future = cast("asyncio.Future[Any]", call.future)
        try:
            self._executor.submit(contextvars.copy_context().run, call)
        except (RuntimeError, MemoryError) as error:
            call.abandon()
            self._handed_over.release()
            raise ThreadStartError(f"no inference thread: {error}") from None
        return future

    def close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)


class Slot:
    """A request's place in a lane. Raises QueueFullError where there is none."""

    __slots__ = ("_lane",)

    def __init__(self, lane: BoundedExecutor) -> None:
        self._lane = lane

    def __enter__(self) -> None:
        self._lane.check()
        self._lane.requests += 1
        trace = timings.current.get()
        if trace is not None:
            trace.timings.append(("receive", perf_counter() - trace.started))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lane.requests -= 1


def _lower_priority(nice: int) -> None:
    """Lower the calling thread's priority; Linux keeps one for each thread."""
    if nice:
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + nice))
