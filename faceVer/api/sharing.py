"""Taking connections where several workers listen on one socket: each goes to a worker that has the fewest.

The kernel wakes all of them and gives a connection to whoever asks first; with clients that keep a few connections
open, one worker often had all of them and the others none. A worker that has more than another one waits a moment
before it asks, and asks then, so that a worker that hangs keeps nobody waiting.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any, cast

from aiohttp import web

from faceVer.api.connection import PROMISED, Server
from faceVer.config import Settings

log = logging.getLogger(__name__)

PATIENCE = 0.002
"""Seconds that other workers get to take a connection; one that is not busy needs a tenth of it."""
RETRY = 0.2
"""Seconds to wait where a connection cannot be taken, for want of descriptors or memory."""


class SharedListener(web.BaseSite):
    """A listening socket that other processes listen on, too. sock: does not block."""

    __slots__ = ("_loop", "_making", "_options", "_sock", "_timer")

    def __init__(self, runner: web.AppRunner, settings: Settings, tls: Any, sock: socket.socket) -> None:
        super().__init__(runner, ssl_context=tls)
        self._sock = sock
        self._options: dict[str, Any] = {"ssl": tls}
        if tls is not None:
            self._options["ssl_handshake_timeout"] = settings.head_timeout
        self._making: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def name(self) -> str:
        return "facever"

    async def start(self) -> None:
        await super().start()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._sock.fileno(), self._ready)

    async def stop(self) -> None:
        while self._take():  # whoever was let in by the kernel would be turned out by it
            pass
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()
        await super().stop()
        if self._making:
            await asyncio.wait(self._making, timeout=PROMISED)

    @property
    def _server_of(self) -> Server:
        return cast(Server, self._runner.server)

    def _ready(self) -> None:
        """Somebody wants to connect."""
        server = self._server_of
        own = server.open + len(self._making)
        if own > server.metrics.least("connections"):
            self._pause(PATIENCE)
        else:
            self._take()

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._sock.fileno())
        self._timer = self._loop.call_later(seconds, self._resume)

    def _resume(self) -> None:
        self._loop.add_reader(self._sock.fileno(), self._ready)
        self._take()

    def _take(self) -> bool:
        """Take one connection, if it is still there, and tell; the next one is weighed anew."""
        try:
            client, _ = self._sock.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False
        except OSError as error:
            log.warning("a connection cannot be taken: %s", error.strerror)
            self._pause(RETRY)
            return False
        client.setblocking(False)
        task = self._loop.create_task(self._make(client))
        self._making.add(task)
        task.add_done_callback(self._making.discard)
        server = self._server_of
        server.metrics.gauge("connections", server.open + len(self._making))
        return True

    async def _make(self, client: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._server_of, client, **self._options)
        except OSError:  # gone already, or no TLS
            client.close()
