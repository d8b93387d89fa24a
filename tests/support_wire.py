"""Bytes to and from a server by hand: what no HTTP client would send, or not read."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.support_server import Answer, Server

WAIT = 30
"""Seconds after which something that must happen counts as not happening."""


@contextmanager
def wire(server: Server, *, buffer: int = 0) -> Iterator[socket.socket]:
    """A connection. buffer: bytes of the receive buffer, where it is to be small."""
    with socket.socket() as sock:
        if buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        sock.settimeout(WAIT)
        sock.connect(("127.0.0.1", server.port))
        yield sock


def read_answer(sock: socket.socket) -> Answer:
    """One answer; the connection may stay open."""
    response = http.client.HTTPResponse(sock)
    response.begin()
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


def send(server: Server, data: bytes) -> Answer:
    """The answer to these bytes."""
    with wire(server) as sock:
        sock.sendall(data)
        return read_answer(sock)


def closed(sock: socket.socket) -> bytes:
    """What comes until the server closes the connection, which it must."""
    pieces = []
    try:
        while piece := sock.recv(65536):
            pieces.append(piece)
    except ConnectionError:
        pass
    return b"".join(pieces)


def metric(server: Server, line: str) -> float:
    """The value of a sample of /metrics, 0 where it is not there. line: name and labels."""
    text = server.call("GET", "/metrics").body.decode()
    return next((float(row.rpartition(" ")[2]) for row in text.splitlines() if row.rpartition(" ")[0] == line), 0.0)


def until(server: Server, line: str, least: float = 1) -> float:
    """Wait until a sample of /metrics is at least that; a server may be too busy to answer for a moment."""
    deadline, value = time.monotonic() + WAIT, 0.0
    while value < least and time.monotonic() < deadline:
        with contextlib.suppress(ConnectionError):
            value = metric(server, line)
        time.sleep(0.05)
    return value


def soon(condition: Callable[[], object]) -> bool:
    """Whether it comes true within a bounded time."""
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
