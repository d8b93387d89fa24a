"""One client's connection: the time limits that aiohttp leaves to a reverse proxy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from aiohttp import StreamReader, web
from aiohttp.http import HttpVersion10, HttpVersion11
from aiohttp.web_request import BaseRequest

from faceVer.http.pipeline.endpoint import EndpointTable
from faceVer.http.server.connection_count import ConnectionCount
from faceVer.http.server.limited_heads import LimitedHeads
from faceVer.http.server.malformed import MalformedHttp, log_connection_error
from faceVer.observability.metrics import Metrics
from faceVer.settings.model import Settings

MIN_SENT = 16 * 1024
"""Bytes of its response that a client must take in each `write_timeout`."""
LINGER = 5.0
"""Seconds the rest of a rejected body is read and discarded, so that the client can read the response."""


def _limit_version(factory: Callable[..., BaseRequest]) -> Callable[..., BaseRequest]:
    """aiohttp responds in the version of the request, even an unknown one; here it is one of HTTP/1."""

    def make(message: Any, payload: Any, connection: Connection, *rest: Any) -> BaseRequest:
        known = message.version in (HttpVersion10, HttpVersion11)
        connection.body = payload
        return factory(message if known else message._replace(version=HttpVersion11), payload, connection, *rest)

    return make


class Server(web.Server):
    """Makes a `Connection` for each client of one process."""

    def __init__(self, plain: web.Server, settings: Settings, metrics: Metrics, table: EndpointTable) -> None:
        self._options: dict[str, Any] = {
            "keepalive_timeout": settings.server.keepalive_timeout,
            "max_line_size": settings.server.max_header_bytes,
            "max_field_size": settings.server.max_header_bytes,
            "max_headers": settings.server.max_headers,
            "max_head": settings.server.max_head_bytes,
            "lingering_time": LINGER,
            "access_log": None,
        }
        super().__init__(
            plain.request_handler,
            request_factory=_limit_version(plain.request_factory),
            handler_cancellation=True,  # a client that disconnects needs no response
        )
        self.settings, self.metrics, self.loop = settings, metrics, asyncio.get_running_loop()
        self.count = ConnectionCount(settings.server.max_connections, metrics)
        self.malformed = MalformedHttp(settings, metrics, table)
        self.spare: dict[Connection, None] = {}
        """Connections beyond the limit, the oldest first."""

    def make_room(self) -> bool:
        """Whether a further connection may be accepted, if need be in place of the oldest spare one without a request.

        A client that holds idle connections would otherwise keep the probes out.
        """
        if not self.count.is_full:
            return True
        self.metrics.count("cut_limit")
        idle = next((connection for connection in self.spare if connection.awaits_request), None)
        if idle is not None:
            idle.force_close()
        return idle is not None

    def is_busy(self, *, include_expected: bool) -> bool:
        """Whether a request is being received or handled, or a response sent.

        include_expected: a client that has only connected, or sent a part of the headers, counts as well.
        """
        connections = cast("list[Connection]", self.connections)
        return (include_expected and self.count.opening > 0) or any(
            not connection.is_idle(include_expected=include_expected) for connection in connections
        )

    def __call__(self) -> Connection:
        return Connection(self, **self._options)


class Connection(LimitedHeads):
    """Made when its client has been accepted."""

    __slots__ = ("_headers_of", "_headers_timer", "_server", "_unsent", "_write_timer", "body", "is_open", "is_spare")

    def __init__(self, server: Server, **options: Any) -> None:
        super().__init__(server, loop=server.loop, **options)
        self._server = server
        self.is_open = False
        self.is_spare = False
        """Whether it exceeds the limit of connections."""
        self.body: StreamReader | None = None
        """That of the last request; it may still be arriving when the response is sent."""
        self._headers_timer: asyncio.TimerHandle | None = None
        self._headers_of = 0
        """Number of the request whose headers are awaited within the time limit."""
        self._write_timer: asyncio.TimerHandle | None = None
        self._unsent = 0
        server.count.accepted()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.is_open = True
        self.is_spare = self._server.count.opened()
        if self.is_spare:
            self._server.spare[self] = None
        super().connection_made(transport)
        self._await_headers()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._server.count.closed()
        self._server.spare.pop(self, None)
        for timer in (self._headers_timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)
        self.body = None  # it refers to this connection

    # Headers: timed from the connection, or from the first byte of a later request, to the blank line.

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.is_in_head and self._headers_of != self.requests_parsed:
            self._await_headers()

    def _await_headers(self) -> None:
        if self._headers_timer is not None:
            self._headers_timer.cancel()
        self._headers_of = self.requests_parsed
        self._headers_timer = self._server.loop.call_later(
            self._server.settings.server.head_timeout, self._headers_late
        )

    def _headers_late(self) -> None:
        self._headers_timer = None
        if self.requests_parsed != self._headers_of:
            return
        if self.awaits_request:
            self._server.metrics.count("cut_head")
            self.force_close()
        elif self.is_in_head:  # while an earlier request is handled
            self._await_headers()

    def is_idle(self, *, include_expected: bool) -> bool:
        """Whether closing it would lose nothing.

        include_expected: a connection whose next headers are awaited is not idle.
        """
        if self.has_ended:  # TLS may still wait for the client's closing message
            return self.transport is None or not self.transport.get_write_buffer_size()
        return self.awaits_request and not (include_expected and self._headers_of == self.requests_parsed)

    # Responses: one that the client does not read stays in the server's memory.

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_writing(self.transport)

    def force_close(self) -> None:
        transport = self.transport
        super().force_close()
        # A closed transport stays until all is sent; nothing else limits that time.
        if transport is not None and transport.get_write_buffer_size():
            self._watch_writing(transport)

    def _watch_writing(self, transport: asyncio.WriteTransport | None) -> None:
        if transport is not None and self._write_timer is None:
            self._unsent = transport.get_write_buffer_size()
            seconds = self._server.settings.server.write_timeout
            self._write_timer = self._server.loop.call_later(seconds, self._check_writing, transport)

    def _check_writing(self, transport: asyncio.WriteTransport) -> None:
        self._write_timer = None
        unsent = transport.get_write_buffer_size()
        if not unsent or not (self.writing_paused or transport.is_closing()):
            return
        if unsent > self._unsent - MIN_SENT:
            self._server.metrics.count("cut_write")
            transport.abort()
        else:
            self._watch_writing(transport)

    # What aiohttp would write to its own log, and respond in its own format.

    def log_exception(self, *_: Any, **details: Any) -> None:
        log_connection_error(details.get("exc_info"))

    def handle_error(
        self, request: BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("part of a response is sent already")
        return self._server.malformed.respond(request, exc, message)
