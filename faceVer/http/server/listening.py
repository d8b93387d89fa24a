"""Taking connections, and stopping.

Where several workers listen on one socket each connection goes to a worker that has the fewest. The kernel wakes all of
them and gives a connection to whoever asks first; with clients that keep a few connections open, one worker often had
all of them and the others none. A worker that has more than another one waits a moment before it asks, and asks then,
so that a worker that hangs keeps nobody waiting.
"""

from __future__ import annotations

import asyncio
import logging
import math
import socket
import ssl
from typing import Any, cast

from aiohttp import web

from faceVer.http.pipeline.context import ENDPOINTS, METRICS
from faceVer.http.server.connection import LINGER, Connection, Server
from faceVer.settings.model import Settings

log = logging.getLogger(__name__)

BACKLOG = 1024
"""Connections the kernel holds for a busy server."""
PATIENCE = 0.002
"""Seconds that other workers get to take a connection; one that is not busy needs a tenth of it."""
RETRY = 0.2
"""Seconds to wait where a connection cannot be taken, for want of descriptors or memory."""
PROMISED = 2.0
"""Seconds that a stopping server waits for the head of a request, once a client has connected or begun one."""
STEP = 0.01
"""Seconds between two looks at what a stopping server still has to do."""
LAST = 0.5
"""Seconds a request gets to end after it was told that its time is up; aiohttp waits twice."""
MARGIN = 5
"""Seconds for all that has no time limit of its own: a step that runs on a thread cannot be interrupted."""


def listen(host: str, port: int) -> list[socket.socket]:
    """A listening socket for each address of the host, for all addresses where it is empty. Raises OSError."""
    found: list[socket.socket] = []
    try:
        infos = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(infos):
            if not host and family == socket.AF_INET6 and not socket.has_dualstack_ipv6():
                continue
            sock = socket.socket(family)
            found.append(sock)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind(address)
            sock.listen(BACKLOG)
            sock.setblocking(False)
    except UnicodeError as error:  # no name at all
        raise OSError(0, "no such host") from error
    except OSError:
        for sock in found:
            sock.close()
        raise
    return found


def stop_limit(settings: Settings) -> int:
    """Seconds after which a server that was told to stop is ended, whatever it still does: more than it should take."""
    return (
        math.ceil(
            settings.server.drain_seconds
            + settings.server.shutdown_timeout
            + 2 * LAST
            + settings.webhooks.webhook_grace
        )
        + MARGIN
    )


class Runner(web.AppRunner):
    """The app as served."""

    __slots__ = ("_settings",)

    def __init__(self, app: web.Application, settings: Settings) -> None:
        super().__init__(app, access_log=None, shutdown_timeout=LAST)
        self._settings = settings

    async def _make_server(self) -> web.Server:
        return Server(await super()._make_server(), self._settings, self.app[METRICS], self.app[ENDPOINTS])

    async def cleanup(self) -> None:
        """Stop listening, finish what has come, close.

        By itself aiohttp throws away what arrives once it closes, were it the rest of a body that is being read, and
        closes connections that it has not read from yet.
        """
        if isinstance(self._server, Server):
            await self._finish(self._server)
        await super().cleanup()

    async def _finish(self, server: Server) -> None:
        for site in list(self._sites):
            await site.stop()
        await asyncio.sleep(0)  # a turn of the loop, which reads what came with connections that were taken last
        loop = asyncio.get_running_loop()
        begun = loop.time()
        promised_until = begun + min(PROMISED, self._settings.server.shutdown_timeout)
        while (now := loop.time()) < begun + self._settings.server.shutdown_timeout:
            if not server.busy(promised=now < promised_until):
                break
            await asyncio.sleep(STEP)


class Listener(web.BaseSite):
    """A listening socket, which other processes may listen on, too. sock: does not block; it is closed at the end."""

    __slots__ = ("_loop", "_making", "_options", "_sock", "_timer")

    def __init__(
        self, runner: web.AppRunner, settings: Settings, tls: ssl.SSLContext | None, sock: socket.socket
    ) -> None:
        super().__init__(runner, ssl_context=tls)
        self._sock = sock
        self._options: dict[str, Any] = {"ssl": tls}
        if tls is not None:
            self._options |= {"ssl_handshake_timeout": settings.server.head_timeout, "ssl_shutdown_timeout": LINGER}
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

    @property
    def _server_of(self) -> Server:
        return cast(Server, self._runner.server)

    def _ready(self) -> None:
        """Somebody wants to connect."""
        server = self._server_of
        if server.open + server.coming > server.metrics.least("connections"):
            self._pause(PATIENCE)
        else:
            self._take()

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._sock.fileno())
        if self._timer is not None:
            self._timer.cancel()
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
        server = self._server_of
        if server.full:
            server.metrics.count("cut_limit")
            client.close()
            return True
        client.setblocking(False)
        connection = server()
        server.count()
        task = self._loop.create_task(self._make(server, connection, client))
        self._making.add(task)
        task.add_done_callback(self._making.discard)
        return True

    async def _make(self, server: Server, connection: Connection, client: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: connection, client, **self._options)
        except OSError:  # gone already, or no TLS
            client.close()
        finally:
            if not connection.made:
                server.coming -= 1
                server.count()
