"""TLS by the server itself, and how it stops."""

from __future__ import annotations

import contextlib
import http.client
import signal
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from faceVer.http.server.connection_count import SPARE
from faceVer.http.server.tls import certificate_ended
from faceVer.settings.model import Settings
from faceVer.tools.health_probe import Health, probe
from tests.support_server import JPEG, PATTERN, Server, children
from tests.support_tls import certificate_of
from tests.support_wire import WAIT, can_connect, read_response, soon

GET = b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connected(running: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", running.port), timeout=WAIT)


def is_closed(sock: socket.socket) -> bool:
    """Whether the other side has closed it; nothing is expected on it."""
    sock.setblocking(False)
    try:
        return sock.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def well(running: Encrypted) -> bool:
    try:
        return running.call("GET", "/livez")[0] == 200  # type: ignore[index]
    except OSError:
        return False


class Encrypted(Server):
    """A server that speaks TLS only, and clients that trust its certificate. pair: that, and its key."""

    def __init__(self, *arguments: str, pair: tuple[Path, Path], **settings: str) -> None:
        cert, key = map(str, pair)
        self.trusting = ssl.create_default_context(cafile=cert)
        super().__init__(*arguments, threads="1", tls_cert=cert, tls_key=key, **settings)

    def wrapped(self, sock: socket.socket) -> ssl.SSLSocket:
        return self.trusting.wrap_socket(sock, server_hostname="localhost")

    def call(self, method: str, path: str, body: object = None, headers: object = None, **_: object) -> object:  # type: ignore[override]
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=WAIT, context=self.trusting)
        try:
            connection.request(method, path, body, dict(headers or {}))  # type: ignore[call-overload, arg-type]
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


class TestTls:
    @pytest.mark.parametrize("arguments", [(), ("--workers", "2")])
    def test_it_serves(self, arguments: tuple[str, ...], certificate: tuple[Path, Path], astronaut: bytes) -> None:
        cert, key = certificate
        with Encrypted(*arguments, pair=certificate) as running:
            assert running.call("POST", PATTERN + "extract", astronaut, JPEG)[0] == 200  # type: ignore[index]
            settings = Settings.of(host="0.0.0.0", port=running.port, tls_cert=str(cert), tls_key=str(key))
            assert probe(settings, None) == Health(True, '{"status": 0, "message": ""}')
            assert not probe(settings, f"https://localhost:{running.port}").ok  # the system does not trust it
            old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
            with pytest.warns(DeprecationWarning, match="TLSv1_1"):
                old.maximum_version = ssl.TLSVersion.TLSv1_1
            with socket.create_connection(("127.0.0.1", running.port)) as sock, pytest.raises(ssl.SSLError):
                old.wrap_socket(sock)
            with socket.create_connection(("127.0.0.1", running.port), timeout=WAIT) as plain:
                plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                assert b"HTTP" not in plain.recv(1000)
            assert running.stop() == 0

    @pytest.mark.parametrize("arguments", [(), ("--workers", "2")])
    def test_a_client_that_connected_before_the_stop_gets_its_response(
        self, arguments: tuple[str, ...], certificate: tuple[Path, Path]
    ) -> None:
        patience = {"drain_seconds": "1", "shutdown_timeout": "3600"}
        with (
            Encrypted(*arguments, pair=certificate, **patience) as running,
            contextlib.ExitStack() as stack,
        ):
            kept = stack.enter_context(running.wrapped(connected(running)))
            kept.sendall(GET)
            assert read_response(kept).status == 200
            raw = connected(running)
            running.process.send_signal(signal.SIGTERM)
            last = ""
            while last != "close":  # the worker gets the signal a moment later
                kept.sendall(GET)
                last = read_response(kept).headers.get("connection", "")
            # It has its response and sends no closing message, which TLS waits for.
            assert soon(lambda: not can_connect(running.port))
            late = stack.enter_context(running.wrapped(raw))  # its handshake begins now
            late.sendall(GET)
            answer = read_response(late)
            assert (answer.status, answer.headers["connection"]) == (200, "close")
            assert running.process.wait(WAIT) == 0  # far sooner than the limit
        assert not any("Task was destroyed" in line for line in running.log)

    @pytest.mark.parametrize("arguments", [(), ("--workers", "2")])
    def test_handshakes_count_as_connections(self, arguments: tuple[str, ...], certificate: tuple[Path, Path]) -> None:
        most = 4
        with Encrypted(*arguments, pair=certificate, max_connections=str(most), head_timeout="60") as running:
            room = (most + SPARE) * max(1, len(children(running.process.pid)))
            silent = [connected(running) for _ in range(room + 5)]
            assert soon(lambda: sum(is_closed(sock) for sock in silent) >= 5)
            for sock in silent:
                sock.close()
            assert soon(lambda: well(running))

    @pytest.mark.parametrize(
        ("cert", "key", "told"),
        [
            ("cert.pem", "", "must be set together"),
            ("nothing.pem", "key.pem", "No such file"),
            ("key.pem", "key.pem", "not PEM, or the key has a password"),
            ("cert.pem", "other.pem", "KEY_VALUES_MISMATCH"),
        ],
    )
    def test_wrong_files_prevent_the_start(
        self, certificate: tuple[Path, Path], cert: str, key: str, told: str
    ) -> None:
        folder = certificate[0].parent
        other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / "other.pem").write_bytes(other)
        files = {"tls_cert": str(folder / cert), "tls_key": str(folder / key) if key else ""}
        with pytest.raises(RuntimeError, match=told) as caught, Server("--workers", "2", **files):
            pass
        assert "Traceback" not in str(caught.value)

    def test_an_expired_certificate_is_logged(self, certificate: tuple[Path, Path], tmp_path: Path) -> None:
        assert certificate_ended(Settings.of(tls_cert=str(certificate[0]), tls_key=str(certificate[1]))) == ""
        now = datetime.now(UTC)
        cert, key = certificate_of(tmp_path, now - timedelta(days=9), now - timedelta(days=2))
        assert certificate_ended(Settings.of(tls_cert=str(cert), tls_key=str(key))).endswith("UTC")
        starting = Server(threads="1", tls_cert=str(cert), tls_key=str(key))
        assert soon(lambda: any("WARNING" in line and "was valid until" in line for line in starting.log))
        starting.stop()
