"""Threads for work of any kind. They are daemons: work that does not end cannot keep its process from ending."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

MEMORY_PAUSE = 0.05
"""Seconds until what failed for lack of memory is tried again."""


class WorkThreads:
    """`count` threads, from `start` to `close`. begin: called by each thread first.

    They outlive lack of memory, whenever it strikes: a thread of ThreadPoolExecutor ends and is not replaced where
    there is no memory to hand over a result.
    """

    def __init__(self, count: int, name: str = "job", begin: Callable[[], object] | None = None) -> None:
        self._work: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._count, self._name, self._begin = count, name, begin
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads that do not run yet. Raises RuntimeError where the system starts no further one."""
        while len(self._threads) < self._count:
            thread = threading.Thread(target=self._run, name=f"{self._name}-{len(self._threads)}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Run it on the next idle thread."""
        future: Future[T] = Future()
        self._work.put((call, future))
        return future

    def close(self, *, wait: bool = False) -> None:
        """End each thread when it is idle. wait: until they have ended."""
        self._work.put(None)
        for thread in self._threads if wait else ():
            thread.join()

    def _run(self) -> None:
        if self._begin is not None:
            self._begin()
        while True:
            try:
                item = self._work.get()
                if item is None:
                    self._end_next()
                    return
                _work(*item)
            except MemoryError:
                time.sleep(MEMORY_PAUSE)
            finally:
                item = None

    def _end_next(self) -> None:
        """Each thread that ends, ends the next: there may be more than `start` knows of, as one that begins may report
        lack of memory and run all the same.
        """
        while True:
            try:
                return self._work.put(None)
            except MemoryError:
                time.sleep(MEMORY_PAUSE)


def _work(call: Callable[[], Any], future: Future[Any]) -> None:
    result, failure = None, None
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as error:
        failure = without_frames(error) if isinstance(error, MemoryError) else error
    while not future.done():
        try:
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)
        except MemoryError:  # a result that is not handed over would be waited for forever
            time.sleep(MEMORY_PAUSE)
    del result, failure


def without_frames(error: MemoryError) -> MemoryError:
    """The error without its traceback, whose frames hold the memory that is wanted."""
    error.__context__ = error.__cause__ = None
    return error.with_traceback(None)
