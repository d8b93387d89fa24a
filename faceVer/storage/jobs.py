"""The queue in the database: the table `jobs` of SQLite, and procrastinate's tables on PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from faceVer.storage.tables import jobs


class ClaimedJob(NamedTuple):
    """tries: including the one that begins."""

    job_id: int
    task: str
    arguments: dict[str, Any]
    tries: int


def insert(connection: Connection, task: str, arguments: Mapping[str, Any], now: float, due: float) -> None:
    connection.execute(jobs.insert().values(task=task, arguments=dict(arguments), created=now, due=due))


def insert_periodic(connection: Connection, task: str, now: float, due: float) -> None:
    """Add the next run of a task unless there is one."""
    if not is_present(connection, task):
        insert(connection, task, {}, now, due)


def is_present(connection: Connection, task: str) -> bool:
    """Whether a job of the task waits or runs."""
    return connection.execute(sa.select(jobs.c.job_id).where(jobs.c.task == task).limit(1)).first() is not None


def is_any_due(connection: Connection, tasks: Collection[str], now: float, silent: float) -> bool:
    """Whether `claim` would find a job."""
    return connection.execute(_claimable(tasks, now, silent).limit(1)).first() is not None


def claim(
    connection: Connection, tasks: Collection[str], worker: str, now: float, silent: float, limit: int
) -> list[ClaimedJob]:
    """Take due jobs. silent: Unix seconds of a heartbeat so old that its worker is taken for dead."""
    chosen = _claimable(tasks, now, silent).order_by(jobs.c.due, jobs.c.job_id).limit(limit)
    claimed = (
        jobs.update()
        .where(jobs.c.job_id.in_(chosen.scalar_subquery()))
        .values(worker=worker, heartbeat=now, tries=jobs.c.tries + 1)
        .returning(jobs.c.job_id, jobs.c.task, jobs.c.arguments, jobs.c.tries)
    )
    return [ClaimedJob(*row) for row in connection.execute(claimed)]


def beat(connection: Connection, worker: str, running: Sequence[int], now: float) -> None:
    """The sign of life of a worker for the jobs that it runs."""
    connection.execute(jobs.update().where(_held(worker, running)).values(heartbeat=now))


def remove(connection: Connection, worker: str, job_id: int) -> bool:
    """False if another worker has taken the job over."""
    return connection.execute(jobs.delete().where(_held(worker, [job_id]))).rowcount > 0


def postpone(connection: Connection, worker: str, job_id: int, due: float, tries: int) -> None:
    """Release a job until its next try. tries: that count."""
    values = {"worker": None, "heartbeat": None, "due": due, "tries": tries}
    connection.execute(jobs.update().where(_held(worker, [job_id])).values(values))


def release(connection: Connection, worker: str, running: Sequence[int]) -> None:
    """Give jobs back that a worker stops in the middle of; the try does not count."""
    connection.execute(
        jobs.update().where(_held(worker, running)).values(worker=None, heartbeat=None, tries=jobs.c.tries - 1)
    )


def count(connection: Connection, now: float) -> tuple[int, float, int]:
    """Jobs that are due, seconds since the oldest of them was, and jobs that a worker holds."""
    waiting = sa.and_(jobs.c.worker.is_(None), jobs.c.due <= now)
    row = connection.execute(
        sa.select(
            sa.func.count().filter(waiting),
            sa.func.min(jobs.c.due).filter(waiting),
            sa.func.count().filter(jobs.c.worker.is_not(None)),
        )
    ).one()
    return row[0], max(0.0, now - row[1]) if row[1] is not None else 0.0, row[2]


def _claimable(tasks: Collection[str], now: float, silent: float) -> sa.Select[tuple[int]]:
    return sa.select(jobs.c.job_id).where(
        jobs.c.due <= now, jobs.c.task.in_(tasks), sa.or_(jobs.c.worker.is_(None), jobs.c.heartbeat < silent)
    )


def _held(worker: str, job_ids: Sequence[int]) -> sa.ColumnElement[bool]:
    return sa.and_(jobs.c.job_id.in_(job_ids), jobs.c.worker == worker)
