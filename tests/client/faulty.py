"""A server that fails as configured, and remembers what it was sent."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

PATIENCE = 10
"""Seconds after which a connection of the server's own gives up."""


@dataclass(slots=True)
class Seen:
    """One request. headers: by lower-case name. body: undone from chunks."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


Fault = Callable[["Faulty", socket.socket, Seen], None]
"""What is done with a request that has come whole; OSError ends its connection."""


def answer(body: bytes | Mapping[str, Any] = b"", status: int = 200, cut: int = 0, **headers: str) -> Fault:
    """A whole answer, or one that ends `cut` bytes early. headers: with _ for -."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"Content-Type": "application/json", "Content-Length": str(len(data))}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    whole = f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + data

    def send(_: Faulty, sock: socket.socket, seen: Seen) -> None:
        sock.sendall(whole[: len(whole) - cut])
        if cut:
            raise ConnectionAbortedError

    return send


SAME = answer({"score": 1.0, "decision": "approved"})
BUSY = answer({"code": "BPE-001003", "message": "Overloaded, try again"}, 503, Retry_After="0")
BUSY_UNTOLD = answer({"code": "BPE-001003", "message": "Overloaded, try again"}, 503)
PROXY = answer(b"<html>\n<h1>502 Bad Gateway</h1>\n</html>", 502, Content_Type="text/html")
CUT = answer({"score": 1.0, "decision": "approved"}, cut=10)


def hang_up(_: Faulty, sock: socket.socket, seen: Seen) -> None:
    """Close the connection, answering nothing."""
    raise ConnectionAbortedError


def reset(_: Faulty, sock: socket.socket, seen: Seen) -> None:
    """Reset the connection, answering nothing."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionAbortedError


def garbage(_: Faulty, sock: socket.socket, seen: Seen) -> None:
    sock.sendall(b"SSH-2.0-nothing of the kind\r\n")
    raise ConnectionAbortedError


def silence(server: Faulty, sock: socket.socket, seen: Seen) -> None:
    """Say nothing until the client gives up or the test is over."""
    server.over.wait(PATIENCE)
    raise ConnectionAbortedError


def drip(server: Faulty, sock: socket.socket, seen: Seen) -> None:
    """An answer that never ends: an occasional byte."""
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not server.over.wait(0.02):
        sock.sendall(b" ")


class Faulty:
    """Each request gets the script's next fault; the last is for all further ones. seen: requests that came whole."""

    def __init__(self, *script: Fault, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._script, self._port, self._tls = list(script), port, tls
        self.seen: list[Seen] = []
        self.arrived, self.over = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for sock in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):  # the peer may have closed it
                sock.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE)

    @property
    def url(self) -> str:
        port = self._listener.getsockname()[1]
        return f"https://localhost:{port}" if self._tls else f"http://127.0.0.1:{port}"

    @property
    def connections(self) -> int:
        return len(self._sockets)

    @property
    def ids(self) -> list[str]:
        return [seen.headers["x-request-id"] for seen in self.seen]

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        raw = sock
        sock.settimeout(PATIENCE)
        with contextlib.suppress(OSError):
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._sockets[self._sockets.index(raw)] = sock
            with sock, sock.makefile("rb") as stream:
                while (seen := _read(stream)) is not None:
                    with self._lock:
                        self.seen.append(seen)
                        self.arrived.set()
                        fault = self._script.pop(0) if len(self._script) > 1 else self._script[0]
                    fault(self, sock, seen)


def _read(stream: Any) -> Seen | None:
    line = stream.readline().decode("latin1").split()
    if not line:
        return None
    seen = Seen(line[0], line[1])
    while text := stream.readline().decode("latin1").strip():
        name, _, value = text.partition(":")
        seen.headers[name.lower()] = value.strip()
    if seen.headers.get("transfer-encoding") == "chunked":
        while size := int(stream.readline(), 16):
            seen.body += stream.read(size)
            stream.readline()
        stream.readline()
    else:
        wanted = int(seen.headers.get("content-length", 0))
        seen.body = stream.read(wanted)
        if len(seen.body) < wanted:
            return None
    return seen
