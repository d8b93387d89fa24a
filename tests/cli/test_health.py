"""`facever health`: servers that work, and what does not."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.test_command import COMMAND, environment
from tests.client.faulty import Fault, Faulty, answer
from tests.http.support_webhook import certificate
from tests.support_server import Server

WELL = b'HTTP/1.1 200 OK\r\n\r\n{"status": 0}'


def test_health_of_a_running_server(facever: Run, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    done = facever("health", "--url", server.url)
    assert (done.status, json.loads(done.out)["status"]) == (0, 0)
    monkeypatch.setenv("FACEVER_PORT", str(server.port))
    assert facever("health").status == 0


def test_health_waits(facever: Run, server: Server) -> None:
    """A port that nobody listens on yet, then a server that does not answer in HTTP, then one that works."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [*COMMAND, "health", "--wait", "60", "--url", f"http://127.0.0.1:{port}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    answers = (b"", b"nonsense\r\n\r\n", b"HTTP/1.1 503 x\r\n\r\nlater", WELL)
    with socket.create_server(("127.0.0.1", port)) as listening:
        listening.settimeout(30)
        for answer in answers:
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)
    out, told = process.communicate(timeout=30)
    assert (process.returncode, out, told) == (0, '{"status": 0}\n', "")
    late = facever("health", "--wait", "0.1", "--url", f"http://127.0.0.1:{port}")
    assert (late.status, late.out) == (1, "")
    assert late.err == f"facever: the server at http://127.0.0.1:{port} cannot be reached: connection refused\n"
    wrong = facever("health", "--url", f"{server.url}/nowhere")
    assert (wrong.status, wrong.out) == (1, "")
    assert f"the server at {server.url}/nowhere answers HTTP 404: " in wrong.err


def test_health_of_a_server_that_nobody_vouches_for(facever: Run, tmp_path: Path) -> None:
    """The command reports it at once, even with a long wait; with a trusted certificate it calls the server."""
    encrypted, _ = certificate(tmp_path)

    def serve(listening: ssl.SSLSocket) -> None:
        for _ in range(2):
            with contextlib.suppress(ssl.SSLError), listening.accept()[0] as connection:
                connection.recv(4096)
                connection.sendall(WELL)

    with (
        socket.create_server(("127.0.0.1", 0)) as plain,
        encrypted.wrap_socket(plain, server_side=True) as listening,
        ThreadPoolExecutor(1) as pool,
    ):
        listening.settimeout(30)
        served = pool.submit(serve, listening)
        url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        doubted = facever("health", "--url", url, "--wait", "1000")
        trusted = facever("health", "--url", url, "--ca-file", tmp_path / "cert.pem")
        served.result(30)
    assert (doubted.status, doubted.out) == (1, "")
    assert f"the server at {url} cannot be reached: its certificate is not trusted (self-signed" in doubted.err
    assert "--ca-file FILE" in doubted.err
    assert (trusted.status, trusted.out) == (0, '{"status": 0}\n')


@pytest.mark.parametrize(
    "fault",
    [
        answer(b"<html>welcome</html>", Content_Type="text/html"),
        answer({"status": 3, "message": "no"}),
        answer({"status": False}),
        answer([]),  # type: ignore[arg-type]
        answer(b"", 302, Location="/well"),
    ],
)
def test_health_of_what_does_not_work(fault: Fault, facever: Run) -> None:
    with Faulty(fault, answer({"status": 0})) as other:
        done = facever("health", "--url", other.url)
    assert (done.status, done.out, done.err.count("\n")) == (1, "", 1)


def test_a_proxy_is_asked_for_other_machines_only(facever: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Faulty(answer({"status": 0})) as proxy, Faulty(answer({"status": 0})) as own:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("FACEVER_PORT", own.url.rpartition(":")[2])
        assert facever("health").status == 0
        assert (len(own.seen), len(proxy.seen)) == (1, 0)
        assert facever("health", "--url", "http://face.example").status == 0
        assert proxy.seen[0].path.startswith("http://face.example/")
