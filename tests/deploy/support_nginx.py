"""A real nginx with deploy/nginx/facever.conf in front of a server; only addresses and paths are replaced."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import resource
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from tests.deploy.support_deploy import run, text, tool
from tests.support_server import Response, children, free_port
from tests.support_wire import WAIT

MAIN = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
{user}
error_log /dev/stderr warn;
events {{ worker_connections 256; }}
http {{
    {temporary}
    include {folder}/upstream.conf;
    include {folder}/facever.conf;
}}
"""
KINDS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def replaced(source: str, *pairs: tuple[str, str]) -> str:
    """The text with each first replaced by its second; each first must occur."""
    for old, new in pairs:
        assert old in source, f"{old!r} is not in it"
        source = source.replace(old, new)
    return source


def certificate(folder: Path) -> None:
    """tls.crt and tls.key for localhost."""
    made = ("-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.crt"))
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run(
        tool("openssl"),
        "req",
        "-x509",
        *curve,
        *made,
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
    )


class Nginx:
    """nginx in front of 127.0.0.1:behind. changes: further replacements in facever.conf."""

    def __init__(self, folder: Path, behind: int, *changes: tuple[str, str]) -> None:
        self.program, self.folder = tool("nginx"), folder
        self.port, self.plain = free_port(), free_port()
        certificate(folder)
        for kind in KINDS:
            (folder / kind).mkdir()
        conf = replaced(
            text("nginx/facever.conf"),
            ("    listen 80;\n    listen [::]:80;\n", f"    listen 127.0.0.1:{self.plain};\n"),
            ("    listen 443 ssl;\n    listen [::]:443 ssl;\n", f"    listen 127.0.0.1:{self.port} ssl;\n"),
            ("/etc/facever/tls/", f"{folder}/"),
            ("/var/log/nginx/access.log", "/dev/stderr"),
            ("/var/log/nginx/error.log", "/dev/stderr"),
            *changes,
        )
        upstream = replaced(text("nginx/upstream.conf"), ("127.0.0.1:8080", f"127.0.0.1:{behind}"))
        temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in KINDS)
        (folder / "facever.conf").write_text(conf)
        (folder / "upstream.conf").write_text(upstream)
        user = "" if os.geteuid() else "user root root;"  # limits need the same user
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder, temporary=temporary, user=user))
        self.log: list[str] = []

    @property
    def command(self) -> list[str]:
        return [self.program, "-c", str(self.folder / "nginx.conf")]

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        deadline = time.monotonic() + WAIT
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                break
            if self.process.poll() is not None or time.monotonic() > deadline:
                self._end()
                raise RuntimeError("nginx did not start:\n" + "".join(self.log))
            time.sleep(0.02)
        # The kernel accepts connections as soon as the master listens, before it has forked its worker.
        while not (workers := children(self.process.pid)) and time.monotonic() < deadline:
            time.sleep(0.02)
        (self.worker,) = workers
        try:
            # Writing to any file ends the worker; logs go to a pipe.
            resource.prlimit(self.worker, resource.RLIMIT_FSIZE, (0, 0))
        except OSError:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        assert self._end() == 0

    def _end(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(WAIT)
        self._reader.join(WAIT)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return status

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.log.extend(iter(self.process.stderr.readline, ""))

    def wrote_nothing(self) -> bool:
        """Whether the worker, which may not write, still runs, and no temporary file exists."""
        files = [name for kind in KINDS for name in os.listdir(self.folder / kind)]
        return children(self.process.pid) == [self.worker] and not files

    def lost_its_worker(self) -> bool:
        """Whether the worker has ended; waits briefly."""
        deadline = time.monotonic() + WAIT
        while self.worker in children(self.process.pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.worker not in children(self.process.pid)

    def _connection(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self.folder / "tls.crt"))
        return http.client.HTTPSConnection("localhost", self.port, timeout=WAIT, context=context)

    def call(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Response:
        """One request over TLS, on a new connection."""
        with contextlib.closing(self._connection()) as connection:
            connection.request(method, path, body, dict(headers or {}))
            return answer(connection.getresponse())

    def announce(self, path: str, size: int) -> Response:
        """Response to the headers of a POST of that size, without its body."""
        with contextlib.closing(self._connection()) as connection:
            connection.putrequest("POST", path)
            connection.putheader("Content-Type", "multipart/form-data; boundary=x")
            connection.putheader("Content-Length", str(size))
            connection.endheaders()
            return answer(connection.getresponse())

    def logged(self, word: str) -> list[str]:
        """Log lines with this word; waits briefly."""
        deadline = time.monotonic() + WAIT
        while True:
            found = [line for line in list(self.log) if word in line]
            if found or time.monotonic() > deadline:
                return found
            time.sleep(0.02)


def answer(response: http.client.HTTPResponse) -> Response:
    return Response(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


def directive(source: str, name: str) -> str:
    """The argument of a directive that occurs once."""
    (found,) = re.findall(rf"^\s*{name}\s+([^;#]*);", source, re.MULTILINE)
    return str(found)


def seconds(source: str, name: str) -> int:
    return int(directive(source, name).removesuffix("s"))


@contextlib.contextmanager
def nothing_listens() -> Iterator[int]:
    """A port in use that does not answer."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])
