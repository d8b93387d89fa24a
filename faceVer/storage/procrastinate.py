"""The queue of PostgreSQL: procrastinate's tables and functions, in the transactions of this database.

Only functions of its schema change rows, so that its events and notifications are kept.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from faceVer.storage.jobs import ClaimedJob

QUEUE = "facever"
"""Name of the queue; the database may have others of other programs."""

_DEFER = sa.text(
    """SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(
         :queue, :task, 0, NULL, :lock, CAST(:arguments AS jsonb), to_timestamp(CAST(:due AS double precision))
       )::procrastinate_job_to_defer_v1])"""
)
_PRESENT = sa.text(
    """SELECT 1 FROM procrastinate_jobs
       WHERE queue_name = :queue AND task_name = :task AND status IN ('todo', 'doing') LIMIT 1"""
)
_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtext(:name))")
# A job is stalled if its worker is gone or silent, or if its worker says that it does not run it.
_STALLED = sa.text(
    """SELECT id, task_name, args, attempts + 1 FROM procrastinate_jobs AS job
       WHERE queue_name = :queue AND status = 'doing' AND task_name = ANY(:tasks) AND (
         worker_id IS NULL OR id = ANY(:lost) OR NOT EXISTS (
           SELECT 1 FROM procrastinate_workers AS worker
           WHERE worker.id = job.worker_id AND last_heartbeat >= now() - make_interval(secs => :silent)))
       ORDER BY id LIMIT 100 FOR UPDATE OF job SKIP LOCKED"""
)
_HELD = sa.text("SELECT id FROM procrastinate_jobs WHERE status = 'doing' AND worker_id = :worker")
_RETRY = sa.text(
    """SELECT procrastinate_retry_job_v2(
         CAST(:id AS bigint), to_timestamp(CAST(:due AS double precision)), NULL, NULL, NULL)"""
)
_FINISH = sa.text("SELECT procrastinate_finish_job_v1(CAST(:id AS bigint), 'failed', false)")
_COUNT = sa.text(
    """SELECT
         count(*) FILTER (WHERE status = 'todo'),
         max(extract(epoch FROM now() - coalesce(scheduled_at, (
           SELECT min(at) FROM procrastinate_events WHERE job_id = job.id AND type = 'deferred'
         )))) FILTER (WHERE status = 'todo'),
         count(*) FILTER (WHERE status = 'doing')
       FROM procrastinate_jobs AS job
       WHERE queue_name = :queue AND status IN ('todo', 'doing') AND (scheduled_at IS NULL OR scheduled_at <= now())"""
)


def insert(
    connection: Connection, task: str, arguments: Mapping[str, Any], due: float | None, lock: str | None = None
) -> None:
    """Add a job. due: Unix seconds, None = at once. lock: of which one job at a time can wait."""
    values = {"queue": QUEUE, "task": task, "lock": lock, "arguments": json.dumps(dict(arguments)), "due": due}
    connection.execute(_DEFER, values)


def insert_periodic(connection: Connection, task: str, due: float) -> None:
    """Add the next run of a task unless there is one."""
    values = {"queue": QUEUE, "task": task}
    if connection.execute(_PRESENT, values).first() is None:
        connection.execute(_LOCK, {"name": f"{QUEUE}.{task}"})
        if connection.execute(_PRESENT, values).first() is None:
            insert(connection, task, {}, due, task)


def take_stalled(
    connection: Connection, tasks: Collection[str], silent: float, lost: Collection[int]
) -> list[ClaimedJob]:
    """Lock jobs whose worker is silent for `silent` seconds, and the `lost` ones; `tries` includes the lost one."""
    values = {"queue": QUEUE, "tasks": list(tasks), "silent": silent, "lost": list(lost)}
    return [ClaimedJob(*row) for row in connection.execute(_STALLED, values)]


def held(connection: Connection, worker: int) -> set[int]:
    """Ids of the jobs that a worker runs by the table."""
    return set(connection.scalars(_HELD, {"worker": worker}))


def retry(connection: Connection, job_id: int, due: float) -> None:
    """Release a job until its next try, at `due` in Unix seconds."""
    connection.execute(_RETRY, {"id": job_id, "due": due})


def fail(connection: Connection, job_id: int) -> None:
    """Give a job up."""
    connection.execute(_FINISH, {"id": job_id})


def count(connection: Connection) -> tuple[int, float, int]:
    """Jobs that are due, seconds since the oldest of them was, and jobs that a worker holds."""
    waiting, oldest, running = connection.execute(_COUNT, {"queue": QUEUE}).one()
    return waiting, max(0.0, float(oldest or 0.0)), running
