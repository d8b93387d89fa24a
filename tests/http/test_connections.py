"""Connections: malformed HTTP, slow clients, and too many of them."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Iterator

import pytest

from tests import support_faces as faces
from tests.support_server import PATTERN, Response, Server
from tests.support_wire import closed, metric, read_response, send, until, wire

GET = b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def slow() -> Iterator[Server]:
    with Server(
        threads="1", head_timeout="0.5", keepalive_timeout="1.5", write_timeout="0.5", max_header_bytes="1000"
    ) as running:
        yield running


def expect_error(answer: Response, status: int, code: str) -> None:
    """API Lite's error, with the headers of every response."""
    assert (answer.status, answer.code) == (status, code)
    assert len(answer.headers["x-request-id"]) == 32
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["server"] == "FaceVer"


def send_without_reading(sock: socket.socket) -> None:
    for _ in range(100_000):
        sock.sendall(GET * 100)


class TestMalformedHttp:
    @pytest.mark.parametrize(
        "data",
        [
            b"NONSENSE / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"hello\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET /version HTTP/1.1\r\nBad Header: x\r\n\r\n",
            b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        ],
    )
    def test_the_response_is_an_error_of_api_lite(self, server: Server, data: bytes) -> None:
        answer = send(server, data)
        expect_error(answer, 400, "BPE-002006")
        (line,) = server.logged(answer.headers["x-request-id"])
        assert "bad-http 400" in line
        assert "Traceback" not in line

    def test_a_long_header_is_431(self, slow: Server) -> None:
        expect_error(send(slow, b"GET / HTTP/1.1\r\nX: " + b"a" * 2000 + b"\r\n\r\n"), 431, "BPE-002007")
        expect_error(send(slow, b"GET /" + b"a" * 2000 + b" HTTP/1.1\r\n\r\n"), 431, "BPE-002007")

    def test_too_many_headers_are_rejected(self, slow: Server) -> None:
        many = b"".join(b"X-%d: y\r\n" % number for number in range(500))
        assert send(slow, b"GET /version HTTP/1.1\r\n" + many + b"\r\n").status in (400, 431)

    def test_a_malformed_chunk_is_a_malformed_body(self, server: Server) -> None:
        head = f"POST {PATTERN}extract HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n".encode()
        answer = send(server, head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n")
        assert answer.status == 400
        assert answer.code in ("BPE-002003", "BPE-002006")

    def test_it_is_counted(self, slow: Server) -> None:
        send(slow, b"NONSENSE / HTTP/1.1\r\n\r\n")
        assert until(slow, 'facever_requests_total{code="BPE-002006",route="bad-http",status="400"}')


class TestSlowClients:
    def test_a_new_connection_without_headers_is_closed(self, slow: Server) -> None:
        with wire(slow) as sock:
            assert closed(sock) == b""

    def test_incomplete_headers_on_a_new_connection_close_it(self, slow: Server) -> None:
        with wire(slow) as sock:
            sock.sendall(GET[:20])
            assert closed(sock) == b""
        assert until(slow, 'facever_connections_cut_total{reason="head"}')

    def test_incomplete_headers_on_a_kept_connection_close_it(self) -> None:
        with Server(threads="1", head_timeout="0.5") as running, wire(running) as sock:
            sock.sendall(GET)
            assert read_response(sock).status == 200
            sock.sendall(GET[:20])
            assert closed(sock) == b""

    def test_bytes_between_requests_are_not_timed_as_headers(self) -> None:
        """An empty line after a request, and the rest of a body whose request has its response already."""
        rest = b"x" * 200_000
        late = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(rest)
        with Server(threads="1", head_timeout="0.5") as running:
            with wire(running) as sock:
                sock.sendall(GET + b"\r\n")
                assert read_response(sock).status == 200
                sock.sendall(b"\r\n")
                time.sleep(1)
                sock.sendall(GET)
                assert read_response(sock).status == 200
            with wire(running) as sock:
                sock.sendall(late + rest[:1000])
                assert read_response(sock).status == 404
                sock.sendall(rest[1000:])
                time.sleep(1)
                sock.sendall(GET)
                assert read_response(sock).status == 200
            assert metric(running, 'facever_connections_cut_total{reason="head"}') == 0

    def test_an_idle_connection_is_closed(self, slow: Server) -> None:
        with wire(slow) as sock:
            sock.sendall(GET)
            assert read_response(sock).status == 200
            assert closed(sock) == b""

    def test_headers_may_arrive_in_any_pieces(self, server: Server) -> None:
        with wire(server) as sock:
            for _ in range(3):
                for at in range(0, len(GET), 7):
                    sock.sendall(GET[at : at + 7])
                assert read_response(sock).status == 200

    def test_a_client_that_does_not_read_is_disconnected(self, slow: Server) -> None:
        """It sends requests only; the server must not keep its responses."""
        with wire(slow, buffer=4096) as sock:
            sock.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                send_without_reading(sock)
            sock.setblocking(True)
            sock.settimeout(30)
            assert until(slow, 'facever_connections_cut_total{reason="write"}')
            with pytest.raises(ConnectionError):
                send_without_reading(sock)

    def test_a_client_that_reads_slowly_gets_its_response(self, slow: Server) -> None:
        photo = faces.jpeg(faces.astronaut())
        with wire(slow, buffer=4096) as sock:
            head = f"POST {PATTERN}extract HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
            sock.sendall(f"{head}Content-Length: {len(photo)}\r\n\r\n".encode() + photo)
            assert read_response(sock).status == 200


class TestTooManyConnections:
    def test_beyond_the_limit_only_probes_are_served(self, astronaut: bytes) -> None:
        with Server(threads="1", max_connections="3", retry_after="7") as running:
            held = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(3)]
            try:
                while True:  # until all three are taken
                    answer = running.extract(astronaut)
                    if answer.status == 503:
                        break
                assert (answer.code, answer.headers["retry-after"]) == ("BPE-001003", "7")
                assert answer.headers["connection"] == "close"
                for path in ("/livez", "/readyz", "/version", PATTERN + "health"):
                    assert running.call("GET", path).status == 200
                assert until(running, 'facever_overloads_total{reason="connections"}')
            finally:
                for sock in held:
                    sock.close()
            until(running, "facever_connections", 1)
            while (answer := running.extract(astronaut)).status == 503:
                pass
            assert answer.status == 200

    def test_beyond_the_spare_ones_connections_are_closed(self) -> None:
        with Server(threads="1", max_connections="3") as running:
            many = [socket.create_connection(("127.0.0.1", running.port), timeout=30) for _ in range(3 + 32 + 5)]
            try:
                assert closed(many[-1]) == b""
            finally:
                for sock in many:
                    sock.close()
            assert until(running, 'facever_connections_cut_total{reason="limit"}')


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    with wire(server) as sock:
        sock.sendall(
            b"".join(b"GET /version HTTP/1.1\r\nHost: x\r\nX-Request-ID: %d\r\n\r\n" % number for number in range(40))
        )
        stream = sock.makefile("rb")
        found = []
        for _ in range(40):
            stream.readline()
            headers = http.client.parse_headers(stream)
            stream.read(int(headers["Content-Length"]))
            found.append(headers["X-Request-ID"])
    assert found == [str(number) for number in range(40)]
