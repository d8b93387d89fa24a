"""A proxy before a real server that refuses requests as an overloaded one does: a fault no server makes on demand."""

from __future__ import annotations

import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from tests.support_server import Server

HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"})
BODY = b'{"code": "BPE-001003", "message": "Overloaded, try again"}'


class Refusing:
    """Answers POSTs with 503 and Retry-After: 1 from the first one on, for `seconds`; forwards all else.

    A client that repeats a request before Retry-After has passed is refused again. refused: how many were.
    """

    def __init__(self, server: Server, seconds: float) -> None:
        self.server, self.seconds = server, seconds
        self.refused = 0
        self._until: float | None = None
        refusing = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._forward()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if refusing.refuses():
                    headers = {"Retry-After": "1", "Content-Type": "application/json", "X-Request-ID": "refused"}
                    self._answer(503, headers, BODY)
                else:
                    self._forward(body)

            def _forward(self, body: bytes | None = None) -> None:
                connection = http.client.HTTPConnection("127.0.0.1", refusing.server.port, timeout=60)
                headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                self._answer(answer.status, dict(answer.getheaders()), answer.read())
                connection.close()

            def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in HOP:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing: the test's output is not the place for it."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,))

    def refuses(self) -> bool:
        now = time.monotonic()
        self._until = now + self.seconds if self._until is None else self._until
        self.refused += now < self._until
        return now < self._until

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
