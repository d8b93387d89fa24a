"""The queue of background work: what a job is, how it is enqueued, and what runs it.

A job is the name of a task and its arguments. It is enqueued in the caller's transaction: rolled back with it, and seen
by workers once it is committed. It runs at least once; a task must have the same effect when it runs twice.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from faceVer.domain.errors import StorageUnavailableError
from faceVer.jobs.retry_plan import RetryPlan, jittered
from faceVer.observability.shortage import tells_of_shortage

if TYPE_CHECKING:
    from faceVer.storage.database import Connection

log = logging.getLogger(__name__)

Arguments = Mapping[str, Any]
"""What a task gets: values of JSON. Ids, no personal data: the queue of PostgreSQL keeps failed jobs for days."""

PAUSE, LONGEST_PAUSE, AWAY_PAUSE = 1.0, 60.0, 5.0
"""Most seconds before the second try of a job, before a later one, and after an error that passes."""
POLL = 1.0
"""Seconds between two looks for jobs that another process enqueued, or whose time has come."""


@dataclass(frozen=True, slots=True)
class Task:
    """What runs a job.

    failed: called when the job is given up, with the reason, in the transaction that removes the job (SQLite) or right
    before it is marked as failed (PostgreSQL, where it may run twice). tries: of a job that raises or ends its process;
    after an error of the database or the file storage, or lack of memory, there is always another one. period: seconds
    between the runs of a task that the workers themselves enqueue, without arguments; None = only `enqueue` does.
    """

    run: Callable[[Arguments], None]
    failed: Callable[[Connection, Arguments, str], None] | None = None
    tries: int = 3
    period: float | None = None

    def pause(self, tried: int, error: Exception) -> float | None:
        """Seconds before the next try after `tried` ones, of which the last raised `error`; None = there is none."""
        if is_passing(error):
            return jittered(AWAY_PAUSE)
        return RetryPlan(self.tries, math.inf, PAUSE, LONGEST_PAUSE).pause(tried, 0.0)

    def is_last(self, tried: int, error: Exception) -> bool:
        """Whether the job is given up after `tried` tries, of which the last raised `error`."""
        return tried >= self.tries and not is_passing(error)


def is_passing(error: Exception) -> bool:
    """Whether an error says nothing about the job: the storage is away, or the system gave the process no memory."""
    return isinstance(error, StorageUnavailableError) or tells_of_shortage(error)


Tasks = Mapping[str, Task]


class Queue(Protocol):
    """Where jobs are put."""

    def enqueue(self, connection: Connection, task: str, arguments: Arguments, due: float | None = None) -> None:
        """Add a job to the connection's transaction. due: Unix seconds of its first try, None = at once."""


class Worker(Protocol):
    """Runs jobs on threads of this process, from `start` to `stop`."""

    def start(self) -> None: ...

    @property
    def is_ready(self) -> bool:
        """Whether it has reached the database lately."""

    def stop(self, seconds: float) -> None:
        """Take no more jobs and wait for running ones; those that do not end in time are left to other workers."""


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """Jobs whose time has come, seconds that the oldest of them has waited since then, and jobs that run."""

    waiting: int
    oldest: float
    running: int
