"""A thread pool that bounds both its threads and the requests that use them or wait for them."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import Callable
from functools import partial
from time import perf_counter, sleep
from types import TracebackType
from typing import Any, Self, TypeVar, TypeVarTuple, cast

from faceVer.domain.errors import QueueFullError, ThreadStartError
from faceVer.jobs.work_threads import MEMORY_PAUSE, WorkThreads, without_frames
from faceVer.observability import timings

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

PREFETCH = 2
"""Calls in the pool's queue for each thread: the running one and the next, so that a thread never waits for the event
loop."""


class _Call:
    """A call for a thread, and the future on the event loop that receives its result.

    An exception's traceback refers to the thread's frames. If a variable of those frames, or this object, referred to
    the exception or to its future, the images in the frames would stay in memory until a garbage collection. For this
    reason the call does not use the future of its thread, and clears its attributes before it uses their
    values.
    """

    __slots__ = ("_done", "_submitted", "_work", "future")

    def __init__(self, work: Callable[[], Any], done: Callable[[], None]) -> None:
        self._work: Callable[[], Any] | None = work
        self._done = done
        self._submitted = perf_counter()
        self.future: asyncio.Future[Any] | None = asyncio.get_running_loop().create_future()

    def cancel(self) -> None:
        """Release the work's references; when a thread takes the call, it does nothing."""
        self._work = None

    def abandon(self) -> None:
        """Cancel, and drop the future, too: the call could not be queued."""
        self._work = self.future = None

    def __call__(self) -> None:
        """Run the work on the current thread."""
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
            self._deliver(None, without_frames(error) if isinstance(error, MemoryError) else error)

    def _deliver(self, result: Any, error: BaseException | None) -> None:
        future, self.future = self.future, None
        while future is not None:
            try:
                future.get_loop().call_soon_threadsafe(_finish, future, result, error, self._done)
                future = None
            except RuntimeError:  # the loop has ended before a call that was cancelled
                future = None
            except MemoryError:  # without a result the request would occupy its place until its deadline
                sleep(MEMORY_PAUSE)


def _finish(future: asyncio.Future[Any], result: Any, error: BaseException | None, done: Callable[[], None]) -> None:
    done()
    if future.done():  # cancelled
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


class BoundedExecutor:
    """`threads` threads, and at most `threads + max_queue` requests that run or wait.

    nice: by how much the priority of the threads is lower than that of the process. Only the calls run on the threads;
    all methods are for the event loop.
    """

    def __init__(self, name: str, threads: int, max_queue: int, nice: int = 0) -> None:
        self.threads = threads
        self.requests = 0
        """Requests that occupy a slot."""
        self.pending = 0
        """Calls that run or wait."""
        self._limit = threads + max_queue
        self._handed_over = asyncio.Semaphore(PREFETCH * threads)
        self._threads = WorkThreads(threads, name, partial(_lower_priority, nice))

    def start(self) -> None:
        """Start the threads; without it, the first call does. Raises ThreadStartError."""
        try:
            self._threads.start()
        except (RuntimeError, MemoryError) as error:
            raise ThreadStartError(f"no thread: {error}") from None

    def slot(self) -> Slot:
        """`with executor.slot():` a request's slot, from the last byte of its body to its response.

        Raises QueueFullError if none is free.
        """
        return Slot(self)

    def check(self) -> None:
        """Raises QueueFullError if no slot is free."""
        if self.requests >= self._limit:
            raise QueueFullError(f"{self.requests} requests are running or waiting")

    async def run(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """Call `function` on a thread. Raises what it raises, and ThreadStartError."""
        call = _Call(partial(function, *arguments), self._handed_over.release)
        self.pending += 1
        try:
            # Calls wait here because a cancelled one leaves at once; in the pool's queue it would stay.
            await self._handed_over.acquire()
            return cast(T, await self._submit(call))
        finally:
            call.cancel()
            self.pending -= 1

    def _submit(self, call: _Call) -> asyncio.Future[Any]:
        """Queue a call for the threads. Returns the future of its result. Raises ThreadStartError."""
        future = cast("asyncio.Future[Any]", call.future)
        try:
            self.start()
            self._threads.submit(partial(contextvars.copy_context().run, call))
        except (ThreadStartError, MemoryError):
            call.abandon()
            self._handed_over.release()
            raise
        return future

    def close(self, *, wait: bool = True) -> None:
        """End the threads. wait: until their calls have ended."""
        self._threads.close(wait=wait)


class Slot:
    """One of the requests that a BoundedExecutor runs or queues, as a context manager."""

    __slots__ = ("_executor",)

    def __init__(self, executor: BoundedExecutor) -> None:
        self._executor = executor

    def move(self, executor: BoundedExecutor) -> None:
        """Give up the slot for one of another executor. Raises QueueFullError, and then keeps it."""
        executor.check()
        executor.requests += 1
        self._executor.requests -= 1
        self._executor = executor

    def __enter__(self) -> Self:
        self._executor.check()
        self._executor.requests += 1
        trace = timings.current.get()
        if trace is not None:
            trace.timings.append(("receive", perf_counter() - trace.started))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.requests -= 1


def _lower_priority(nice: int) -> None:
    """Lower the calling thread's priority, which Linux keeps for each thread."""
    if nice:
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + nice))
