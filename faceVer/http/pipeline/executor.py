"""Where the work of requests runs: the lanes of a process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar, TypeVarTuple

from faceVer.http.pipeline.bounded_executor import BoundedExecutor, Slot
from faceVer.http.pipeline.endpoint import Lane
from faceVer.media.plain import is_plain
from faceVer.media.sandbox.confinement import NICE
from faceVer.observability import timings

T = TypeVar("T")
A = TypeVar("A")
Ts = TypeVarTuple("Ts")


class InferenceExecutor:
    """Lanes: inference on a bounded number of threads; as many for requests with files that the sandbox decodes, at a
    lower priority; one thread for requests that only compare, and threads for the database and files where something
    is stored.

    The request's trace names its lane. A comparison takes microseconds, an inference some hundred times as long, and
    decoding a file can take seconds: each lane has its own limit and its own queue, so that comparisons are neither
    rejected nor delayed because images wait, nor plain images because videos do.
    """

    def __init__(self, threads: int, max_queue: int, nice: int = 0, storage_threads: int = 1) -> None:
        self.threads = threads
        self.inference = BoundedExecutor("inference", threads, max_queue, nice)
        self.media = BoundedExecutor("media", threads, max_queue, nice + NICE)
        self.comparison = BoundedExecutor("comparison", 1, max_queue)
        self.storage = BoundedExecutor("storage", storage_threads, max_queue)
        self._lanes = {
            Lane.INFERENCE.value: self.inference,
            Lane.COMPARISON.value: self.comparison,
            Lane.STORAGE.value: self.storage,
            Lane.MEDIA.value: self.media,
        }

    def lane(self, lane: Lane) -> BoundedExecutor:
        return self._lanes[lane.value]

    def _own(self) -> BoundedExecutor:
        trace = timings.current.get()
        return self.inference if trace is None else self._lanes[trace.lane]

    def slot(self) -> Slot:
        """`with executor.slot():` a slot in the request's lane. Raises QueueFullError where there is none."""
        return self._own().slot()

    def follow(self, slot: Slot, files: Iterable[bytes]) -> None:
        """Move a request's slot to the media lane if the sandbox decodes one of its files.

        Raises QueueFullError where that lane has none.
        """
        trace = timings.current.get()
        if trace is not None and trace.lane == Lane.INFERENCE.value and not all(map(is_plain, files)):
            slot.move(self.media)
            trace.lane = Lane.MEDIA.value

    async def run(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """Call `function` on a thread, in the caller's context. Raises what it raises.

        Raises ThreadStartError, and DeadlineError if the request has finished before the call's turn.
        """
        return await self._own().run(function, *arguments)

    async def map(self, function: Callable[[A], T], items: Sequence[A]) -> list[T]:
        """`function` over `items`, in parallel; results in order. Raises the first exception in that order.

        At most as many items run or wait as there are threads, so that a large request does not delay all others; the
        next item starts when one ends.
        """
        if len(items) == 1:
            return [await self.run(function, items[0])]
        results: dict[int, T] = {}
        errors: dict[int, Exception] = {}
        remaining = iter(enumerate(items))

        async def run_remaining() -> None:
            for index, item in remaining:
                try:
                    results[index] = await self.run(function, item)
                except Exception as error:
                    errors[index] = error
                if errors:  # the items before the failed one have started and end; no further one starts
                    return

        try:
            await asyncio.gather(*(run_remaining() for _ in range(min(self.threads, len(items)))))
            if errors:
                raise errors[min(errors)]
        finally:
            errors.clear()  # their tracebacks refer to frames that refer to `errors`
        return [results[index] for index in range(len(items))]

    def start(self, *, storage: bool) -> None:
        """Start the threads, while there is memory for them. storage: also of its lane. Raises ThreadStartError."""
        for lane in (self.inference, self.media, self.comparison, *([self.storage] if storage else [])):
            lane.start()

    def close(self) -> None:
        for lane in self._lanes.values():
            lane.close()
