"""Threads and jobs outlive a lack of memory."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any

import pytest

from faceVer.domain.errors import FilesUnavailableError, InferenceError
from faceVer.jobs.queue import Task
from faceVer.jobs.work_threads import WorkThreads


@pytest.mark.parametrize(
    ("error", "is_counted"),
    [
        (MemoryError(), False),
        (OSError(24, "Too many open files"), False),
        (RuntimeError("can't start new thread"), False),
        (FilesUnavailableError(), False),
        (InferenceError(), True),
        (OSError(2, "No such file"), True),
    ],
)
def test_a_job_that_lacks_what_the_system_gives_is_tried_again(error: Exception, is_counted: bool) -> None:
    task = Task(lambda _: None, tries=3)
    assert task.is_last(3, error) is is_counted
    assert (task.pause(3, error) is None) is is_counted


def test_a_result_that_cannot_be_handed_over_is_handed_over_later(monkeypatch: pytest.MonkeyPatch) -> None:
    set_result, failures = Future.set_result, iter([True] * 3)

    def limited(future: Future[Any], result: Any) -> None:
        if next(failures, False):
            raise MemoryError
        set_result(future, result)

    monkeypatch.setattr(Future, "set_result", limited)
    threads = WorkThreads(1)
    threads.start()
    assert [threads.submit(lambda number=number: number).result(30) for number in range(3)] == [0, 1, 2]
    threads.close(wait=True)


def test_an_error_of_memory_holds_no_frames() -> None:
    def fail() -> None:
        raise MemoryError

    threads = WorkThreads(1)
    threads.start()
    error = threads.submit(fail).exception(30)
    assert isinstance(error, MemoryError)
    assert error.__traceback__ is None
    threads.close(wait=True)


def test_a_thread_that_runs_although_its_start_failed_ends_with_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    start, names, failed = threading.Thread.start, list[threading.Thread](), list[bool]()

    def start_and_fail_once(thread: threading.Thread) -> None:
        start(thread)
        names.append(thread)
        if not failed:
            failed.append(True)
            raise MemoryError

    monkeypatch.setattr(threading.Thread, "start", start_and_fail_once)
    threads = WorkThreads(2)
    with pytest.raises(MemoryError):
        threads.start()
    threads.start()
    assert len(names) == 3
    assert threads.submit(lambda: 7).result(5) == 7
    threads.close()
    for thread in names:
        thread.join(5)
        assert not thread.is_alive()
