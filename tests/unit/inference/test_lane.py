"""Lanes: items of concurrent callers in one run, errors for those of that run only, bounded, and a clean stop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from faceVer.domain.errors import InferenceError, QueueFullError
from faceVer.inference.lane import Lane, Outputs

SHAPE = (1, 4, 6)


class Model:
    """Sums each item and passes on its sides. Runs only while the gate is open; fails where an item holds 13."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.entered, self.gate = threading.Semaphore(0), threading.Event()
        self.gate.set()

    def __call__(self, batch: NDArray[np.float32], sides: NDArray[np.float32]) -> Outputs:
        self.entered.release()
        self.gate.wait()
        self.sizes.append(len(batch))
        if (batch == 13).any():
            raise RuntimeError("thirteen")
        return [batch.sum(axis=(1, 2, 3)), sides.copy()]


@contextmanager
def opened(model: Model, *, limit: int = 100) -> Iterator[Lane]:
    lane = Lane("test", SHAPE, dict.fromkeys((1, 4), model), 0.0, limit)
    try:
        yield lane
    finally:
        model.gate.set()
        lane.close()


def items(*values: float, shape: tuple[int, ...] = SHAPE) -> NDArray[np.float32]:
    return np.stack([np.full(shape, value, np.float32) for value in values])


@contextmanager
def busy(model: Model, lane: Lane, pool: ThreadPoolExecutor) -> Iterator[None]:
    """A run has begun and does not end within the block."""
    model.gate.clear()
    first = pool.submit(lane.run, items(1))
    model.entered.acquire()
    try:
        yield
    finally:
        model.gate.set()
    first.result()


def queued(lane: Lane, pool: ThreadPoolExecutor, count: int, value: float) -> list[Future[list[Outputs]]]:
    """So many callers that wait, one item each."""
    before = len(lane._items)
    calls = [pool.submit(lane.run, items(value)) for _ in range(count)]
    while len(lane._items) < before + count:
        pass
    return calls


def test_items_of_several_callers_run_together() -> None:
    model = Model()
    with opened(model) as lane, ThreadPoolExecutor(8) as pool:
        with busy(model, lane, pool):
            calls = queued(lane, pool, 3, 2)
        assert [float(call.result()[0][0]) for call in calls] == [48, 48, 48]
        assert model.sizes == [1, 4]


def test_a_caller_with_more_items_than_a_batch_gets_all_in_order() -> None:
    with opened(Model()) as lane:
        sums = [float(outputs[0]) for outputs in lane.run(items(*range(10)))]
    assert sums == [24.0 * number for number in range(10)]


def test_what_a_smaller_item_does_not_cover_is_zero() -> None:
    with opened(Model()) as lane:
        lane.run(items(5, 5, 5, 5))
        (outputs,) = lane.run(items(1, shape=(1, 2, 3)))
    assert float(outputs[0]) == 6
    assert outputs[1].tolist() == [2, 3]


def test_an_error_reaches_the_callers_of_that_batch_only() -> None:
    model = Model()
    with opened(model) as lane, ThreadPoolExecutor(8) as pool:
        with busy(model, lane, pool):
            wrong = [*queued(lane, pool, 1, 13), *queued(lane, pool, 3, 2)]
            right = queued(lane, pool, 1, 2)
        errors = [call.exception() for call in wrong]
        assert [str(error) for error in errors] == ["thirteen"] * 4
        assert all(isinstance(error, InferenceError) for error in errors)
        assert len({id(error) for error in errors}) == 4
        assert float(right[0].result()[0][0]) == 48


def test_a_full_lane_refuses_items() -> None:
    model = Model()
    with opened(model, limit=2) as lane, ThreadPoolExecutor(8) as pool:
        with busy(model, lane, pool):
            calls = queued(lane, pool, 2, 2)
            with pytest.raises(QueueFullError, match="2 items wait"):
                lane.run(items(2))
        assert [float(call.result()[0][0]) for call in calls] == [48, 48]
        assert len(lane.run(items(1, 2, 3))) == 3  # one caller's items are never too many


def test_a_stop_finishes_what_waits_and_accepts_nothing_more() -> None:
    model = Model()
    with opened(model) as lane, ThreadPoolExecutor(8) as pool:
        with busy(model, lane, pool):
            calls = queued(lane, pool, 5, 2)
            stop = pool.submit(lane.close)
            while not lane._closed:
                pass
            with pytest.raises(InferenceError, match="ended"):
                lane.run(items(1))
        stop.result()
        assert [float(call.result()[0][0]) for call in calls] == [48] * 5
    assert not lane._thread.is_alive()


def test_an_item_waits_for_others_until_the_batch_is_full() -> None:
    model = Model()
    lane = Lane("test", SHAPE, dict.fromkeys((1, 4), model), 3600.0)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(lane.run, items(2)) for _ in range(4)]
        assert [float(call.result()[0][0]) for call in calls] == [48] * 4
    assert model.sizes == [4]
    lane.close()
