"""aiohttp's private state, under public names: the only module that uses private attributes of a library.

A minor version of aiohttp may change them. `TESTED` names the versions that the tests of the server have passed with;
tests/unit/http/test_internals.py checks the installed ones, and that each attribute is there.
"""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

TESTED = {"aiohttp": ("3.14",), "gunicorn": ("27.0",)}
"""Distribution -> its minor versions."""
PRIVATE = {
    RequestHandler: ("_messages", "_request_count", "_request_in_progress", "_task_handler", "_waiter"),
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
        super().data_received(data)
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
