"""What the workers share: the models and the endpoints' files, loaded once before the fork, and the metrics."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Iterable

from aiohttp import web

from faceVer.domain.errors import SetupError
from faceVer.http.endpoints import endpoint_table
from faceVer.http.server.app import create_app, new_metrics
from faceVer.inference.opening import can_fork, open_backend
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.service import FolderService
from faceVer.settings.model import Settings

log = logging.getLogger(__name__)


OTHERS_SECONDS, POLL = 10.0, 0.01
"""Longest time a worker waits for the others, and between two looks."""


def native_threads() -> int:
    """Threads of this process, including those that Python does not know. A fork copies only the calling one."""
    return len(os.listdir("/proc/self/task"))


class SharedState:
    """Made in the arbiter. The models' weights stay in pages that all workers share.

    A worker that replaces a dead one is ready at once. With another execution provider each worker loads its own.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._table = endpoint_table(settings)
        # While gunicorn reloads, old and new workers run at the same time.
        self.metrics = new_metrics(self._table, rows=2 * settings.server.workers)
        self._engine: FaceEngine | None = None
        self._folders: FolderService | None = None

    def load(self) -> None:
        """Load the models, to share them. Raises SetupError: an error is reported once, not by every worker."""
        if not can_fork(self.settings):
            open_backend(self.settings)  # each worker loads the models; the arbiter only checks the settings
            return
        self._engine = FaceEngine.load(self.settings)
        # Without liveness models the other endpoints work; the workers report the error.
        with contextlib.suppress(SetupError):
            self._folders = FolderService.load(self._engine, self.settings)
        if (threads := native_threads()) > 1:
            log.warning("%d threads run before the fork; the workers will lack all but one", threads)

    def free_row(self, taken: Iterable[int]) -> int | None:
        """A row of the metrics that no worker has, None where there is none. taken: the rows of all that still run."""
        return min(set(range(self.metrics.rows)).difference(taken), default=None)

    def app(self, row: int) -> web.Application:
        """A worker's application, which counts in that row of the metrics."""
        self.metrics.take(row)
        return create_app(self.settings, self._engine, folders=self._folders, metrics=self.metrics, table=self._table)

    async def all_ready(self, stop: asyncio.Event) -> None:
        """Wait until all workers work, or one of them is late, or `stop` is set.

        Clients that keep a few connections open connect to a starting server at once: the first worker that accepts
        would have all of them for good, and the others none.
        """
        self.metrics.gauge("ready", 1)
        for _ in range(round(OTHERS_SECONDS / POLL)):
            if stop.is_set() or self.metrics.sum("ready") >= self.settings.server.workers:
                return
            await asyncio.sleep(POLL)
