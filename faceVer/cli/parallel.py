"""A function over many items on a few threads, with results in the items' order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

PREFETCH = 4
"""Items per thread that are started and not yet returned: only beyond that does a slow item delay the others."""


def map_ordered(function: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[tuple[T, R]]:
    """(item, function(item)) for each; `items` is read as the work proceeds. The first exception ends it."""
    pool = ThreadPoolExecutor(threads, "facever")
    pending: deque[tuple[T, Future[R]]] = deque()
    try:
        for item in items:
            pending.append((item, pool.submit(function, item)))
            if len(pending) >= threads * PREFETCH:
                first, future = pending.popleft()
                yield first, future.result()
        for first, future in pending:
            yield first, future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
