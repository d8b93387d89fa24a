"""A lane: the items of one shape for one model, which a thread of its own runs together."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from faceVer.domain.errors import InferenceError, QueueFullError

Outputs = Sequence[NDArray[Any]]
Run = Callable[[NDArray[np.float32], NDArray[np.float32]], Outputs]
"""(N, C, H, W) float32, and (N, 2) float32 heights and widths without padding -> the outputs, each with N rows."""
MOST_QUEUED = 1024
"""Items that may wait: more than the threads of a server ask for at a time."""


class _Item(NamedTuple):
    tensor: NDArray[np.float32]
    answer: Future[Outputs]
    arrived: float


class Lane:
    """Any thread hands in items and waits for their outputs; one thread runs what has been handed in.

    shape: of an item, (C, H, W); a smaller item is padded with zeros at its ends. runs: batch size -> the function
    that runs a batch of that size; a batch between two sizes is filled up to the larger one. wait: seconds that an item
    waits for others. limit: items that may wait.
    """

    def __init__(
        self, name: str, shape: tuple[int, ...], runs: Mapping[int, Run], wait: float, limit: int = MOST_QUEUED
    ) -> None:
        self._runs, self._wait, self._limit, self._most = dict(sorted(runs.items())), wait, limit, max(runs)
        self._batches = {size: np.zeros((size, *shape), np.float32) for size in self._runs}
        self._sides = {size: np.ones((size, 2), np.float32) for size in self._runs}
        self._items: deque[_Item] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def run(self, items: NDArray[np.float32]) -> list[Outputs]:
        """The outputs of each item. items: (N, C, H, W), N > 0. Raises InferenceError, QueueFullError."""
        now = time.monotonic()
        taken = deque(_Item(item, Future(), now) for item in items)
        with self._changed:
            if self._closed:
                raise InferenceError("the inference has ended")
            if self._items and len(self._items) + len(taken) > self._limit:
                raise QueueFullError(f"{len(self._items)} items wait for the device")
            was_empty = not self._items
            self._items.extend(taken)
            if was_empty or len(self._items) >= self._most:
                self._changed.notify()
        answers = []
        while taken:  # an error's traceback refers to this frame, which must not refer to the error's future
            answers.append(taken.popleft().answer.result())
        return answers

    def close(self) -> None:
        """Run what has been handed in, then end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while taken := self._take():
            self._answer(taken)

    def _take(self) -> list[_Item]:
        """The oldest items, at most a batch; none once the lane is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed)
            while not self._closed and len(self._items) < self._most:
                left = self._items[0].arrived + self._wait - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            return [self._items.popleft() for _ in range(min(self._most, len(self._items)))]

    def _answer(self, items: Sequence[_Item]) -> None:
        """Run one batch. An error reaches those who wait for it, each as an exception of its own."""
        size = next(size for size in self._runs if size >= len(items))
        batch, sides = self._batches[size], self._sides[size]
        try:
            for row, item in enumerate(items):
                _fill(batch[row], item.tensor)
                sides[row] = item.tensor.shape[-2:]
            outputs = self._runs[size](batch, sides)
        except Exception as error:  # the thread serves the items that come after these
            for item in items:
                item.answer.set_exception(InferenceError(str(error)))
            return
        for row, item in enumerate(items):
            item.answer.set_result([output[row] for output in outputs])


def _fill(target: NDArray[np.float32], source: NDArray[np.float32]) -> None:
    """Copy an item; what it does not cover is zero."""
    if target.shape != source.shape:
        target.fill(0)
    target[tuple(slice(length) for length in source.shape)] = source
