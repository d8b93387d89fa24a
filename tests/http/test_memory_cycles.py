"""No request leaves a reference cycle: what it held is free at once, not after a far garbage collection."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from tests import support_faces as faces
from tests.http.support_calls import WORK, Call, Material, calls
from tests.support_server import JPEG, PATTERN, Response, Server, form, image_part, part
from tests.support_wire import closed, metric, read_response, soon, wire

REPEATED = 200
"""Times each rejected request is sent."""
REPEATED_WITH_MODELS = 20
"""The same for requests that the server runs models for; `make cycles` sends those REPEATED times, too."""
ALLOWED_GROWTH = 30 << 20


class Watched:
    """A server without garbage collection."""

    def __init__(self, server: Server, report: Path) -> None:
        self.server, self._report = server, report

    def garbage(self) -> list[str]:
        """The package's objects that only a collection would free."""
        self._report.unlink(missing_ok=True)
        os.kill(self.server.process.pid, signal.SIGUSR1)
        deadline = time.monotonic() + 60
        while not self._report.exists():
            self.server.call("GET", "/livez")
            assert time.monotonic() < deadline
            time.sleep(0.05)
        found: list[str] = json.loads(self._report.read_text(encoding="utf-8"))
        return found

    def resident(self) -> int:
        pages = Path(f"/proc/{self.server.process.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def has_grown_little(self, before: int) -> bool:
        """Whether it comes to hold at most ALLOWED_GROWTH bytes more: a thread frees its image after the response."""
        return soon(lambda: self.resident() - before < ALLOWED_GROWTH)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    report = tmp_path_factory.mktemp("garbage") / "report.json"
    with Server(module="tests.http.server_without_gc", before=(str(report),), threads="1", language="ru") as running:
        yield Watched(running, report)


def rejected(watched: Watched, server: Server) -> tuple[list[Call], list[Call]]:
    """Every rejected request, sent once: without and with models that ran before the error was found."""
    runs = 'facever_stage_seconds_count{stage="detect"}'
    cheap: list[Call] = []
    costly: list[Call] = []
    for call in (call for call in calls(Material(server)) if call.status >= 400):
        before = metric(watched.server, runs)
        assert call.send(watched.server).status == call.status
        (cheap if metric(watched.server, runs) == before else costly).append(call)
    assert len(cheap) > 80
    assert len(costly) > 30
    return cheap, costly


def leave_nothing(watched: Watched, *repeated: tuple[int, list[Call]]) -> None:
    """Whether requests, each sent as often as stated, leave no cycle and no memory. Each was sent before."""
    watched.garbage()  # of the first times: caches, imports
    before = watched.resident()
    for times, every in repeated:
        for call in every:
            for _ in range(times):
                call.send(watched.server)
    assert watched.has_grown_little(before)
    assert watched.garbage() == []


def test_rejected_requests_leave_no_cycle_and_no_memory(watched: Watched, server: Server) -> None:
    cheap, costly = rejected(watched, server)
    leave_nothing(watched, (REPEATED, cheap), (REPEATED_WITH_MODELS, costly))


@pytest.mark.slow
def test_rejected_requests_with_models_leave_no_cycle_and_no_memory(watched: Watched, server: Server) -> None:
    _, costly = rejected(watched, server)
    leave_nothing(watched, (REPEATED, costly))


def test_rejected_images_free_their_pixels(watched: Watched) -> None:
    file = io.BytesIO()
    Image.new("1", (3838, 3838)).save(file, "PNG")  # 1.9 kB, 42 MB decoded, no face in it
    assert watched.server.call("POST", PATTERN + "extract", file.getvalue(), JPEG).code == "BPE-003002"
    before = watched.resident()
    for _ in range(3):
        assert watched.server.call("POST", PATTERN + "extract", file.getvalue(), JPEG).code == "BPE-003002"
    assert watched.has_grown_little(before)
    junk = bytes(15 << 20)
    for _ in range(10):
        assert watched.server.call("POST", PATTERN + "extract", junk, JPEG).code == "BPE-002003"
    assert watched.has_grown_little(before)
    assert watched.garbage() == []


def test_accepted_requests_leave_no_cycle(watched: Watched, server: Server) -> None:
    have = Material(server)
    accepted = [call for call in calls(have) if call.status == 200]
    assert len(accepted) > 20
    for call in accepted:
        call.send(watched.server)
    watched.garbage()
    for call in accepted:
        call.send(watched.server)
    assert watched.garbage() == []


def post(body: bytes, *headers: str, path: str = PATTERN + "extract") -> bytes:
    """A request as bytes. headers: beyond type and length."""
    lines = (f"POST {path} HTTP/1.1", "Host: x", "Content-Type: image/jpeg", f"Content-Length: {len(body)}", *headers)
    return "\r\n".join((*lines, "", "")).encode() + body


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A server whose limits are reached quickly."""
    report = tmp_path_factory.mktemp("limited") / "report.json"
    sizes = {"max_file_bytes": "2000000", "max_request_bytes": "6000000", "max_inflight_bytes": "6000000"}
    seconds = {"request_timeout": "1", "head_timeout": "0.5", "body_timeout": "0.5", "write_timeout": "0.5"}
    with Server(
        module="tests.http.server_without_gc",
        before=(str(report),),
        threads="1",
        max_queue="0",
        max_connections="6",
        **sizes,
        **seconds,
    ) as running:
        yield Watched(running, report)


def leaves_nothing(watched: Watched, send: Callable[[], object], times: int = 1) -> None:
    for count in (1, times):  # the first time fills caches
        for _ in range(count):
            send()
        assert soon(lambda: metric(watched.server, 'facever_in_flight{lane="inference"}') == 0)
        found = watched.garbage()
    assert found == []


MALFORMED = {
    "method": b"NONSENSE / HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
    "version": b"GET / HTTP/9.9\r\n\r\n",
    "header": b"GET /version HTTP/1.1\r\nBad Header: x\r\n\r\n",
    "long header": b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
    "chunk": b"POST /v1/face/pattern/extract HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "not gzip": post(b"not gzip", "Content-Encoding: gzip"),
    "large gzip": post(gzip.compress(bytes(10_000_000)), "Content-Encoding: gzip"),
    "expectation": post(b"x" * 100, "Expect: 100-continue", path=PATTERN + "nothing"),
    "upgrade": b"GET /nowhere HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_malformed_http_leaves_no_cycle(limited: Watched, data: bytes) -> None:
    def send() -> None:
        with wire(limited.server) as sock:
            sock.sendall(data)
            assert read_response(sock).status >= 400

    leaves_nothing(limited, send)


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("length", [150, 2000, 1 << 30])
def test_clients_that_disconnect_leave_no_cycle(limited: Watched, length: int, reset: bool) -> None:
    large = faces.jpeg(faces.astronaut().resize((2000, 2000)))

    def send() -> None:
        with wire(limited.server) as sock:
            sock.sendall(post(large)[:length])
            time.sleep(0.1)  # so that the server has begun to read it, or to work on it
            if reset:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    leaves_nothing(limited, send)


class TestLimits:
    """Of queue, time, connections and memory."""

    def test_a_full_queue_leaves_no_cycle(self, limited: Watched) -> None:
        large = faces.jpeg(faces.astronaut().resize((2000, 2000)))

        def send() -> None:
            with ThreadPoolExecutor(4) as pool:
                assert 503 in [answer.status for answer in pool.map(lambda _: limited.server.extract(large), range(4))]

        leaves_nothing(limited, send)

    def test_the_request_timeout_leaves_no_cycle(self, limited: Watched, astronaut: bytes) -> None:
        parts = [image_part("sample_1", astronaut), *[image_part("samples_n", astronaut)] * 50]
        leaves_nothing(limited, lambda: expect(limited.server.post("extract_and_compare_n", parts), 503))

    def test_the_time_limits_of_clients_leave_no_cycle(self, limited: Watched, astronaut: bytes) -> None:
        def send() -> None:
            with wire(limited.server) as sock:
                sock.sendall(post(astronaut)[:2000])
                expect(read_response(sock), 400)
            with wire(limited.server) as sock:
                sock.sendall(post(astronaut)[:20])
                assert closed(sock) == b""

        leaves_nothing(limited, send)

    def test_the_limit_of_connections_leaves_no_cycle(self, limited: Watched, astronaut: bytes) -> None:
        def send() -> None:
            with contextlib.ExitStack() as stack:
                for _ in range(6):
                    stack.enter_context(wire(limited.server))
                expect(limited.server.extract(astronaut), 503)

        leaves_nothing(limited, send)

    def test_the_limit_of_memory_for_bodies_leaves_no_cycle(self, limited: Watched) -> None:
        large = faces.jpeg(faces.astronaut().resize((2000, 2000)))
        body = form([part("bio_template", bytes(1_980_000))] * 3)
        request = post(body, path=PATTERN + "compare").replace(b"image/jpeg", b"multipart/form-data; boundary=72468")

        def statuses() -> set[int]:
            with wire(limited.server) as sock:
                sock.sendall(request[:-1000])
                return {limited.server.extract(large).status, read_response(sock).status}

        leaves_nothing(limited, lambda: soon(lambda: 503 in statuses()))

    def test_base64_decoded_on_a_thread_leaves_no_cycle(self, limited: Watched) -> None:
        wrong = form([part("bio_feature", b"@" * 700_000, extra=["Content-Transfer-Encoding: base64"])])
        headers = {"Content-Type": "multipart/form-data; boundary=72468"}
        leaves_nothing(limited, lambda: expect(limited.server.call("POST", PATTERN + "compare", wrong, headers), 400))

    def test_many_errors_on_one_connection_leave_no_cycle(self, limited: Watched) -> None:
        def send() -> None:
            with wire(limited.server) as sock:
                for data in (post(b"junk"), post(b"x", path="/nowhere"), post(b"junk")) * 5:
                    sock.sendall(data)
                    assert read_response(sock).status >= 400

        leaves_nothing(limited, send)


def expect(answer: Response, status: int) -> None:
    assert answer.status == status, answer


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), ({"Authorization": "Bearer wrong"}, 401), ({"Authorization": "Bearer right"}, 503)],
    ids=["no key", "wrong key", "rate limit"],
)
def test_authentication_and_rate_limit_leave_no_cycle(tmp_path: Path, headers: Mapping[str, str], status: int) -> None:
    report = tmp_path / "report.json"
    settings = {"api_keys": f"name:{hashlib.sha256(b'right').hexdigest()}", "rate_limit": "0.01", "rate_burst": "1"}
    with Server(
        module="tests.http.server_without_gc", before=(str(report),), threads="1", console="off", **settings
    ) as running:
        watched = Watched(running, report)
        running.call("POST", WORK[0], b"", headers)  # the only one within the rate
        leaves_nothing(
            watched, lambda: [expect(running.call("POST", path, b"x", headers), status) for path in WORK], REPEATED
        )
