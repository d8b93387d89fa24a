"""One worker process under gunicorn."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Sequence
from typing import cast

from gunicorn.workers.base import Worker

from faceVer.http.server.running import loop_factory, serving, stop_event
from faceVer.http.server.shared_state import SharedState

log = logging.getLogger(__name__)

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


class AiohttpWorker(Worker):  # type: ignore[misc]
    """Runs the application in its process. row: of the metrics, given before the fork."""

    row: int

    def init_signals(self) -> None:
        super().init_signals()
        for number in STOP_SIGNALS:  # until the event loop handles them, they end the process
            signal.signal(number, signal.SIG_DFL)

    def run(self) -> None:
        self.booted = False  # an error before it serves stops the arbiter, which would otherwise start it again forever
        with asyncio.Runner(loop_factory=loop_factory(self._state.settings)) as runner:
            runner.run(self._serve())

    @property
    def _state(self) -> SharedState:
        state: SharedState = self.app.state
        return state

    async def _serve(self) -> None:
        settings, stop = self._state.settings, stop_event(*STOP_SIGNALS)
        heart = asyncio.create_task(self._beat(stop))

        async def open_sockets() -> Sequence[socket.socket]:
            await self._state.all_ready(stop)
            return cast("Sequence[socket.socket]", self.sockets)

        async with serving(self._state.app(self.row), settings, open_sockets):
            self.booted = True
            log.info("worker ready")
            await stop.wait()
        heart.cancel()

    async def _beat(self, stop: asyncio.Event) -> None:
        """Heartbeats, also while stopping; without the arbiter the worker stops."""
        while True:
            self.notify()
            if self.ppid != os.getppid():
                stop.set()
            await asyncio.sleep(1)
