"""The threads of a process: what is given up is let go of at once."""

from __future__ import annotations

import asyncio
import threading
import weakref

import pytest

from faceVer.http.pipeline.executor import AHEAD, InferencePool


class Held:
    """Something large."""


def test_what_waits_and_is_given_up_holds_nothing() -> None:
    go, begun = threading.Event(), threading.Event()
    calls = list[int]()

    def block() -> str:
        begun.set()
        go.wait(60)
        return "done"

    async def main() -> None:
        pool = InferencePool(1, 1000)
        first = asyncio.create_task(pool.run(block))
        await asyncio.to_thread(begun.wait, 30)
        held = [Held() for _ in range(50)]
        alive = weakref.WeakSet(held)
        tasks = [asyncio.create_task(pool.run(lambda thing: calls.append(id(thing)), thing)) for thing in held]
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
        assert pool.inference._executor._work_queue.qsize() < AHEAD
        go.set()
        assert await first == "done"
        assert await pool.run(len, "abc") == 3  # the places of those that were given up are free again
        assert pool.inference.pending == 0
        pool.close()

    asyncio.run(main())
    assert not calls


def test_errors_come_through_and_free_the_thread() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    async def main() -> None:
        pool = InferencePool(1, 0)
        for _ in range(2 * AHEAD):
            with pytest.raises(ZeroDivisionError):
                await pool.run(fail)
        pool.close()

    asyncio.run(main())


def test_as_many_run_as_there_are_threads_and_all_have_their_turn() -> None:
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
        pool = InferencePool(3, 100)
        assert await asyncio.gather(*(pool.run(work, number) for number in range(30))) == list(range(30))
        pool.close()

    asyncio.run(main())
    assert most == 3
