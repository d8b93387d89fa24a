"""Parallel requests, overload, health, cross-origin requests, request ids, writes to disk, shutdown."""

from __future__ import annotations

import http.client
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import pytest

from tests import support_faces as faces
from tests.support_processes import written
from tests.support_server import JPEG, PATTERN, Response, Server, image_part, template_part


def request_headers(endpoint: str, content_type: str, length: int) -> bytes:
    """The request line and headers of a request, without its body."""
    lines = (
        f"POST {PATTERN}{endpoint} HTTP/1.1",
        "Host: x",
        f"Content-Type: {content_type}",
        f"Content-Length: {length}",
    )
    return "\r\n".join((*lines, "", "")).encode()


def test_parallel_requests_get_the_same_bytes_as_single_ones(server: Server, engine: object) -> None:
    photos = [faces.jpeg(faces.person(number)) for number in range(6)] + [
        faces.jpeg(faces.astronaut()),
        faces.jpeg(faces.astronaut().resize((300, 300))),
    ]
    single = [server.extract(photo) for photo in photos]
    assert all(response.status == 200 for response in single)
    with ThreadPoolExecutor(32) as pool:
        parallel = list(pool.map(server.extract, photos * 8))
    assert [response.body for response in parallel] == [response.body for response in single] * 8


def test_parallel_requests_get_their_own_responses(server: Server) -> None:
    photos = [faces.jpeg(faces.person(number)) for number in range(6)]
    templates = [server.template(photo) for photo in photos]
    many = [template_part("templates_n", template, str(number)) for number, template in enumerate(templates)]

    def own_score_index(number: int) -> int:
        rows = server.post("verify_n", [image_part("sample_1", photos[number]), *many]).json()["results"]
        assert [row["filename"] for row in rows] == list("012345")
        return [row["score"] for row in rows].index(1.0)

    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(own_score_index, list(range(6)) * 6)) == list(range(6)) * 6


@pytest.fixture(scope="module")
def small_server() -> Iterator[Server]:
    with Server(
        threads="1", max_queue="1", retry_after="7", max_inflight_bytes="20000000", max_request_bytes="20000000"
    ) as running:
        yield running


@pytest.fixture(scope="module")
def restricted() -> Iterator[Server]:
    with Server(cors_origins="https://app.example,https://other.example") as running:
        yield running


class TestOverload:
    def test_excess_requests_get_503_and_retry_after(self, small_server: Server) -> None:
        photo = faces.jpeg(faces.astronaut().resize((1500, 1500)))
        with ThreadPoolExecutor(24) as pool:
            responses = list(pool.map(lambda _: small_server.extract(photo), range(72)))
        rejected = [response for response in responses if response.status != 200]
        assert len(rejected) < 72
        for response in rejected:
            assert (response.status, response.code, response.headers["retry-after"]) == (503, "BPE-001003", "7")
        assert len({response.body for response in responses if response.status == 200}) == 1
        assert small_server.extract(photo).status == 200

    def test_health_does_not_wait_for_inference(self, small_server: Server) -> None:
        photo = faces.jpeg(faces.astronaut().resize((1500, 1500)))
        stop = threading.Event()

        def work() -> None:
            while not stop.is_set():
                small_server.extract(photo)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(5):
                assert small_server.call("GET", PATTERN + "health").json()["status"] == 0
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def test_the_bodies_of_all_requests_are_limited_together(self, small_server: Server, astronaut: bytes) -> None:
        part = b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\n" + bytes(9_994_900) + b"\r\n"
        unfinished = request_headers("compare", "multipart/form-data; boundary=b", 19_990_200) + part + part[:-100]
        for wait in (0.2, 0.5, 1, 2, 4):  # until all bytes have arrived, so that the next request exceeds the limit
            with socket.create_connection(("127.0.0.1", small_server.port)) as pending:
                pending.sendall(unfinished)
                time.sleep(wait)
                response = small_server.extract(astronaut)
            if response.status != 200:
                break
        assert (response.status, response.code) == (503, "BPE-001003")
        deadline = time.monotonic() + 20
        while (response := small_server.extract(astronaut)).status != 200 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert response.status == 200


def test_a_body_that_does_not_arrive_ends_the_request() -> None:
    with (
        Server(body_timeout="0.5") as running,
        socket.create_connection(("127.0.0.1", running.port), timeout=30) as slow,
    ):
        slow.sendall(request_headers("extract", "image/jpeg", 100) + b"abc")
        response = http.client.HTTPResponse(slow)
        response.begin()
        assert response.status == 400
        assert b"BPE-002003" in response.read()
        assert response.headers["Connection"] == "close"


def test_requests_of_disconnected_clients_free_their_threads(astronaut: bytes) -> None:
    with Server(threads="1", max_queue="0") as running:
        for _ in range(10):
            with socket.create_connection(("127.0.0.1", running.port)) as client:
                client.sendall(request_headers("extract", "image/jpeg", len(astronaut)) + astronaut)
        deadline = time.monotonic() + 10
        while (response := running.extract(astronaut)).status == 503 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert response.status == 200


def test_no_request_writes_to_disk(astronaut: bytes) -> None:
    """With a file size limit of zero any write to a regular file kills the process (SIGXFSZ)."""

    def forbid_writing() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    with Server(preexec=forbid_writing) as running:
        large = astronaut + bytes(8_000_000)
        template = running.template(large)
        many = [template_part("templates_n", template)] * 2000
        assert running.post("compare_n", [template_part("template_1", template), *many]).status == 200
        assert (
            running.post("verify", [image_part("sample", large), template_part("bio_template", template)]).status == 200
        )
        # The sandbox writes to memory, which has the same limit.
        assert running.extract(faces.jpeg(faces.astronaut(), progressive=True)).status == 503
        assert running.process.poll() is None


