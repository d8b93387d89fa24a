"""Stopping: announce it, finish what clients have begun, close."""

from __future__ import annotations

import asyncio
import logging
import math

from aiohttp import web

from faceVer.http.pipeline.context import ENDPOINTS, METRICS, STATE
from faceVer.http.server.connection import Server
from faceVer.http.server.internals import ServerRunner
from faceVer.settings.model import Settings

log = logging.getLogger(__name__)

EXPECTED = 2.0
"""Seconds a stopping server waits for a request's headers, once a client has connected or begun to send them."""
POLL = 0.01
"""Seconds between two checks whether a stopping server is still busy."""
CANCEL = 0.5
"""Seconds a request gets to end after `shutdown_timeout` cancels it; aiohttp waits twice."""
MARGIN = 5
"""Seconds for what has no time limit of its own: a step that runs on a thread cannot be interrupted."""


def stop_limit(settings: Settings) -> int:
    """Seconds after which a stopping server is ended, even if it is still busy: more than a stop should take."""
    return (
        math.ceil(
            settings.server.drain_seconds
            + settings.server.shutdown_timeout
            + 2 * CANCEL
            + settings.webhooks.webhook_grace
        )
        + MARGIN
    )


async def drain(app: web.Application, seconds: float) -> None:
    """Announce the stop by /readyz, and accept requests for as long as load balancers may not know of it."""
    log.info("stopping")
    app[STATE].draining = True
    if seconds:
        await asyncio.sleep(seconds)


class Runner(ServerRunner):
    """Serves the application, and finishes requests when it stops."""

    __slots__ = ("_settings",)

    def __init__(self, app: web.Application, settings: Settings) -> None:
        super().__init__(app, access_log=None, shutdown_timeout=CANCEL)
        self._settings = settings

    def make_server(self, plain: web.Server) -> web.Server:
        return Server(plain, self._settings, self.app[METRICS], self.app[ENDPOINTS])

    async def cleanup(self) -> None:
        """Stop listening, finish requests, close.

        aiohttp alone discards all that arrives once it closes, even the rest of a body that is being read, and closes
        connections that it has not read from yet.
        """
        if isinstance(self.server, Server):
            await self._finish(self.server)
        await super().cleanup()

    async def _finish(self, server: Server) -> None:
        for site in self.sites:
            await site.stop()
        await asyncio.sleep(0)  # the loop reads what arrived on the connections that were accepted last
        loop, seconds = asyncio.get_running_loop(), self._settings.server.shutdown_timeout
        start = loop.time()
        expected_until = start + min(EXPECTED, seconds)
        while (now := loop.time()) < start + seconds:
            if not server.is_busy(include_expected=now < expected_until):
                break
            await asyncio.sleep(POLL)
