"""HTTP to one inference server: kept connections, one deadline for each call, a limit of what is read.

http.client, because calls come from threads and aiohttp is for an event loop; httpx is the client package's, and its
time limits hold for each read, not for a call.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import os
import select
import socket
import time
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

MOST_BYTES = 64 << 20
"""Of a response: a detector's maps of the largest copy are some megabytes as JSON."""
PIECE = 1 << 16


class Answer(NamedTuple):
    status: int
    head_length: str | None
    body: bytes


class ChannelError(Exception):
    """No complete answer: not reached, cut, too late or too long."""


class _Timed(io.RawIOBase):
    """A socket whose reads and writes end at `until`, a time of the monotonic clock: also those of the headers."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket, self.until = sock, 0.0

    def _allow(self) -> None:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        self.socket.settimeout(left)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._allow()
        return self.socket.recv_into(buffer)

    def sendall(self, data: Any) -> None:
        self._allow()
        self.socket.sendall(data)

    def makefile(self, *_: object) -> io.BufferedReader:
        return io.BufferedReader(_Shared(self))


class _Shared(io.RawIOBase):
    """The reading side of a response; its end leaves the socket open for the next one."""

    def __init__(self, timed: _Timed) -> None:
        self._timed = timed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._timed.readinto(buffer)


class _Connection(http.client.HTTPConnection):
    timed: _Timed

    def begin(self, until: float) -> None:
        """Connect. Raises OSError."""
        sock = socket.create_connection((self.host, self.port), max(0.001, until - time.monotonic()))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timed = _Timed(sock)
        self.sock = cast(socket.socket, self.timed)

    def end(self) -> None:
        self.timed.socket.close()
        self.close()

    def is_stale(self) -> bool:
        """Whether the server has closed it, or sent what belongs to no call."""
        poll = select.poll()  # unlike select, of descriptors above 1,023, too
        poll.register(self.timed.socket, select.POLLIN)
        return bool(poll.poll(0))


class Channel:
    """Calls from any thread. lost: whether a connection failed or was found closed since the owner last cleared it."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port, self._process = host, port, os.getpid()
        self._idle: deque[_Connection] = deque()
        self.lost = False

    def call(self, method: str, path: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Answer:
        """Raises ChannelError. Nothing is sent twice: only a connection found closed before a call is replaced."""
        until = time.monotonic() + seconds
        connection = self._idle_one()
        try:
            if connection is None:
                connection = _Connection(self._host, self._port)
                connection.begin(until)
            connection.timed.until = until
            connection.request(method, path, body or None, dict(headers))
            response = connection.getresponse()
            pieces, left = [], MOST_BYTES
            while piece := response.read1(PIECE):
                left -= len(piece)
                if left < 0:
                    raise ChannelError("the response is too long")
                pieces.append(piece)
            if response.length:
                raise ChannelError("the response was cut")
            response.close()
        except BaseException as error:
            if connection is not None and hasattr(connection, "timed"):
                connection.end()
            self.lost = True
            if isinstance(error, (OSError, http.client.HTTPException, ValueError)):
                raise ChannelError(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}") from error
            raise
        if response.will_close:
            connection.end()
        else:
            self._idle.append(connection)
        return Answer(response.status, response.headers.get("Inference-Header-Content-Length"), b"".join(pieces))

    def _idle_one(self) -> _Connection | None:
        """The connection used last, None where there is none or the server has closed it: then no older one is used."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self.close()  # after a fork: the other process uses them
        try:
            connection = self._idle.pop()
        except IndexError:
            return None
        if connection.is_stale():
            connection.end()
            self.close()
            self.lost = True
            return None
        return connection

    def look(self) -> None:
        """Notice a kept connection that the server has closed: it may have been started again, with other models."""
        if (connection := self._idle_one()) is not None:
            self._idle.append(connection)

    def close(self) -> None:
        """Close what is idle."""
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop().end()
