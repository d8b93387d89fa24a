"""How much background work waits: for metrics, and for what starts and stops workers by them."""

from __future__ import annotations

from dataclasses import dataclass

from faceVer.domain.clock import Clock, system_clock
from faceVer.jobs.queue import QueueDepth
from faceVer.storage import deliveries, jobs, procrastinate
from faceVer.storage.database import Database


@dataclass(frozen=True, slots=True)
class BackgroundWork:
    """webhooks_waiting: for their next attempt. webhooks_dead: given up, and not sent again since."""

    jobs: QueueDepth
    webhooks_waiting: int
    webhooks_dead: int


def background_work(database: Database, clock: Clock = system_clock) -> BackgroundWork:
    """What the database says now. Raises DatabaseUnavailableError."""
    with database.read() as connection:
        count = jobs.count(connection, clock()) if database.is_sqlite else procrastinate.count(connection)
        return BackgroundWork(QueueDepth(*count), *deliveries.count(connection))
