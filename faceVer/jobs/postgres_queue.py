"""The queue of a PostgreSQL database: procrastinate's, in the same database, for any number of worker processes.

A job is deferred by procrastinate's function in the caller's transaction. A worker fetches jobs and listens for them on
an event loop in a thread of its own; jobs run on threads. Each worker regularly takes over jobs of dead workers, in one
transaction, so that two workers never retry the same one.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ProcrastinateException
from procrastinate.jobs import DeleteJobCondition, Job
from procrastinate.worker import Worker as ProcrastinateWorker
from psycopg import Error as PsycopgError

from faceVer.domain.clock import Clock, system_clock
from faceVer.domain.errors import StorageUnavailableError
from faceVer.jobs.queue import POLL, Arguments, Task, Tasks, log
from faceVer.jobs.work_threads import WorkThreads
from faceVer.storage import procrastinate as table
from faceVer.storage.database import Connection, Database
from faceVer.storage.jobs import ClaimedJob

KEEP_FAILED_HOURS = 7 * 24
"""How long a failed job can be read. Others are deleted at once."""
_CONNECTIONS, _RESTART = 4, 1.0


class PostgresQueue:
    """Implements `Queue`."""

    def __init__(self, clock: Clock = system_clock) -> None:
        self._clock = clock

    def enqueue(self, connection: Connection, task: str, arguments: Arguments, due: float | None = None) -> None:
        is_due = due is None or due <= self._clock()  # and by the database's clock, which may be behind
        table.insert(connection, task, arguments, None if is_due else due)


class PostgresWorker:
    """Implements `Worker`.

    threads: jobs that run at a time. heartbeat: seconds without a sign of life after which a job is taken over. grace:
    seconds that running jobs have to end when the connection is lost.
    """

    def __init__(
        self,
        database: Database,
        tasks: Tasks,
        threads: int,
        heartbeat: float,
        *,
        grace: float = 30.0,
        clock: Clock = system_clock,
    ) -> None:
        self._database, self._tasks, self._clock = database, tasks, clock
        self._count, self._heartbeat, self._grace = threads, heartbeat, grace
        self._running: set[int] = set()
        self._suspects: set[int] = set()
        self._stopping = threading.Event()
        self._reached = 0.0
        self._worker: ProcrastinateWorker | None = None
        self._threads = WorkThreads(threads)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        for name in ("procrastinate", "psycopg.pool"):  # their lines repeat the ones of this module, with arguments
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._threads.start()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="job-worker", daemon=True)
        self._thread.start()

    @property
    def is_ready(self) -> bool:
        return time.monotonic() - self._reached < self._heartbeat + POLL

    def stop(self, seconds: float) -> None:
        if self._thread is None:
            return
        self._grace = seconds
        self._stopping.set()
        self._thread.join(seconds + 2 * POLL)
        self._threads.close()
        if self._running:
            log.warning("jobs left to other workers: %d", len(self._running))

    async def _main(self) -> None:
        asyncio.get_running_loop().set_exception_handler(_log_lost)
        while not self._stopping.is_set():
            try:
                await self._work()
            except (PsycopgError, ProcrastinateException) as error:
                log.error("the queue of jobs is out of reach: %s", type(error).__name__)
            except Exception:
                log.exception("the worker of jobs failed")
            if not self._stopping.is_set():
                await asyncio.sleep(_RESTART)

    async def _work(self) -> None:
        """Run procrastinate's worker until it is stopped, or stops because the database is out of reach."""
        connector = PsycopgConnector(conninfo=self._database.dsn, min_size=1, max_size=_CONNECTIONS)
        app = App(connector=connector)
        for name, task in self._tasks.items():
            app.task(name=name, retry=_Retry(task), pass_context=True)(self._runner(task))
        async with app.open_async():
            worker = self._worker = ProcrastinateWorker(
                app,
                queues=[table.QUEUE],
                name=None,
                concurrency=self._count,
                fetch_job_polling_interval=POLL,
                shutdown_graceful_timeout=self._grace,
                delete_jobs=DeleteJobCondition.SUCCESSFUL,
                install_signal_handlers=False,
                update_heartbeat_interval=self._heartbeat / 4,
                stalled_worker_timeout=self._heartbeat,
            )
            watch = asyncio.create_task(self._watch(app, worker))
            try:
                await worker.run()  # type: ignore[no-untyped-call]
            finally:
                watch.cancel()
                with suppress(asyncio.CancelledError):
                    await watch

    def _runner(self, task: Task) -> Any:
        async def run(context: JobContext, **arguments: Any) -> None:
            job_id, tries = context.job.id or 0, context.job.attempts + 1
            future = self._threads.submit(lambda: self._try(task, job_id, tries, arguments))
            self._running.add(job_id)
            future.add_done_callback(lambda _: self._running.discard(job_id))
            await asyncio.wrap_future(future)

        return run

    def _try(self, task: Task, job_id: int, tries: int, arguments: Arguments) -> None:
        try:
            task.run(arguments)
        except Exception as error:
            if task.is_last(tries, error):
                log.exception("job %d failed", job_id)
                if task.failed:
                    with self._database.write() as connection:
                        task.failed(connection, arguments, type(error).__name__)
            else:
                log.warning("job %d is tried again: %s", job_id, type(error).__name__)
            raise

    async def _watch(self, app: App, worker: ProcrastinateWorker) -> None:
        """Stop the worker when that is requested; look after the queue meanwhile."""
        looked = cleaned = -1e9
        while True:
            now = time.monotonic()
            if self._stopping.is_set():
                worker.shutdown_graceful_timeout = self._grace
                worker.stop()  # type: ignore[no-untyped-call]
            elif now - looked >= self._heartbeat / 2 and worker.worker_id is not None:
                looked = now
                try:
                    await asyncio.to_thread(self._look_after, worker.worker_id)
                    self._reached = time.monotonic()
                    if now - cleaned > 3600:
                        cleaned = now
                        await app.job_manager.delete_old_jobs(
                            KEEP_FAILED_HOURS, table.QUEUE, include_failed=True, include_aborted=True
                        )
                except StorageUnavailableError as error:
                    log.warning("the queue of jobs is out of reach: %s", error)
                except Exception:  # a defect; the worker itself continues
                    log.exception("looking after the queue of jobs failed")
            await asyncio.sleep(POLL / 4)

    def _look_after(self, worker: int) -> None:
        """Plan the next runs of periodic tasks, take jobs of dead workers over, and those whose end was not recorded.

        The latter are held by this worker in the table for two looks, but do not run.
        """
        with self._database.write() as connection:
            for name, task in self._tasks.items():
                if task.period is not None:
                    table.insert_periodic(connection, name, self._clock() + task.period)
            idle = table.held(connection, worker) - self._running
            lost, self._suspects = idle & self._suspects, idle - self._suspects
            for job in table.take_stalled(connection, self._tasks, self._heartbeat, lost):
                if job.tries < self._tasks[job.task].tries:
                    log.warning("job %s %d is taken over from a worker that ended", job.task, job.job_id)
                    table.retry(connection, job.job_id, self._clock())
                else:
                    self._give_up(connection, job)

    def _give_up(self, connection: Connection, job: ClaimedJob) -> None:
        task = self._tasks[job.task]
        log.error("job %s %d failed: its worker ended", job.task, job.job_id)
        try:
            with connection.begin_nested():
                if task.failed:
                    task.failed(connection, job.arguments, "its worker ended")
                table.fail(connection, job.job_id)
        except StorageUnavailableError:
            raise
        except Exception:  # a defect of the task; the other jobs are looked after all the same
            log.exception("job %s %d cannot be given up", job.task, job.job_id)


class _Retry(BaseRetryStrategy):
    def __init__(self, task: Task) -> None:
        self._task = task

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        pause: float | None = 0.0  # stopped in the middle
        if isinstance(exception, Exception):
            pause = self._task.pause(job.attempts + 1, exception)
        return None if pause is None else RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=pause))


def _log_lost(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An error that nothing waits for: the end of a job that the database could not record."""
    log.warning("job worker: %s", type(context.get("exception")).__name__)
