"""Connections: how many there may be, how long they may take, and what is answered to what is no HTTP.

aiohttp reads and writes them. Added here are the bounds that it leaves to a reverse proxy, and the contract's shape for
the errors that it answers by itself, before there is a request for the application.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Any, cast

from aiohttp import web
from aiohttp.http import HttpVersion10, HttpVersion11
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest
from multidict import CIMultiDictProxy

from faceVer import logs
from faceVer.api.context import METRICS
from faceVer.api.metrics import BAD_HTTP, Metrics
from faceVer.api.refusal import REQUEST_ID, common_headers, refuse
from faceVer.config import Settings
from faceVer.errors import FaceVerError, InternalError, TooLargeError, UnknownPathError

log = logging.getLogger(__name__)

SPARE = 32
"""Connections past the limit that are taken all the same, for probes; whatever else comes on them gets 503."""
TAKEN = 16 * 1024
"""Bytes of its answer that a client must take in each `write_timeout`."""
PROMISED = 2.0
"""Seconds that a stopping server waits for the head of a request, once a client has connected or begun one."""
STEP = 0.01
"""Seconds between two looks at what a stopping server still has to do."""
LAST = 0.5
"""Seconds a request gets to end after it was told that its time is up."""
LINGER = 5.0
"""Seconds the rest of a refused body is read and thrown away, so that the client gets to read the answer."""


def _in_known_versions(factory: Callable[..., BaseRequest]) -> Callable[..., BaseRequest]:
    """aiohttp answers in the version that was asked in, whatever that was; here it is one of HTTP/1."""

    def make(message: Any, *rest: Any) -> BaseRequest:
        known = message.version in (HttpVersion10, HttpVersion11)
        return factory(message if known else message._replace(version=HttpVersion11), *rest)

    return make


class Server(web.Server):
    """Makes a `Connection` for every client of one process."""

    def __init__(self, plain: web.Server, settings: Settings, metrics: Metrics) -> None:
        super().__init__(
            plain.request_handler,
            request_factory=_in_known_versions(plain.request_factory),
            handler_cancellation=True,  # whoever hangs up wants no answer
            keepalive_timeout=settings.keepalive_timeout,
            max_line_size=settings.max_header_bytes,
            max_field_size=settings.max_header_bytes,
            max_headers=settings.max_headers,
            lingering_time=LINGER,
            access_log=None,
        )
        self.settings, self.metrics = settings, metrics
        self.common: CIMultiDictProxy[str] = common_headers(settings)
        self.open = 0

    def busy(self, *, promised: bool) -> bool:
        """Whether a request is being received, worked on or answered. promised: those yet to come count, too."""
        return any(not conn.idle(promised=promised) for conn in cast("list[Connection]", self.connections))

    def __call__(self) -> Connection:
        return Connection(self, loop=self._loop, **self._kwargs)


class Connection(RequestHandler):
    """One client's connection."""

    __slots__ = ("_flood", "_head_of", "_head_timer", "_ours", "_unsent", "_write_timer", "spare")

    def __init__(self, server: Server, **options: Any) -> None:
        super().__init__(server, **options)
        self._ours = server
        self.spare = False
        """Whether it is one past the limit."""
        self._flood = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_of = 0
        """The request, by number, whose head is awaited by the clock."""
        self._write_timer: asyncio.TimerHandle | None = None
        self._unsent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        ours = self._ours
        past = ours.open - ours.settings.max_connections
        if past >= SPARE:
            self._flood = True
            ours.metrics.count("cut_limit")
            cast(asyncio.WriteTransport, transport).abort()
            return
        self.spare = past >= 0
        ours.open += 1
        ours.metrics.count("connections_opened")
        ours.metrics.gauge("connections", ours.open)
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._flood:
            return
        ours = self._ours
        ours.open -= 1
        ours.metrics.gauge("connections", ours.open)
        for timer in (self._head_timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    # The head: from the connection, or from the first byte of a later request, to the blank line.

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Neither a request's body nor the end of a head: a part of the next one.
        between = not self._messages and not self._request_in_progress
        if between and data and self._head_of != self._request_count:
            self._await_head()

    def _await_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
        self._head_of = self._request_count
        self._head_timer = self._loop.call_later(self._ours.settings.head_timeout, self._head_late)

    def _head_late(self) -> None:
        self._head_timer = None
        waiting = self._waiter is not None and not self._waiter.done()
        if self._request_count == self._head_of and waiting:
            self._ours.metrics.count("cut_head")
            self.force_close()

    def idle(self, *, promised: bool) -> bool:
        """Whether closing it would lose nothing. promised: a connection whose next head is awaited is not idle."""
        waiting = self._waiter is not None and not self._waiter.done()
        return waiting and not (promised and self._head_of == self._request_count)

    @property
    def more(self) -> bool:
        """Whether another request waits for the present one's answer."""
        return bool(self._messages)

    # The answer: a client that does not read keeps it in our memory.

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_writing(self.transport)

    def force_close(self) -> None:
        transport = self.transport
        super().force_close()
        # A closed transport stays until all is sent, to whomever; there is no other end to that.
        if transport is not None and transport.get_write_buffer_size():
            self._watch_writing(transport)

    def _watch_writing(self, transport: asyncio.WriteTransport | None) -> None:
        if transport is not None and self._write_timer is None:
            self._unsent = transport.get_write_buffer_size()
            self._write_timer = self._loop.call_later(self._ours.settings.write_timeout, self._written, transport)

    def _written(self, transport: asyncio.WriteTransport) -> None:
        self._write_timer = None
        unsent = transport.get_write_buffer_size()
        if not unsent or not (self._paused or transport.is_closing()):
            return
        if unsent > self._unsent - TAKEN:
            self._ours.metrics.count("cut_write")
            transport.abort()
        else:
            self._watch_writing(transport)

    # What aiohttp answers by itself.

    def log_exception(self, *_: Any, **told: Any) -> None:
        """What comes out of a connection beside an answer: a body that broke off or cannot be unpacked is its client's,
        and its request has a line already; anything else is a defect of ours."""
        error = told.get("exc_info")
        if isinstance(error, (web.RequestPayloadError, HttpProcessingError, ConnectionError)):
            log.debug("a connection ended with %s", type(error).__name__)
        else:
            log.error("a connection failed: %s", logs.where(error) if isinstance(error, BaseException) else "")

    def handle_error(
        self, request: BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """In the contract's shape; the connection is closed."""
        if request.writer.output_size > 0:  # an answer has begun already
            raise ConnectionError("an answer has begun already")
        ident = os.urandom(16).hex()
        logs.request_id.set(ident)
        error: FaceVerError
        if isinstance(exc, LineTooLong):
            status, error = 431, TooLargeError("a header or the request line is too long")
        elif isinstance(exc, HttpProcessingError):
            status, error = 400, UnknownPathError(f"no HTTP request ({type(exc).__name__})")
        else:
            status, error = 500, InternalError(type(exc).__name__)
            log.error("an answer failed: %s", logs.where(exc) if exc else message)
        answer = refuse(request.path, error, self._ours.settings, status=status)
        answer.response.headers.update(self._ours.common)
        answer.response.headers[REQUEST_ID] = ident
        answer.response.force_close()
        self._ours.metrics.request(BAD_HTTP, status, answer.code, 0.0)
        level = logging.ERROR if status >= 500 else logging.INFO
        logs.access.line(level, "-", BAD_HTTP, status, 0.0, code=answer.code, detail=answer.detail)
        return answer.response


class Runner(web.AppRunner):
    """The app as served."""

    __slots__ = ("_settings",)

    def __init__(self, app: web.Application, settings: Settings) -> None:
        super().__init__(app, access_log=None, shutdown_timeout=LAST)
        self._settings = settings

    async def cleanup(self) -> None:
        """Stop listening, finish what has come, close.

        By itself aiohttp throws away what arrives once it closes, were it the rest of a body that is being read, and
        closes connections that it has not read from yet.
        """
        if isinstance(self._server, Server):
            await self._finish(self._server)
        await super().cleanup()

    async def _finish(self, server: Server) -> None:
        for _ in range(2):  # once round the loop takes what the kernel has accepted, twice reads what came with it
            await asyncio.sleep(0)
        for site in list(self._sites):
            await site.stop()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        promised_until = begun + min(PROMISED, self._settings.shutdown_timeout)
        while (now := loop.time()) < begun + self._settings.shutdown_timeout:
            if not server.busy(promised=now < promised_until):
                break
            await asyncio.sleep(STEP)

    async def _make_server(self) -> web.Server:
        return Server(await super()._make_server(), self._settings, self.app[METRICS])


class Listener(web.BaseSite):
    """A listening address. where: host and port, or sock, as `loop.create_server` takes them."""

    __slots__ = ("_where",)

    def __init__(self, runner: web.AppRunner, settings: Settings, tls: Any, backlog: int, **where: Any) -> None:
        super().__init__(runner, ssl_context=tls, backlog=backlog)
        if tls is not None:
            where["ssl_handshake_timeout"] = settings.head_timeout
        self._where = where

    @property
    def name(self) -> str:
        return "facever"

    async def start(self) -> None:
        await super().start()
        serve: Callable[..., Any] = asyncio.get_running_loop().create_server
        self._server = await serve(self._runner.server, ssl=self._ssl_context, backlog=self._backlog, **self._where)
