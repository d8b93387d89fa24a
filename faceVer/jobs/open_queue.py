"""The queue and the worker for a database: each kind of database has its own."""

from __future__ import annotations

from faceVer.domain.clock import Clock, system_clock
from faceVer.jobs.queue import Queue, Tasks, Worker
from faceVer.storage.database import Database


def open_queue(
    database: Database, tasks: Tasks, threads: int, heartbeat: float, clock: Clock = system_clock
) -> tuple[Queue, Worker]:
    """Where to enqueue, and what runs the jobs once it is started.

    tasks: may be filled later, before the start. threads: jobs that run at a time. heartbeat: seconds without a sign of
    life after which a job is taken over.
    """
    if database.is_sqlite:
        from faceVer.jobs.sqlite_queue import SqliteQueue

        both = SqliteQueue(database, tasks, threads, heartbeat, clock)
        return both, both
    from faceVer.jobs.postgres_queue import PostgresQueue, PostgresWorker

    return PostgresQueue(clock), PostgresWorker(database, tasks, threads, heartbeat, clock=clock)
