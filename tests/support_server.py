"""A real server process, and an HTTP client for it that uses the standard library."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.support_preload import ForkedProcess, preloaded

PATTERN = "/v1/face/pattern/"
OCTETS = "application/octet-stream"
JPEG = {"Content-Type": "image/jpeg"}
START_SECONDS, STOP_SECONDS = 120, 90


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The error code; checks that the body is {"code", "message"} and nothing else."""
        document = self.json()
        assert set(document) == {"code", "message"}
        assert self.headers["content-type"].startswith("application/json")
        return str(document["code"])


class Server:
    """`facever serve` in a process of its own, with the given settings; its log is kept.

    command: or `facever worker`, whose port is that of health and metrics.

    fresh: in a new interpreter, as it is for users; else forked from a process that has imported the server.
    preexec: called in the new process before the interpreter, which is fresh then. module, before: what to run in place
    of the package, and its own arguments.
    """

    def __init__(
        self,
        *arguments: str,
        fresh: bool = False,
        preexec: Any = None,
        module: str = "faceVer",
        before: Sequence[str] = (),
        command: str = "serve",
        **settings: str,
    ) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FACEVER_")}
        # One process on any machine, unless a test says otherwise.
        environment.update({f"FACEVER_{name.upper()}": value for name, value in ({"workers": "1"} | settings).items()})
        self.port = free_port()
        where = ["--host", "127.0.0.1", "--port"] if command == "serve" else ["--health-port"]
        words = [module, *before, command, *where, str(self.port), *arguments]
        self.process: subprocess.Popen[str] | ForkedProcess
        if fresh or preexec:
            words = [sys.executable, "-m", *words]
            self.process = subprocess.Popen(
                words, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=preexec
            )
        else:
            self.process = preloaded().start(words, environment)
        self.log: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.log.extend(iter(self.process.stderr.readline, ""))

    def __enter__(self) -> Self:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                self.stop()
                raise RuntimeError(f"the server ended with {self.process.returncode}:\n" + "".join(self.log))
            try:
                self.call("GET", "/version")
                return self
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise RuntimeError("the server did not start:\n" + "".join(self.log))

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> int:
        """Send SIGTERM; returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join(5)
        if self.process.stderr is not None:
            self.process.stderr.close()
        return status

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        chunked: bool = False,
    ) -> Response:
        """Send one request on a new connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            if chunked:
                body = iter([body[at : at + 5000] for at in range(0, len(body), 5000)])
            connection.request(method, path, body, dict(headers or {}), encode_chunked=chunked)
            response = connection.getresponse()
            return Response(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )
        finally:
            connection.close()

    def post(
        self,
        name: str,
        parts: Iterable[bytes],
        headers: Mapping[str, str] | None = None,
        *,
        boundary: str = "72468",
        quoted: bool = False,
    ) -> Response:
        """Send a form to an endpoint below /v1/face/pattern. quoted: whether the header quotes the boundary."""
        value = f'"{boundary}"' if quoted else boundary
        return self.call(
            "POST",
            PATTERN + name,
            form(parts, boundary),
            {"Content-Type": f"multipart/form-data; boundary={value}", **(headers or {})},
        )

    def extract(self, image: bytes, headers: Mapping[str, str] = JPEG) -> Response:
        return self.call("POST", PATTERN + "extract", image, headers)

    def template(self, image: bytes) -> bytes:
        response = self.extract(image)
        assert response.status == 200, response
        return response.body

    def logged(self, pattern: str) -> list[str]:
        """The log lines that match a pattern; waits up to five seconds for the first one."""
        deadline = time.monotonic() + 5
        while True:
            found = [line for line in list(self.log) if re.search(pattern, line)]
            if found or time.monotonic() > deadline:
                return found
            time.sleep(0.05)


def part(
    name: str,
    data: bytes,
    content_type: str | None = None,
    filename: str | None = None,
    extra: Sequence[str] = (),
    *,
    reverse: bool = False,
) -> bytes:
    """The headers and data of a part, without the boundary. reverse: write the headers in reverse order."""
    lines = [
        f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
    ]
    lines += [f"Content-Type: {content_type}"] if content_type else []
    lines += extra
    return "\r\n".join(reversed(lines) if reverse else lines).encode() + b"\r\n\r\n" + data


def image_part(name: str, data: bytes, filename: str | None = None) -> bytes:
    return part(name, data, "image/jpeg", filename)


def template_part(name: str, data: bytes, filename: str | None = None) -> bytes:
    return part(name, data, OCTETS, filename)


def form(parts: Iterable[bytes], boundary: str = "72468") -> bytes:
    delimiter = b"--" + boundary.encode()
    return b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts) + delimiter + b"--\r\n"


def children(process: int) -> list[int]:
    """The ids of a process's child processes."""
    return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


LOWEST_PORT, PORTS = 10_000, 4_000
"""Ports for the servers of one test process: below those that the kernel hands out to clients, and no other's."""
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_ports = itertools.cycle(range(LOWEST_PORT + _worker % 5 * PORTS, LOWEST_PORT + (_worker % 5 + 1) * PORTS))
for _ in range(os.getpid() % PORTS):
    next(_ports)


def free_port() -> int:
    """A port without a listener, given out once: a server takes it only a second later."""
    for port in _ports:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
