"""aiohttp's private state, under public names: the only module that uses private attributes of a library.

A minor version of aiohttp may change them. `TESTED` names the versions that the tests of the server have passed with;
tests/unit/http/test_internals.py checks the installed ones, and that each attribute is there.
"""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler, _ErrInfo

TESTED = {"aiohttp": ("3.14",), "gunicorn": ("27.0",)}
"""Distribution -> its minor versions."""
PRIVATE = {
    RequestHandler: (
        "_max_msg_queue_size",
        "_message_tail",
        "_messages",
        "_parser",
        "_request_count",
        "_request_in_progress",
        "_task_handler",
        "_upgraded",
        "_waiter",
    ),
    web.AppRunner: ("_make_server",),
}


class HttpConnection(RequestHandler):
    """aiohttp's side of a connection."""

    __slots__ = ()

    @property
    def requests_parsed(self) -> int:
        """Requests whose headers have arrived, in all."""
        return self._request_count

    @property
    def has_queued_request(self) -> bool:
        """Whether another request waits until the present one has its response."""
        return bool(self._messages)

    @property
    def has_full_queue(self) -> bool:
        """Whether so many requests wait that aiohttp reads no further ones."""
        return len(self._messages) >= self._max_msg_queue_size

    def parse_declining_upgrades(self, data: bytes) -> None:
        """Parse, and continue with HTTP/1 at once after a request that wants another protocol.

        aiohttp declines only with its response, and until then keeps what follows unparsed.
        """
        super().data_received(data)
        while self._upgraded and self._parser is not None:
            self._parser.set_upgraded(False)
            self._upgraded = False
            rest, self._message_tail = self._message_tail, b""
            if rest:
                super().data_received(rest)

    def last_request(self) -> tuple[RawRequestMessage | None, StreamReader]:
        """(the head parsed last, None if it was malformed; its body). There must be a queued request."""
        message, body = self._messages[-1]
        return (message if isinstance(message, RawRequestMessage) else None), body

    def refuse(self, error: HttpProcessingError, *, last: bool) -> None:
        """Answer with an error. last: in place of the request parsed last, else after it."""
        refused = (_ErrInfo(status=400, exc=error, message=error.message), EMPTY_PAYLOAD)
        if last:
            self._messages[-1] = refused
        else:
            self._messages.append(refused)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @property
    def is_handling(self) -> bool:
        """Whether a request is being handled."""
        return self._request_in_progress

    @property
    def awaits_request(self) -> bool:
        """Whether there is no request, not even one that waits."""
        return self._waiter is not None and not self._waiter.done()

    @property
    def has_ended(self) -> bool:
        """Whether no further request will be handled; what has been written may still have to be sent."""
        return self._task_handler is None or self._task_handler.done()

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived; aiohttp alone leaves cycles if it is malformed.

        The error is kept in a message, or in a body, that the frame in its traceback refers to.
        """
        self.parse_declining_upgrades(data)
        for message, body in self._messages:
            _drop_tracebacks(getattr(message, "exc", None))
            _drop_tracebacks(body.exception())

    def connection_lost(self, exc: BaseException | None) -> None:
        """Drop the connection; aiohttp alone leaves cycles if a task still waits for the rest of a body.

        The body that the task waits for would get an exception, which the frame that it is raised in refers to, so the
        task is cancelled first. A cancelled task keeps its exception, whose traceback refers to a frame that refers to
        the task, until the exception is retrieved.
        """
        task = self._task_handler
        if task is not None:
            task.add_done_callback(_retrieve_cancellation)
            task.cancel()
        super().connection_lost(exc)


def _drop_tracebacks(error: BaseException | None) -> None:
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


def _retrieve_cancellation(task: asyncio.Task[None]) -> None:
    with contextlib.suppress(BaseException):
        task.exception()


class ServerRunner(web.AppRunner):
    """Starts and stops an application."""

    __slots__ = ()

    def make_server(self, plain: web.Server) -> web.Server:
        """The server in place of aiohttp's, which has the application's handler and makes its requests."""
        return plain

    async def _make_server(self) -> web.Server:
        return self.make_server(await super()._make_server())
