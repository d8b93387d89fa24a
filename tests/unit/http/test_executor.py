"""The executor: how many calls run at a time, and that it keeps no references to finished requests."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import weakref
from collections.abc import Iterator

import pytest

from faceVer.domain.errors import ThreadStartError
from faceVer.http.pipeline.bounded_executor import PREFETCH
from faceVer.http.pipeline.executor import InferenceExecutor


class Held:
    """Stands for an image. fails: whether working on it does."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails


@contextlib.contextmanager
def collector_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def all_released(executor: InferenceExecutor, alive: weakref.WeakSet[Held]) -> bool:
    """Whether all go without the collector. A thread's last work item goes when the thread takes the next one, and any
    thread may take it: what is in a cycle stays for all of these calls."""
    for _ in range(200):
        if not alive:
            return True
        await asyncio.gather(*(executor.run(len, "") for _ in range(4)))
        await asyncio.sleep(0.005)
    return False


def test_a_cancelled_call_releases_its_memory_before_its_turn() -> None:
    go, begun = threading.Event(), threading.Event()
    calls = list[int]()

    def block() -> str:
        begun.set()
        go.wait(60)
        return "done"

    async def main() -> None:
        executor = InferenceExecutor(1, 1000)
        first = asyncio.create_task(executor.run(block))
        await asyncio.to_thread(begun.wait, 30)
        held = [Held() for _ in range(50)]
        alive = weakref.WeakSet(held)
        tasks = [asyncio.create_task(executor.run(lambda thing: calls.append(id(thing)), thing)) for thing in held]
        held.clear()
        await asyncio.sleep(0)
        assert len(alive) == len(tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        tasks.clear()
        del task
        await asyncio.sleep(0)  # callbacks of the tasks
        assert not alive
        assert executor.inference._threads._work.qsize() < PREFETCH
        go.set()
        assert await first == "done"
        assert await executor.run(len, "abc") == 3  # the slots of the cancelled calls are free
        assert executor.inference.pending == 0
        executor.close()

    asyncio.run(main())
    assert not calls


def test_an_error_releases_its_thread() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    async def main() -> None:
        executor = InferenceExecutor(1, 0)
        for _ in range(2 * PREFETCH):
            with pytest.raises(ZeroDivisionError):
                await executor.run(fail)
        executor.close()

    asyncio.run(main())


def test_map_runs_one_call_for_each_thread_and_completes_all() -> None:
    lock, running, most = threading.Lock(), 0, 0
    barrier = threading.Barrier(3)

    def work(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        barrier.wait(30)
        with lock:
            running -= 1
        return number

    async def main() -> None:
        executor = InferenceExecutor(3, 100)
        assert await asyncio.gather(*(executor.run(work, number) for number in range(30))) == list(range(30))
        executor.close()

    asyncio.run(main())
    assert most == 3


def test_a_thread_that_cannot_start_takes_no_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    start, failures = threading.Thread.start, iter([True] * 3)

    def limited(thread: threading.Thread) -> None:
        if next(failures, False):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)

    async def main() -> None:
        executor = InferenceExecutor(1, 0)
        for _ in range(3):
            with pytest.raises(ThreadStartError):
                await executor.run(len, "abc")
        for _ in range(3 * PREFETCH):
            assert await asyncio.wait_for(executor.run(len, "abc"), 30) == 3
        assert await asyncio.gather(*(executor.run(len, "abc") for _ in range(10))) == [3] * 10
        assert executor.inference._handed_over._value == PREFETCH
        executor.close()

    asyncio.run(main())


def test_the_next_item_starts_when_one_ends() -> None:
    slow_may_end, others = threading.Event(), threading.Semaphore(0)

    def work(number: int) -> int:
        if number == 0:
            assert slow_may_end.wait(60)
        else:
            others.release()
        return number

    async def main() -> None:
        executor = InferenceExecutor(2, 100)
        mapped = asyncio.create_task(executor.map(work, list(range(10))))
        for _ in range(9):  # all others end while the first still runs
            assert await asyncio.to_thread(others.acquire, True, 30)
        slow_may_end.set()
        assert await mapped == list(range(10))
        executor.close()

    asyncio.run(main())


def test_the_first_error_in_order_ends_a_map_and_no_further_item_starts() -> None:
    started = list[int]()
    late_failed = threading.Event()

    def work(number: int) -> int:
        started.append(number)
        if number == 1:
            late_failed.set()
            raise ZeroDivisionError
        assert late_failed.wait(30)
        raise ValueError("the first in order")

    async def main() -> None:
        executor = InferenceExecutor(2, 100)
        with pytest.raises(ValueError, match="the first in order"):
            await executor.map(work, list(range(50)))
        executor.close()

    asyncio.run(main())
    assert sorted(started) == [0, 1]


def test_an_error_leaves_no_cycle() -> None:
    """Not even of the frames its traceback refers to: what they hold would stay until a garbage collection."""

    def fail(held: Held) -> None:
        raise ZeroDivisionError

    async def main() -> None:
        executor = InferenceExecutor(2, 100)
        alive = weakref.WeakSet[Held]()
        with collector_off():
            for count in (1, 5):
                held = [Held() for _ in range(count)]
                alive.update(held)
                with contextlib.suppress(ZeroDivisionError):
                    await executor.map(fail, held)
                del held
            assert await all_released(executor, alive)
        executor.close()

    asyncio.run(main())


def test_a_cancelled_map_leaves_no_cycle_of_an_earlier_error() -> None:
    may_end = threading.Event()

    def work(held: Held) -> None:
        if held.fails:
            raise ZeroDivisionError
        assert may_end.wait(30)

    async def main() -> None:
        executor = InferenceExecutor(2, 100)
        held = [Held(fails=True), Held()]
        alive = weakref.WeakSet(held)
        mapped = asyncio.create_task(executor.map(work, held))
        del held
        with collector_off():
            for _ in range(3):  # both items are handed to the threads
                await asyncio.sleep(0)
            await executor.run(len, "")  # after the first item, which has failed
            mapped.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await mapped
            del mapped
            may_end.set()
            assert await all_released(executor, alive)
        executor.close()

    asyncio.run(main())
