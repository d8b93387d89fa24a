"""A real S3 server for the tests, moto's, in a process of its own, and a proxy before it that makes faults."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import math
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest

from faceVer.settings.storing import StoreSettings
from tests.support_postgres import end_with_parent

PROGRAM = Path(__file__).parents[1] / ".venv-s3" / "bin" / "moto_server"
START_SECONDS = 30.0


class S3Server:
    """A server of one test run; what it keeps ends with it. Raises RuntimeError if it cannot start."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = listening.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [PROGRAM, "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # an interrupt of the test run is not the server's
            preexec_fn=end_with_parent,
        )
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(self.endpoint).close()
                return self
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError("the S3 server did not start")
            time.sleep(0.1)

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def create_bucket(self) -> str:
        """The name of a new bucket."""
        name = f"facever-{next(self._numbers)}"
        self.request("PUT", f"/{name}")
        return name

    def request(self, method: str, path: str) -> str:
        """The body of the answer to a plain request."""
        with urllib.request.urlopen(urllib.request.Request(self.endpoint + path, method=method)) as answer:
            return str(answer.read().decode())

    def settings(self, bucket: str, *keys: str, endpoint: str = "") -> StoreSettings:
        """Settings of a storage in a bucket. keys: of encryption; endpoint: that of a proxy before the server."""
        return StoreSettings(
            store="/nonexistent",
            storage_url=f"s3://{bucket}/a/prefix",
            storage_key=keys,
            s3_endpoint=endpoint or self.endpoint,
            s3_access_key="access",
            s3_secret_key="secret",
        )


class FaultyProxy(ThreadingHTTPServer):
    """Passes `good` requests on to a server, makes its fault for `bad` requests, and passes all others on.

    Faults: the status of an answer, "cut" (the connection), or "hang".
    """

    daemon_threads = True

    def __init__(self, target: S3Server) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.endpoint = f"http://127.0.0.1:{self.server_port}"
        self.ended = threading.Event()
        self.repair()

    def fail(self, fault: str, good: int = 0, bad: float = math.inf) -> None:
        self.fault, self.good, self.bad, self.seen = fault, good, bad, 0

    def repair(self) -> None:
        self.fail("", bad=0)

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: FaultyProxy
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen += 1
        if not self.server.good < self.server.seen <= self.server.good + self.server.bad:
            self._pass_on(body)
        elif self.server.fault.isdigit():
            self._answer(int(self.server.fault), {}, b"<Error><Code>Fault</Code></Error>")
        else:
            if self.server.fault == "hang":
                self.server.ended.wait()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._handle
        raise AttributeError(name)

    def _pass_on(self, body: bytes) -> None:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.server.target.port)) as connection:
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            self._answer(answer.status, dict(answer.headers), answer.read())

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header(
            "Content-Length", headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(body))
        )
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """The test run's output is for test results."""


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """A running server; each process of pytest-xdist has its own."""
    if not PROGRAM.exists():
        pytest.skip("the S3 server is not installed; `make test-platform` installs it")
    with S3Server() as server:
        yield server


@pytest.fixture
def bucket(s3: S3Server) -> str:
    """The name of a new bucket."""
    return s3.create_bucket()


@pytest.fixture
def proxy(s3: S3Server) -> Iterator[FaultyProxy]:
    with FaultyProxy(s3) as running:
        yield running
