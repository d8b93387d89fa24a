"""Connections: what is no HTTP, what is too slow, and what is too much."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Iterator

import pytest

from tests import support_faces as faces
from tests.support_server import PATTERN, Answer, Server
from tests.support_wire import closed, metric, read_answer, send, until, wire

GET = b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def slow() -> Iterator[Server]:
    with Server(
        threads="1", head_timeout="0.5", keepalive_timeout="1.5", write_timeout="0.5", max_header_bytes="1000"
    ) as running:
        yield running


def in_shape(answer: Answer, status: int, code: str) -> None:
    """The contract's error, with all that every answer has."""
    assert (answer.status, answer.code) == (status, code)
    assert len(answer.headers["x-request-id"]) == 32
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["server"] == "FaceVer"


def ask_on(sock: socket.socket) -> None:
    """Send requests, and read nothing."""
    for _ in range(100_000):
        sock.sendall(GET * 100)


class TestBadHttp:
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
    def test_is_answered_in_the_contracts_shape(self, server: Server, data: bytes) -> None:
        answer = send(server, data)
        in_shape(answer, 400, "BPE-002006")
        (line,) = server.logged(answer.headers["x-request-id"])
        assert "bad-http 400" in line
        assert "Traceback" not in line

    def test_a_long_header_is_431(self, slow: Server) -> None:
        in_shape(send(slow, b"GET / HTTP/1.1\r\nX: " + b"a" * 2000 + b"\r\n\r\n"), 431, "BPE-002007")
        in_shape(send(slow, b"GET /" + b"a" * 2000 + b" HTTP/1.1\r\n\r\n"), 431, "BPE-002007")

    def test_many_headers_are_refused(self, slow: Server) -> None:
        many = b"".join(b"X-%d: y\r\n" % number for number in range(500))
        assert send(slow, b"GET /version HTTP/1.1\r\n" + many + b"\r\n").status in (400, 431)

    def test_a_broken_chunk_is_a_broken_body(self, server: Server) -> None:
        head = f"POST {PATTERN}extract HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n".encode()
        answer = send(server, head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n")
        assert answer.status == 400
        assert answer.code in ("BPE-002003", "BPE-002006")

    def test_is_counted(self, slow: Server) -> None:
        send(slow, b"NONSENSE / HTTP/1.1\r\n\r\n")
        assert until(slow, 'facever_requests_total{code="BPE-002006",route="bad-http",status="400"}')


class TestSlowClients:
    def test_no_head_on_a_fresh_connection(self, slow: Server) -> None:
        with wire(slow) as sock:
            assert closed(sock) == b""

    def test_half_a_head_on_a_fresh_connection(self, slow: Server) -> None:
        with wire(slow) as sock:
            sock.sendall(GET[:20])
            assert closed(sock) == b""
        assert until(slow, 'facever_connections_cut_total{reason="head"}')

    def test_half_a_head_on_a_kept_connection(self) -> None:
        with Server(threads="1", head_timeout="0.5") as running, wire(running) as sock:
            sock.sendall(GET)
            assert read_answer(sock).status == 200
            sock.sendall(GET[:20])
            assert closed(sock) == b""

    def test_what_is_no_head_is_not_timed_as_one(self) -> None:
        """An empty line behind a request, and the rest of a body that has been answered already."""
        rest = b"x" * 200_000
        late = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(rest)
        with Server(threads="1", head_timeout="0.5") as running:
            with wire(running) as sock:
                sock.sendall(GET + b"\r\n")
                assert read_answer(sock).status == 200
                sock.sendall(b"\r\n")
                time.sleep(1)
                sock.sendall(GET)
                assert read_answer(sock).status == 200
            with wire(running) as sock:
                sock.sendall(late + rest[:1000])
                assert read_answer(sock).status == 404
                sock.sendall(rest[1000:])
                time.sleep(1)
                sock.sendall(GET)
                assert read_answer(sock).status == 200
            assert metric(running, 'facever_connections_cut_total{reason="head"}') == 0

    def test_an_idle_connection(self, slow: Server) -> None:
        with wire(slow) as sock:
            sock.sendall(GET)
            assert read_answer(sock).status == 200
            assert closed(sock) == b""

    def test_a_head_in_time_is_answered_however_it_is_cut(self, server: Server) -> None:
        with wire(server) as sock:
            for _ in range(3):
                for at in range(0, len(GET), 7):
                    sock.sendall(GET[at : at + 7])
                assert read_answer(sock).status == 200

    def test_a_client_that_does_not_read(self, slow: Server) -> None:
        """It asks and asks; what it does not take must not be kept for it."""
        with wire(slow, buffer=4096) as sock:
            sock.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                ask_on(sock)
            sock.setblocking(True)
            sock.settimeout(30)
            assert until(slow, 'facever_connections_cut_total{reason="write"}')
            with pytest.raises(ConnectionError):
                ask_on(sock)

    def test_a_client_that_reads_slowly_gets_its_answer(self, slow: Server) -> None:
        photo = faces.jpeg(faces.astronaut())
        with wire(slow, buffer=4096) as sock:
            head = f"POST {PATTERN}extract HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
            sock.sendall(f"{head}Content-Length: {len(photo)}\r\n\r\n".encode() + photo)
            assert read_answer(sock).status == 200


class TestTooManyConnections:
    def test_past_the_limit_work_is_refused_and_probes_are_answered(self, astronaut: bytes) -> None:
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

    def test_far_past_the_limit_connections_are_closed(self) -> None:
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
