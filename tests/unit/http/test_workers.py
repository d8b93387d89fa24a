"""Workers: each has its own row of the metrics, and no thread runs before the fork."""

from __future__ import annotations

import _thread
import asyncio
import logging
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import onnxruntime
import pytest

from faceVer.domain.errors import SetupError
from faceVer.http.server import shared_state
from faceVer.http.server.shared_state import POLL, SharedState
from faceVer.http.server.workers import Application, WorkerArbiter
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.service import FolderService
from faceVer.settings.model import Settings


@pytest.fixture
def arbiter(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerArbiter]:
    """gunicorn's arbiter of a server with one worker, whose workers are numbers instead of processes."""
    numbers = iter(range(1_000_000, 2_000_000))
    monkeypatch.setattr(os, "fork", lambda: next(numbers))
    monkeypatch.setattr(WorkerArbiter, "WORKERS", {})
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    found = WorkerArbiter(Application(SharedState(Settings.of(workers=1))))
    found.pid = os.getpid()
    yield found
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    for worker in found.WORKERS.values():
        worker.tmp.close()


def rows(arbiter: Any) -> list[int]:
    return [worker.row for worker in arbiter.WORKERS.values()]


def test_running_workers_have_separate_rows(arbiter: WorkerArbiter) -> None:
    for _ in range(4):
        arbiter.spawn_worker()
    assert rows(arbiter) == [0, 1]
    assert arbiter.num_workers == 1


def test_a_row_is_free_again_when_its_worker_has_ended(arbiter: WorkerArbiter) -> None:
    first = arbiter.spawn_worker()
    arbiter.spawn_worker()
    arbiter.WORKERS.pop(first).tmp.close()
    arbiter.spawn_worker()
    assert rows(arbiter) == [1, 0]


def test_without_a_free_row_the_arbiter_wants_no_more_workers(
    arbiter: WorkerArbiter, caplog: pytest.LogCaptureFixture
) -> None:
    """Signal TTIN raises their number; it would start one every second."""
    arbiter.num_workers = 5
    arbiter.spawn_workers()
    assert rows(arbiter) == [0, 1]
    assert arbiter.num_workers == 2
    caplog.clear()
    arbiter.manage_workers()
    assert not [record for record in caplog.records if "no further worker" in record.getMessage()]


async def wait_until_all_ready(state: SharedState, looks: int) -> bool:
    """Whether the wait of a worker has ended after so many looks."""
    wait = asyncio.create_task(state.all_ready(asyncio.Event()))
    for _ in range(looks):
        await asyncio.sleep(POLL)
    ended = wait.done()
    wait.cancel()
    return ended


def test_a_worker_accepts_no_connection_before_all_work() -> None:
    """Clients that keep their connections would have them all with the first worker."""
    state = SharedState(Settings.of(workers=2))
    state.metrics.take(0)
    assert not asyncio.run(wait_until_all_ready(state, 5))
    state.metrics.take(1)
    asyncio.run(state.all_ready(asyncio.Event()))


def test_a_worker_does_not_wait_for_others_that_are_late(monkeypatch: pytest.MonkeyPatch) -> None:
    state, stop = SharedState(Settings.of(workers=2)), asyncio.Event()
    stop.set()
    asyncio.run(state.all_ready(stop))
    monkeypatch.setattr(shared_state, "OTHERS_SECONDS", 2 * POLL)
    asyncio.run(state.all_ready(asyncio.Event()))
    assert state.metrics.sum("ready") == 1


def test_devices_are_initialized_only_in_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process cannot use a device that was initialized before it was forked."""
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["DmlExecutionProvider"])
    monkeypatch.setattr(onnxruntime, "InferenceSession", Mock(side_effect=AssertionError))
    SharedState(Settings.of(workers=2, providers=("DmlExecutionProvider:device_id=1",))).load()
    with pytest.raises(SetupError, match="MagicExecutionProvider is not in this build"):
        SharedState(Settings.of(workers=2, providers=("MagicExecutionProvider",))).load()


def test_a_card_is_used_by_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    with pytest.raises(SetupError, match=r"one process uses a CUDA card: set FACEVER_WORKERS=1"):
        SharedState(Settings.of(workers=2, providers=("CUDAExecutionProvider",))).load()


def test_models_with_batches_are_loaded_in_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their threads would be lost at the fork."""
    monkeypatch.setattr(FaceEngine, "load", Mock(side_effect=AssertionError))
    SharedState(Settings.of(workers=2, batch_items=4)).load()


def test_threads_that_python_does_not_know_are_reported_before_the_fork(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(FaceEngine, "load", lambda *_: None)
    monkeypatch.setattr(FolderService, "load", lambda *_: None)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    begun, may_end = _thread.allocate_lock(), _thread.allocate_lock()
    begun.acquire()
    may_end.acquire()
    _thread.start_new_thread(lambda: (begun.release(), may_end.acquire()), ())
    begun.acquire()
    try:
        with caplog.at_level(logging.WARNING):
            SharedState(Settings.of(workers=2)).load()
    finally:
        may_end.release()
    assert "threads run before the fork" in caplog.text
