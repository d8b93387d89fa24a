"""Accepting connections.

Where several workers listen on one socket, each connection goes to a worker that has the fewest. The kernel wakes all
of them, and the first to call accept() gets the connection; with clients that keep a few connections open, one worker
often had all of them and the others none. A worker that has more connections than another waits a moment before it
accepts, and accepts then in any case, so that a worker that hangs delays nobody.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from typing import Any, cast

from aiohttp import web

from faceVer.http.server.connection import LINGER, Connection, Server
from faceVer.settings.model import Settings

log = logging.getLogger(__name__)

PATIENCE = 0.002
"""Seconds that other workers get to accept a connection; one that is not busy needs a tenth of it."""
RETRY = 0.2
"""Seconds to wait where no connection can be accepted because descriptors or memory are exhausted. The clients wait in
the kernel's queue meanwhile; to accept and close them would turn a short want into failed requests."""
EPISODE = 60.0
"""Seconds without such a failure after which the next one is logged again."""


class Listener(web.BaseSite):
    """A listening socket, which other processes may share.

    runner: set up already; its server is a `Server`. sock: non-blocking; `stop` closes it.
    """

    __slots__ = ("_accepting", "_failed", "_http", "_loop", "_options", "_sock", "_timer")

    def __init__(
        self, runner: web.AppRunner, settings: Settings, tls: ssl.SSLContext | None, sock: socket.socket
    ) -> None:
        super().__init__(runner, ssl_context=tls)
        self._http, self._sock = cast(Server, runner.server), sock
        self._options: dict[str, Any] = {"ssl": tls}
        if tls is not None:
            self._options |= {"ssl_handshake_timeout": settings.server.head_timeout, "ssl_shutdown_timeout": LINGER}
        self._accepting: set[asyncio.Task[None]] = set()
        self._failed = -EPISODE
        """When a connection could not be accepted, by the event loop's clock."""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def name(self) -> str:
        return "facever"

    async def start(self) -> None:
        await super().start()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._sock.fileno(), self._on_readable)

    async def stop(self) -> None:
        while self._accept():  # closing the socket would reset the connections that the kernel has queued
            pass
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()
        await super().stop()

    def _on_readable(self) -> None:
        if self._http.count.exceeds_others:
            self._pause(PATIENCE)
        else:
            self._accept()

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._sock.fileno())
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._resume)

    def _resume(self) -> None:
        self._loop.add_reader(self._sock.fileno(), self._on_readable)
        self._accept()

    def _accept(self) -> bool:
        """Accept one connection, if there still is one. Returns whether there may be another."""
        try:
            client, _ = self._sock.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False
        except OSError as error:
            if self._loop.time() - self._failed >= EPISODE:
                log.warning("cannot accept a connection: %s", error.strerror)
            self._failed = self._loop.time()
            self._pause(RETRY)
            return False
        if not self._http.make_room():
            client.close()
            return True
        client.setblocking(False)
        task = self._loop.create_task(self._open(self._http(), client))
        self._accepting.add(task)
        task.add_done_callback(self._accepting.discard)
        return True

    async def _open(self, connection: Connection, client: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: connection, client, **self._options)
        except OSError:  # the client has gone, or does not speak TLS
            client.close()
        finally:
            if not connection.is_open:
                self._http.count.failed()
