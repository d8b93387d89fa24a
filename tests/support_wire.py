"""Raw connections to a server, to send what HTTP clients do not send and to read as they do not."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.support_server import Response, Server

WAIT = 30
"""Seconds that a test waits for an event before it fails."""


@contextmanager
def wire(server: Server, *, buffer: int = 0) -> Iterator[socket.socket]:
    """A connection to the server. buffer: size of the receive buffer in bytes, 0 = the system's."""
    with socket.socket() as sock:
        if buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        sock.settimeout(WAIT)
        sock.connect(("127.0.0.1", server.port))
        yield sock


def read_response(sock: socket.socket) -> Response:
    """Read one response; the connection may stay open."""
    response = http.client.HTTPResponse(sock)
    response.begin()
    return Response(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


def send(server: Server, data: bytes) -> Response:
    """Send bytes on a new connection; returns the response."""
    with wire(server) as sock:
        sock.sendall(data)
        return read_response(sock)


def closed(sock: socket.socket) -> bytes:
    """Read until the server closes the connection; returns the bytes."""
    chunks = []
    try:
        while chunk := sock.recv(65536):
            chunks.append(chunk)
    except ConnectionError:
        pass
    return b"".join(chunks)


def metric(server: Server, line: str) -> float:
    """The value of a sample of /metrics, 0 if it is missing. line: name and labels."""
    text = server.call("GET", "/metrics").body.decode()
    return next((float(row.rpartition(" ")[2]) for row in text.splitlines() if row.rpartition(" ")[0] == line), 0.0)


def until(server: Server, line: str, least: float = 1) -> float:
    """Wait until a sample of /metrics is at least `least`; returns its value. Ignores refused connections meanwhile."""
    deadline, value = time.monotonic() + WAIT, 0.0
    while value < least and time.monotonic() < deadline:
        with contextlib.suppress(ConnectionError):
            value = metric(server, line)
        time.sleep(0.05)
    return value


def soon(condition: Callable[[], object]) -> bool:
    """Whether the condition becomes true within `WAIT` seconds."""
    deadline = time.monotonic() + WAIT
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def can_connect(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True
