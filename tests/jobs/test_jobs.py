"""The queue of both kinds of database: with threads of this process, and with processes that are killed."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faceVer.jobs import postgres_queue, sqlite_queue
from faceVer.services.background import background_work
from faceVer.storage.database import Database
from tests.jobs.support_jobs import TRIES, Jobs, start_worker, until

StartWorker = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def jobs(database: Database, tmp_path: Path) -> Iterator[Jobs]:
    made = Jobs(database, tmp_path)
    yield made
    made.release()
    made.worker.stop(10)


@pytest.fixture
def start(store: str, tmp_path: Path) -> Iterator[StartWorker]:
    processes = []

    def _start() -> subprocess.Popen[bytes]:
        processes.append(start_worker(store, tmp_path))
        return processes[-1]

    yield _start
    for process in processes:
        process.kill()
        process.wait()


def test_a_job_runs_soon_after_its_transaction(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by polling, which would be too late here."""
    for module in (sqlite_queue, postgres_queue):
        monkeypatch.setattr(module, "POLL", 12.0)
    jobs.worker.start()
    until(lambda: jobs.worker.is_ready)
    jobs.enqueue("mark", "a")
    until(lambda: jobs.effects() == {"a": "done"}, 10.0)


def test_a_transaction_that_is_rolled_back_has_no_job(jobs: Jobs) -> None:
    with pytest.raises(ZeroDivisionError), jobs.database.write() as connection:  # noqa: PT012
        jobs.queue.enqueue(connection, "mark", {"name": "a"})
        raise ZeroDivisionError
    assert background_work(jobs.database).jobs.waiting == 0
    jobs.worker.start()
    jobs.enqueue("mark", "b")
    until(lambda: "b" in jobs.effects())
    assert jobs.begun() == ["b"]


def test_a_job_waits_until_it_is_due(jobs: Jobs) -> None:
    jobs.worker.start()
    due = time.time() + 1.5
    with jobs.database.write() as connection:
        jobs.queue.enqueue(connection, "mark", {"name": "later"}, due)
    jobs.enqueue("mark", "now")
    until(lambda: "later" in jobs.effects())
    assert time.time() >= due
    assert jobs.begun() == ["now", "later"]


def test_a_job_that_raises_is_tried_again_and_given_up(jobs: Jobs) -> None:
    jobs.worker.start()
    jobs.enqueue("raise", "a")
    until(jobs.effects)
    assert jobs.effects() == {"a": "InternalError"}
    assert jobs.begun() == ["a"] * TRIES
    until(lambda: background_work(jobs.database).jobs.running == 0)
    assert background_work(jobs.database).jobs.waiting == 0


def test_no_number_of_tries_ends_a_job_while_the_storage_is_away(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faceVer.jobs.queue.AWAY_PAUSE", 0.2)
    jobs.worker.start()
    jobs.enqueue("files_away", "a")
    until(lambda: len(jobs.begun()) > TRIES)
    jobs.release()
    until(jobs.effects)
    assert jobs.effects() == {"a": "done"}


def test_a_periodic_task_runs_again_and_again(jobs: Jobs, tmp_path: Path) -> None:
    jobs.worker.start()
    until(lambda: (tmp_path / "regular").exists() and (tmp_path / "regular").stat().st_size >= 3)


def test_the_depth_counts_waiting_and_running_jobs(jobs: Jobs) -> None:
    assert background_work(jobs.database).jobs.waiting == 0
    jobs.enqueue("wait", "a", "b", "c")
    time.sleep(0.1)
    depth = background_work(jobs.database).jobs
    assert (depth.waiting, depth.running) == (3, 0)
    assert 0.1 <= depth.oldest < 20
    jobs.worker.start()
    until(lambda: background_work(jobs.database).jobs.running == 2)  # as many as threads
    assert background_work(jobs.database).jobs.waiting == 1


def test_a_stopped_worker_leaves_its_job_to_another(jobs: Jobs, start: StartWorker) -> None:
    process = start()
    jobs.enqueue("wait", "a")
    until(lambda: jobs.begun() == ["a"])
    process.terminate()
    assert process.wait(10) == 0
    jobs.release()
    jobs.worker.start()
    until(lambda: jobs.effects() == {"a": "done"})
    assert jobs.begun() == ["a", "a"]


def test_a_killed_workers_job_is_taken_over(jobs: Jobs, start: StartWorker) -> None:
    process = start()
    jobs.enqueue("wait", "a")
    until(lambda: jobs.begun() == ["a"])
    process.kill()
    process.wait()
    start()
    jobs.release()
    until(lambda: jobs.effects() == {"a": "done"})
    assert jobs.begun() == ["a", "a"]


def test_a_job_that_kills_its_worker_is_given_up(jobs: Jobs, start: StartWorker) -> None:
    jobs.enqueue("poison", "a")
    for _ in range(TRIES):
        start().wait(30)
    start()
    until(jobs.effects)
    assert jobs.effects() == {"a": "its worker ended"}
    assert jobs.begun() == ["a"] * TRIES


def test_each_of_many_jobs_has_one_effect(jobs: Jobs, start: StartWorker) -> None:
    names = [f"job-{n}" for n in range(100)]
    workers = [start() for _ in range(3)]
    jobs.enqueue("mark", *names)
    until(jobs.begun)
    workers[0].kill()
    until(lambda: jobs.effects() == dict.fromkeys(names, "done"))
    assert set(jobs.begun()) == set(names)
    assert len(jobs.begun()) <= 100 + 2  # the jobs of the killed worker may have run twice
