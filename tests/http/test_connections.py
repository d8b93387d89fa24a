"""Connections: malformed HTTP, slow clients, and too many of them."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import resource
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from faceVer.http.server.connection_count import SPARE
from tests import support_faces as faces
from tests.support_server import PATTERN, Response, Server
from tests.support_wire import closed, metric, read_response, send, soon, until, wire

BAD_HEAD = 'facever_requests_total{code="BPE-002007",route="bad-http",status="431"}'
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

    @pytest.mark.parametrize("end", [b"", b"\r\n"])
    @pytest.mark.parametrize("before", [b"", GET])
    def test_a_long_head_is_431(self, server: Server, before: bytes, end: bytes) -> None:
        """Ended or not, with one segment or many, alone or behind another request."""
        head = (
            b"GET /version HTTP/1.1\r\nHost: x\r\n"
            + b"X: %s\r\n" % (b"a" * 995) * 65
            + b"Y: %s\r\n" % (b"a" * 900)
            + end
        )
        for size in (len(head) + len(before), 4000):
            rejected = metric(server, BAD_HEAD)
            with wire(server) as sock:
                data = before + head
                with contextlib.suppress(ConnectionError):
                    for at in range(0, len(data), size):
                        sock.sendall(data[at : at + size])
                # What arrives after the connection is closed may reset it, and the response be lost.
                assert statuses(closed(sock)) in ([200] * bool(before) + [431], [200] * bool(before))
            assert until(server, BAD_HEAD, rejected + 1) == rejected + 1
        assert send(server, GET).status == 200

    def test_heads_below_the_limit_are_answered(self, server: Server) -> None:
        head = b"GET /version HTTP/1.1\r\nHost: x\r\n" + b"X: %s\r\n" % (b"a" * 990) * 65
        with wire(server) as sock:
            for _ in range(3):
                sock.sendall(head)
                time.sleep(0.05)
                sock.sendall(b"\r\n")
                assert read_response(sock).status == 200

    @pytest.mark.parametrize(
        "coding",
        [b"gzip, chunked", b"chunked, chunked", b"identity", b"gzip", b"chunked\r\nTransfer-Encoding: chunked"],
    )
    def test_other_transfer_codings_are_rejected(self, server: Server, coding: bytes) -> None:
        head = b"POST %sextract HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n" % PATTERN.encode()
        body = b"Transfer-Encoding: %s\r\n\r\n3\r\nabc\r\n0\r\n\r\n" % coding
        expect_error(send(server, head + body), 400, "BPE-002006")
        assert send(server, head + body.replace(coding, b"Chunked")).code == "BPE-002003"

    def test_a_malformed_chunk_in_a_later_segment_is_answered_at_once(self, server: Server) -> None:
        head = f"POST {PATTERN}extract HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n".encode()
        with wire(server) as sock:
            sock.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
            time.sleep(0.1)
            sock.settimeout(5)
            sock.sendall(b"zz\r\n")
            assert read_response(sock).code == "BPE-002003"

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

    def test_beyond_the_spare_ones_the_oldest_idle_one_is_closed(self) -> None:
        """Idle connections cannot keep probes out, and those within the limit stay."""
        with Server(threads="1", max_connections="3", head_timeout="60") as running:
            many = [socket.create_connection(("127.0.0.1", running.port), timeout=30) for _ in range(3 + SPARE + 5)]
            try:
                assert [closed(sock) for sock in many[3:8]] == [b""] * 5
                many[2].sendall(GET)
                assert read_response(many[2]).status == 200
                many[-1].sendall(GET)
                assert read_response(many[-1]).status == 200
                assert {running.call("GET", "/livez").status for _ in range(2 * SPARE)} == {200}
            finally:
                for sock in many:
                    sock.close()
            assert until(running, 'facever_connections_cut_total{reason="limit"}')


def allowed_descriptors(most: int) -> Any:
    """For a process to be started: it may have so many descriptors open."""
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class TestFewDescriptors:
    @pytest.mark.parametrize(("most", "arguments", "left"), [(64, (), 8), (64, ("--workers", "2"), 8), (256, (), 200)])
    def test_the_limit_of_connections_is_lowered_to_what_fits(
        self, most: int, arguments: tuple[str, ...], left: int, astronaut: bytes
    ) -> None:
        with Server(*arguments, threads="1", head_timeout="60", preexec=allowed_descriptors(most)) as running:
            alone = running.extract(astronaut).body
            many = [socket.create_connection(("127.0.0.1", running.port), timeout=30) for _ in range(left * 4 + 120)]
            try:
                assert until(running, "facever_connections", left + 1)
                for path in ("/livez", "/readyz", PATTERN + "health") * 10:
                    assert running.call("GET", path).status == 200
                assert running.extract(astronaut).status == 503
            finally:
                for sock in many:
                    sock.close()
            assert soon(lambda: running.extract(astronaut).body == alone)
            warnings = [line for line in running.log if " WARNING " in line]
        assert len(warnings) == 1
        assert f"{most} descriptors may be open" in warnings[0]
        assert f"FACEVER_MAX_CONNECTIONS is lowered from 1000 to {left}" in warnings[0]

    @pytest.mark.parametrize("arguments", [(), ("--workers", "2")])
    def test_with_too_few_the_start_fails_and_says_so(self, arguments: tuple[str, ...]) -> None:
        told = "50 descriptors may be open .*: at least 60 are needed, 1056 for all connections"
        with (
            pytest.raises(RuntimeError, match=told) as caught,
            Server(*arguments, threads="1", preexec=allowed_descriptors(50)),
        ):
            pass
        assert "ended with 1" in str(caught.value)
        assert "Traceback" not in str(caught.value)

    def test_a_want_while_it_serves_is_logged_once_and_clients_wait(self) -> None:
        with Server(threads="1") as running:
            pid = running.process.pid
            soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            time.sleep(1)  # until the connection that saw the server start has ended
            taken = set(map(int, os.listdir(f"/proc/{pid}/fd")))
            free = min(set(range(len(taken) + 1)) - taken)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, hard))
            with wire(running) as waiting:
                waiting.sendall(GET)
                assert running.logged("cannot accept a connection: Too many open files")
                time.sleep(1)  # five further tries
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
                assert read_response(waiting).status == 200
            assert len(running.logged("cannot accept a connection")) == 1


@pytest.mark.parametrize("rest", [b"G", b"GET /version HTTP/1.1\r\nHost"])
def test_a_request_that_begins_in_the_segment_of_another_must_end_in_time(slow: Server, rest: bytes) -> None:
    for first in (GET, b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"):
        with wire(slow) as sock:
            sock.sendall(first + rest)
            read_response(sock)
            begun = time.monotonic()
            assert closed(sock) == b""
            assert time.monotonic() - begun < 1.2  # an idle connection stays open for 1.5 seconds


LAST = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


def statuses(responses: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1.1 (\d+) ", responses)]


UPGRADE = b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"


@pytest.mark.parametrize(
    "first",
    [
        b"GET /version HTTP/1.1\r\nHost: x\r\n%s\r\n" % UPGRADE,
        b"POST /x HTTP/1.1\r\nHost: x\r\n%sContent-Length: 3\r\n\r\nabc" % UPGRADE,
    ],
)
def test_a_request_behind_one_that_offers_http_2_is_answered(server: Server, first: bytes) -> None:
    with wire(server) as sock:
        sock.settimeout(5)
        sock.sendall(first + GET + LAST)
        assert statuses(closed(sock)) == [404 if first.startswith(b"POST") else 200, 200, 200]


def test_many_pipelined_requests_are_answered(server: Server) -> None:
    """More than aiohttp queues, with bodies, in segments of any size."""
    post = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n" + bytes(9000)
    chunked = b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    data = (GET + post + chunked) * 40 + LAST
    for size in (len(data), 7777):
        with wire(server) as sock:
            for at in range(0, len(data), size):
                sock.sendall(data[at : at + size])
            assert statuses(closed(sock)) == [200, 404, 404] * 40 + [200]


def test_requests_behind_one_whose_body_was_awaited_are_answered(server: Server) -> None:
    """aiohttp counts a request whose body arrives late as one too many, and then holds the rest of a segment."""
    chunked = b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    for behind in (b"POST /x HTTP/1.1\r\nHost: x\r\n" + chunked, GET.replace(b"\r\n\r\n", b"\r\n" + UPGRADE + b"\r\n")):
        for more in range(28, 36):
            with wire(server) as sock:
                sock.settimeout(5)
                sock.sendall(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")
                assert read_response(sock).status == 404
                sock.sendall(b"abc" + behind + GET * more + LAST)
                assert len(statuses(closed(sock))) == more + 2


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