def test_the_sandbox_writes_to_memory_only(astronaut: bytes) -> None:
    with Server() as running:
        photo = faces.jpeg(faces.astronaut(), progressive=True)
        running.template(photo)
        before = written(running.process.pid)
        running.template(photo + bytes(8_000_000))
        assert written(running.process.pid) == before


class TestCrossOrigin:
    ASK: ClassVar = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, content-transfer-encoding, x-request-id",
    }

    @pytest.mark.parametrize(
        "path", [PATTERN + "extract", PATTERN + "compare_n", PATTERN + "health", "/version", "/nowhere"]
    )
    def test_a_preflight_allows_the_request(self, server: Server, path: str) -> None:
        response = server.call("OPTIONS", path, headers={"Origin": "https://app.example", **self.ASK})
        assert response.status == 204
        assert response.headers["access-control-allow-origin"] == "*"
        allowed = response.headers["access-control-allow-headers"].lower()
        assert all(name in allowed for name in ("content-type", "content-transfer-encoding", "x-request-id"))
        assert "POST" in response.headers["access-control-allow-methods"]
        assert "access-control-allow-credentials" not in response.headers

    def test_successes_and_errors_have_cors_headers(self, server: Server, astronaut: bytes) -> None:
        for response in (
            server.extract(astronaut, {**JPEG, "Origin": "https://app.example"}),
            server.extract(b"", {**JPEG, "Origin": "https://app.example"}),
        ):
            assert response.headers["access-control-allow-origin"] == "*"
            assert "X-Request-ID" in response.headers["access-control-expose-headers"]

    def test_only_configured_origins_are_allowed(self, restricted: Server) -> None:
        def preflight(origin: str) -> Response:
            return restricted.call("OPTIONS", PATTERN + "extract", headers={"Origin": origin, **self.ASK})

        allowed_response = preflight("https://other.example")
        assert allowed_response.headers["access-control-allow-origin"] == "https://other.example"
        assert allowed_response.headers["vary"] == "Origin"
        for origin in ("https://evil.example", "https://app.example.evil.example", "null"):
            assert not [name for name in preflight(origin).headers if name.startswith("access-control-")]


class TestRequestIds:
    def test_the_request_id_of_the_client_is_returned(self, server: Server) -> None:
        for ident in ("probe-1", "x" * 128, "{9b1d/=+}"):
            assert (
                server.call("GET", PATTERN + "health", headers={"X-Request-ID": ident}).headers["x-request-id"] == ident
            )

    def test_the_server_creates_a_missing_request_id(self, server: Server) -> None:
        ids = {
            server.call("GET", path).headers["x-request-id"]
            for path in ("/version", "/version", "/nowhere", PATTERN + "extract")
        }
        assert len(ids) == 4

    @pytest.mark.parametrize("ident", ["x" * 129, "a b", "\xe9"])
    def test_an_invalid_request_id_is_replaced(self, server: Server, ident: str) -> None:
        response = server.call("GET", "/version", headers={"X-Request-ID": ident})
        assert response.headers["x-request-id"] != ident
        assert len(response.headers["x-request-id"]) == 32


def test_shutdown_finishes_running_requests(astronaut: bytes) -> None:
    with Server(threads="1") as running:
        large = faces.jpeg(faces.astronaut().resize((3000, 3000)))
        with ThreadPoolExecutor(4) as pool:
            responses = [pool.submit(running.extract, large) for _ in range(4)]
            running.logged("POST")  # the first has finished, the others are running
            assert running.stop() == 0
            assert [response.result().status for response in responses] == [200] * 4


def test_several_workers_serve_and_stop() -> None:
    with Server("--workers", "2", threads="1") as running:
        photo = faces.jpeg(faces.astronaut())
        with ThreadPoolExecutor(8) as pool:
            responses = list(pool.map(lambda _: running.extract(photo), range(24)))
        assert len({(response.status, response.body) for response in responses}) == 1
        workers = {line.split()[2] for line in running.logged("POST")}
        assert 1 <= len(workers) <= 2
        assert running.stop() == 0
        assert not [line for line in running.log if "SIGABRT" in line], "a worker did not end by itself"


def test_the_number_of_threads_follows_the_usable_cpus() -> None:
    with Server(preexec=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})) as running:
        assert running.extract(faces.jpeg(faces.astronaut())).status == 200
        running.call("GET", PATTERN + "health")
        tasks = [
            Path(f"/proc/{running.process.pid}/task/{task}/comm").read_text().strip()
            for task in os.listdir(f"/proc/{running.process.pid}/task")
        ]
        assert len(tasks) <= 8, tasks


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"prot": "80"}, "unknown setting FACEVER_PROT"),
        ({"pack": "nothing"}, "no pack 'nothing'"),
        ({"weights": "/nowhere"}, "cannot read the manifest"),
        ({"providers": "MagicExecutionProvider"}, "MagicExecutionProvider"),
    ],
)
def test_a_wrong_setting_prevents_the_start_with_one_line(settings: dict[str, str], message: str) -> None:
    with pytest.raises(RuntimeError, match=message) as caught, Server(**settings):
        pass
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_in_use_prevents_the_start(server: Server, workers: str) -> None:
    second = Server("--workers", workers, "--port", str(server.port))
    with pytest.raises(RuntimeError, match=r"cannot listen.*--port"), second:
        pass
