"""The queue of a SQLite database: jobs run on threads of the server's own processes, which share the file.

One thread of each process claims due jobs and gives signs of life for those that run; it looks at once when this
process enqueues a job, and every second for those of other processes. A job whose process has died is claimed by
another one when its heartbeat is too old. Its try was counted when it began.
"""

from __future__ import annotations

import os
import socket
import threading
import uuid
from contextlib import suppress
from functools import partial

from faceVer.domain.clock import Clock, system_clock
from faceVer.domain.errors import DatabaseUnavailableError
from faceVer.jobs.queue import POLL, Arguments, Tasks, is_passing, log
from faceVer.jobs.work_threads import WorkThreads
from faceVer.storage import jobs
from faceVer.storage.database import Connection, Database, after_commit


class SqliteQueue:
    """Implements `Queue` and `Worker`.

    threads: jobs that run at a time. heartbeat: seconds without a sign of life after which a job is taken over.
    """

    def __init__(
        self, database: Database, tasks: Tasks, threads: int, heartbeat: float, clock: Clock = system_clock
    ) -> None:
        self._database, self._tasks, self._clock = database, tasks, clock
        self._count, self._heartbeat = threads, heartbeat
        self._name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._running: set[int] = set()
        self._lock = threading.Lock()
        self._wakeup, self._stopping = threading.Event(), threading.Event()
        self._reached = 0.0
        self._beaten = 0.0
        self._threads = WorkThreads(threads)
        self._dispatcher: threading.Thread | None = None

    def enqueue(self, connection: Connection, task: str, arguments: Arguments, due: float | None = None) -> None:
        now = self._clock()
        jobs.insert(connection, task, arguments, now, now if due is None else due)
        after_commit(connection, self._wakeup.set)

    def start(self) -> None:
        self._threads.start()
        self._dispatcher = threading.Thread(target=self._dispatch, name="job-dispatcher", daemon=True)
        self._dispatcher.start()

    @property
    def is_ready(self) -> bool:
        return self._clock() - self._reached < self._heartbeat + POLL

    def stop(self, seconds: float) -> None:
        if self._dispatcher is None:
            return
        deadline = self._clock() + seconds
        self._stopping.set()
        while self._running and (left := deadline - self._clock()) > 0:
            self._wakeup.wait(min(left, POLL))
            self._wakeup.clear()
            self._beat()
        self._dispatcher.join(POLL)
        self._threads.close()
        with self._lock:
            running, self._running = list(self._running), set()
        if running:
            log.warning("jobs left to other workers: %d", len(running))
            with suppress(DatabaseUnavailableError), self._database.write() as connection:
                jobs.release(connection, self._name, running)

    def _dispatch(self) -> None:
        was_away = False
        while not self._stopping.is_set():
            self._wakeup.clear()
            with suppress(MemoryError):  # there may be none even for the log, or to wait
                try:
                    self._beat()  # first, so that it cannot claim its own jobs after a pause of the process
                    self._look()
                    self._reached, was_away = self._clock(), False
                except DatabaseUnavailableError as error:
                    if not was_away:
                        log.error("the queue of jobs is out of reach: %s", error)
                    was_away = True
                except Exception:  # a defect; the next look may succeed
                    log.exception("the queue of jobs failed")
                self._wakeup.wait(POLL)

    def _look(self) -> None:
        """Claim as many due jobs as threads are idle, and plan the next runs of periodic tasks."""
        now, free = self._clock(), self._count - len(self._running)
        periodic = {name: task.period for name, task in self._tasks.items() if task.period is not None}
        with self._database.read() as connection:
            is_due = free > 0 and jobs.is_any_due(connection, self._tasks, now, now - self._heartbeat)
            missing = [name for name in periodic if not jobs.is_present(connection, name)]
        if not is_due and not missing:
            return
        with self._database.write() as connection:
            for name in missing:
                jobs.insert_periodic(connection, name, now, now + periodic[name])
            claimed = jobs.claim(connection, self._tasks, self._name, now, now - self._heartbeat, free)
        for job in claimed:
            with self._lock:
                self._running.add(job.job_id)
            try:
                self._threads.submit(partial(self._run, job))
            except MemoryError:
                with self._lock:
                    self._running.discard(job.job_id)  # its heartbeat ends now, so it is claimed again
                raise

    def _beat(self) -> None:
        now = self._clock()
        if now - self._beaten < self._heartbeat / 4:
            return
        with self._lock:
            running = list(self._running)
        if running:
            with self._database.write() as connection:
                jobs.beat(connection, self._name, running, now)
        self._beaten = now

    def _run(self, job: jobs.ClaimedJob) -> None:
        try:
            self._try(job)
        except DatabaseUnavailableError as error:  # its heartbeat ends now, so it is claimed again
            log.warning("job %s %d has no recorded end: %s", job.task, job.job_id, error)
        except Exception:  # a defect of `failed`; likewise
            log.exception("job %s %d has no recorded end", job.task, job.job_id)
        finally:
            with self._lock:
                self._running.discard(job.job_id)
            self._wakeup.set()

    def _try(self, job: jobs.ClaimedJob) -> None:
        task = self._tasks[job.task]
        if job.tries > task.tries:
            self._give_up(job, "its worker ended")
            return
        try:
            task.run(job.arguments)
        except Exception as error:
            pause = task.pause(job.tries, error)
            if pause is None:
                log.exception("job %s %d failed", job.task, job.job_id)
                self._give_up(job, type(error).__name__)
                return
            log.warning("job %s %d is tried again in %.1f s: %s", job.task, job.job_id, pause, type(error).__name__)
            tries = job.tries - is_passing(error)
            with self._database.write() as connection:
                jobs.postpone(connection, self._name, job.job_id, self._clock() + pause, tries)
        else:
            with self._database.write() as connection:
                jobs.remove(connection, self._name, job.job_id)

    def _give_up(self, job: jobs.ClaimedJob, reason: str) -> None:
        task = self._tasks[job.task]
        with self._database.write() as connection:
            if jobs.remove(connection, self._name, job.job_id) and task.failed:
                task.failed(connection, job.arguments, reason)
