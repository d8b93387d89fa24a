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

from aiohttp import StreamReader, web
from aiohttp.http import HttpVersion10, HttpVersion11
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest
from multidict import CIMultiDictProxy

from faceVer.domain.errors import FaceVerError, InternalError, TooLargeError, UnknownPathError
from faceVer.http.pipeline.endpoint import EndpointTable
from faceVer.http.pipeline.error_responses import REQUEST_ID, common_headers, error_outcome
from faceVer.observability import logs
from faceVer.observability.metrics import BAD_HTTP, Metrics
from faceVer.settings.model import Settings

log = logging.getLogger(__name__)

SPARE = 32
"""Connections past the limit that are taken all the same, for probes; whatever else comes on them gets 503."""
TAKEN = 16 * 1024
"""Bytes of its answer that a client must take in each `write_timeout`."""
LINGER = 5.0
"""Seconds the rest of a refused body is read and thrown away, so that the client gets to read the answer."""


def _in_known_versions(factory: Callable[..., BaseRequest]) -> Callable[..., BaseRequest]:
    """aiohttp answers in the version that was asked in, whatever that was; here it is one of HTTP/1."""

    def make(message: Any, payload: Any, connection: Connection, *rest: Any) -> BaseRequest:
        known = message.version in (HttpVersion10, HttpVersion11)
        connection.body = payload
        return factory(message if known else message._replace(version=HttpVersion11), payload, connection, *rest)

    return make


class Server(web.Server):
    """Makes a `Connection` for every client of one process."""

    def __init__(self, plain: web.Server, settings: Settings, metrics: Metrics, table: EndpointTable) -> None:
        super().__init__(
            plain.request_handler,
            request_factory=_in_known_versions(plain.request_factory),
            handler_cancellation=True,  # whoever hangs up wants no answer
            keepalive_timeout=settings.server.keepalive_timeout,
            max_line_size=settings.server.max_header_bytes,
            max_field_size=settings.server.max_header_bytes,
            max_headers=settings.server.max_headers,
            lingering_time=LINGER,
            access_log=None,
        )
        self.settings, self.metrics, self.table = settings, metrics, table
        self.common: CIMultiDictProxy[str] = common_headers(settings)
        self.open = 0
        self.coming = 0
        """Connections that were taken and are not open yet, mostly for their TLS handshake."""

    @property
    def full(self) -> bool:
        """Whether no further connection may be taken, not even for a probe."""
        return self.open + self.coming >= self.settings.server.max_connections + SPARE

    def count(self) -> None:
        """Tell how many connections there are."""
        self.metrics.gauge("connections", self.open + self.coming)

    def busy(self, *, promised: bool) -> bool:
        """Whether a request is being received, worked on or answered. promised: those yet to come count, too."""
        made = cast("list[Connection]", self.connections)
        return (promised and self.coming > 0) or any(not connection.idle(promised=promised) for connection in made)

    def __call__(self) -> Connection:
        return Connection(self, loop=self._loop, **self._kwargs)


class Connection(RequestHandler):
    """One client's connection."""

    __slots__ = ("_head_of", "_head_timer", "_ours", "_unsent", "_write_timer", "body", "made", "spare")

    def __init__(self, server: Server, **options: Any) -> None:
        super().__init__(server, **options)
        self._ours = server
        server.coming += 1
        self.made = False
        self.body: StreamReader | None = None
        """The last request's, which may still be coming when it has been answered."""
        self.spare = False
        """Whether it is one past the limit."""
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_of = 0
        """The request, by number, whose head is awaited by the clock."""
        self._write_timer: asyncio.TimerHandle | None = None
        self._unsent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        ours = self._ours
        self.made = True
        self.spare = ours.open >= ours.settings.server.max_connections
        ours.open += 1
        ours.coming -= 1
        ours.metrics.count("connections_opened")
        ours.count()
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        ours = self._ours
        ours.open -= 1
        ours.count()
        for timer in (self._head_timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    # The head: from the connection, or from the first byte of a later request, to the blank line.

    def data_received(self, data: bytes) -> None:
        reading = self.body is not None and not self.body.is_eof()
        super().data_received(data)
        # No body, no end of a head, not the empty line that some clients put behind a body: the next head.
        between = not reading and not self._messages and not self._request_in_progress
        if between and self._head_of != self._request_count and data.strip(b"\r\n"):
            self._await_head()

    def _await_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
        self._head_of = self._request_count
        self._head_timer = self._loop.call_later(self._ours.settings.server.head_timeout, self._head_late)

    def _head_late(self) -> None:
        self._head_timer = None
        if self._request_count == self._head_of and self._waiting:
            self._ours.metrics.count("cut_head")
            self.force_close()

    def idle(self, *, promised: bool) -> bool:
        """Whether closing it would lose nothing. promised: a connection whose next head is awaited is not idle."""
        if self._task_handler is None or self._task_handler.done():  # TLS may still wait for the client's good-bye
            return self.transport is None or not self.transport.get_write_buffer_size()
        return self._waiting and not (promised and self._head_of == self._request_count)

    @property
    def _waiting(self) -> bool:
        """Whether there is no request."""
        return self._waiter is not None and not self._waiter.done()

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
            self._write_timer = self._loop.call_later(
                self._ours.settings.server.write_timeout, self._written, transport
            )

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
        answer = error_outcome(self._ours.table.family_of(request.path), error, self._ours.settings, status=status)
        answer.response.headers.update(self._ours.common)
        answer.response.headers[REQUEST_ID] = ident
        answer.response.force_close()
        self._ours.metrics.request(BAD_HTTP, status, answer.code, 0.0)
        level = logging.ERROR if status >= 500 else logging.INFO
        logs.access.line(level, "-", BAD_HTTP, status, 0.0, code=answer.code, detail=answer.detail)
        return answer.response
