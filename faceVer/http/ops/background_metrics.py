"""Metrics of the background work that a store keeps: read from the database at a scrape, within a bounded time.

Each process that serves /metrics reads the same database, so an alert or a scaler takes the maximum over processes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from faceVer.domain.errors import StorageUnavailableError

if TYPE_CHECKING:  # it loads SQLAlchemy
    from faceVer.services.background import BackgroundWork

log = logging.getLogger(__name__)

READ_SECONDS = 2.0
"""How long a scrape waits for the database; after that these metrics are missing from the response."""


class BackgroundMetrics(Collector):
    """read: called on a thread, one call at a time."""

    def __init__(self, read: Callable[[], BackgroundWork]) -> None:
        self._read = read
        self._running: asyncio.Future[BackgroundWork] | None = None
        self._work: BackgroundWork | None = None

    async def refresh(self) -> None:
        """Read what `collect` returns; nothing if the database does not answer in time."""
        self._work = None
        if self._running is None or self._running.done():
            self._running = asyncio.ensure_future(asyncio.to_thread(self._read))
        try:
            self._work = await asyncio.wait_for(asyncio.shield(self._running), READ_SECONDS)
        except (TimeoutError, StorageUnavailableError) as error:
            log.warning("the metrics of background work are missing: %s", type(error).__name__)

    def collect(self) -> Iterator[Metric]:
        work = self._work
        if work is None:
            return
        for name, text, value in (
            ("facever_jobs_waiting", "Jobs that are due and wait for a worker.", work.jobs.waiting),
            ("facever_jobs_oldest_seconds", "Seconds that the oldest of them has been due.", work.jobs.oldest),
            ("facever_jobs_running", "Jobs that a worker runs.", work.jobs.running),
            ("facever_webhooks_waiting", "Webhooks that wait for an attempt.", work.webhooks_waiting),
            ("facever_webhooks_dead", "Webhooks that were given up, and not sent again.", work.webhooks_dead),
        ):
            yield GaugeMetricFamily(name, text, value=value)
