"""What an operator sees: log lines, metrics, probes, the start, the stop, several workers, TLS."""

from __future__ import annotations

import http.client
import json
import os
import resource
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import pytest
from prometheus_client.parser import text_string_to_metric_families

from faceVer.http.pipeline.endpoint import Lane
from faceVer.http.pipeline.paths import FACES as PATTERN_PREFIX
from faceVer.http.server.app import create_app
from faceVer.observability.metrics import OTHER, Metrics
from faceVer.observability.timings import STAGES
from faceVer.settings.model import Settings
from tests.support_endpoints import TABLE
from tests.support_server import JPEG, PATTERN, Server, children, image_part, template_part
from tests.support_wire import WAIT, metric, until

SECRET = "s3cret"


@pytest.fixture(scope="module")
def json_logs() -> Iterator[Server]:
    with Server(threads="1", log_format="json") as running:
        yield running


class TestLogs:
    def test_a_line_has_the_stage_timings(self, json_logs: Server, astronaut: bytes) -> None:
        template = json_logs.template(astronaut)
        parts = [image_part("sample", astronaut), template_part("bio_template", template)]
        answer = json_logs.post("verify", parts, {"X-Request-ID": 'quoted"id\\'})
        assert answer.status == 200
        (text,) = json_logs.logged("/verify")
        line = json.loads(text)
        assert line["request_id"] == 'quoted"id\\'
        assert (line["method"], line["route"], line["status"], line["code"]) == ("POST", PATTERN + "verify", 200, "")
        assert {"receive", "queue", "decode", "detect", "align", "embed", "template", "match"} <= set(line["stages"])
        assert set(line["stages"]) <= set(STAGES)
        assert 0 < line["stages"]["detect"] <= sum(line["stages"].values()) <= line["ms"] * 1.5
        assert line["bytes"] > len(astronaut)

    def test_text_lines_have_the_stage_timings(self, server: Server, astronaut: bytes) -> None:
        answer = server.extract(astronaut)
        (line,) = server.logged(answer.headers["x-request-id"])
        assert all(f" {name}=" in line for name in ("receive", "queue", "decode", "detect", "embed"))
        assert f" bytes={len(astronaut)} " in line

    def test_they_contain_no_client_data(self, json_logs: Server, server: Server, astronaut: bytes) -> None:
        for running in (json_logs, server):
            headers = {"Content-Type": f"text/{SECRET}", "User-Agent": SECRET, "X-Request-ID": f"id {SECRET}"}
            running.call("POST", PATTERN + f"extract?{SECRET}", astronaut, headers)
            running.call("GET", f"/{SECRET}")
            running.call("POST", PATTERN + f"extract/{SECRET}", b"x", JPEG)
            running.call("POST", PATTERN + "extract", b"x", {**JPEG, "Content-Transfer-Encoding": SECRET})
            running.post("verify", [image_part("sample", b"x", SECRET), template_part("bio_template", b"x", SECRET)])
            running.post("compare", [image_part(SECRET, b"x"), template_part(SECRET, b"y")])
            running.post("compare", [template_part("bio_feature", SECRET.encode())], boundary=SECRET)
            last = running.call("GET", "/version").headers["x-request-id"]
            assert running.logged(last)
            assert not [line for line in running.log if SECRET in line]

    def test_the_start_logs_the_changed_settings_without_secrets(self) -> None:
        with Server(threads="1", webhook_secret=SECRET, template_key="ab" * 32, retry_after="5") as running:
            (line,) = running.logged("settings: ")
            shown = json.loads(line.partition("settings: ")[2])
            assert shown == {
                "host": "127.0.0.1",
                "port": running.port,
                "workers": 1,
                "threads": 1,
                "webhook_secret": "***",
                "template_key": "***",
                "retry_after": 5,
            }
            assert not [line for line in running.log if SECRET in line or "abab" in line]


class TestMetrics:
    def test_they_count_in_prometheus_text_format(self, server: Server, astronaut: bytes) -> None:
        good = f'facever_requests_total{{code="",route="{PATTERN}extract",status="200"}}'
        bad = f'facever_requests_total{{code="BPE-002003",route="{PATTERN}extract",status="400"}}'
        before = [metric(server, line) for line in (good, bad, "facever_faces_total", "facever_received_bytes_total")]
        for data in (astronaut, astronaut, b"junk"):
            server.extract(data)
        after = [metric(server, line) for line in (good, bad, "facever_faces_total", "facever_received_bytes_total")]
        assert [new - old for new, old in zip(after, before, strict=True)] == [2, 1, 2, 2 * len(astronaut) + 4]
        answer = server.call("GET", "/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=")
        families = {family.name: family for family in text_string_to_metric_families(answer.body.decode())}
        assert {
            "facever_requests",
            "facever_request_seconds",
            "facever_stage_seconds",
            "facever_overloads",
            "facever_in_flight",
            "facever_queue",
            "facever_connections",
            "facever_resident_bytes",
            "facever_model_info",
            "facever_build_info",
            "facever_provider_info",
        } <= set(families)
        stages = {sample.labels["stage"] for sample in families["facever_stage_seconds"].samples}
        assert {"receive", "queue", "decode", "detect", "align", "embed", "template"} <= stages
        assert families["facever_resident_bytes"].samples[0].value > 50e6
        assert "centerface" in str(families["facever_model_info"].samples)
        (provider,) = families["facever_provider_info"].samples
        assert (provider.labels, provider.value) == ({"provider": "CPUExecutionProvider"}, 1)
        buckets = [
            sample
            for sample in families["facever_request_seconds"].samples
            if sample.labels["route"] == PATTERN + "extract"
        ]
        counts = [sample.value for sample in buckets if sample.name.endswith("_bucket")]
        assert counts == sorted(counts)
        assert counts[-1] == next(sample.value for sample in buckets if sample.name.endswith("_count"))

    def test_unknown_paths_add_no_series(self, server: Server) -> None:
        before = len(server.call("GET", "/metrics").body.splitlines())
        for number in range(20):
            server.call("GET", f"/made-up-{number}")
        assert len(server.call("GET", "/metrics").body.splitlines()) <= before + 25  # one route's histogram at most
        assert metric(server, 'facever_requests_total{code="BPE-002006",route="other",status="404"}') >= 20

    def test_an_unknown_outcome_is_counted_as_other(self) -> None:
        metrics = Metrics(TABLE.labels, TABLE.outcomes)
        metrics.request("/version", 418, "BPE-009999", 0.1)
        assert list(metrics.requests()) == [("/version", OTHER, 1)]

    def test_each_path_of_the_app_is_in_the_endpoint_table(self) -> None:
        app = create_app(Settings(), Mock(infos=(), backend=Mock(providers=())))
        served = {resource.canonical for resource in app.router.resources()}
        assert {path for path in served if "tail" not in path} == set(TABLE.paths)
        assert [row.path for row in TABLE.endpoints if row.lane is Lane.COMPARISON] == [
            f"{PATTERN_PREFIX}/compare",
            f"{PATTERN_PREFIX}/compare_n",
        ]


class TestProbes:
    def test_live_and_ready(self, server: Server) -> None:
        for path in ("/livez", "/readyz"):
            answer = server.call("GET", path)
            assert (answer.status, answer.json()) == (200, {"status": 0, "message": ""})
            assert server.call("HEAD", path).status == 200
            assert server.call("POST", path, b"x").code == "BPE-002002"

    @pytest.mark.parametrize("arguments", [(), ("--workers", "2")])
    def test_a_stopping_server_is_not_ready_and_finishes_requests(
        self, arguments: tuple[str, ...], astronaut: bytes
    ) -> None:
        with Server(*arguments, threads="1", drain_seconds="3") as running:
            kept = http.client.HTTPConnection("127.0.0.1", running.port, timeout=WAIT)
            kept.request("GET", "/readyz")
            assert kept.getresponse().read() == b'{"status": 0, "message": ""}'
            running.process.send_signal(signal.SIGTERM)
            while True:
                kept.request("GET", "/readyz")
                response = kept.getresponse()
                body = response.read()
                if response.status == 503:
                    break
            assert b"stopping" in body
            assert running.extract(astronaut).status == 200  # a client that does not know of the stop is served
            kept.close()
            assert running.stop() == 0
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", running.port))


class TestWorkers:
    def test_they_respond_alike_and_count_together(self, server: Server, astronaut: bytes, stranger: bytes) -> None:
        template = server.template(astronaut)
        alone = server.extract(astronaut).body, server.extract(stranger).body
        with Server("--workers", "2", threads="1") as running:

            def one(number: int) -> bool:
                match number % 3:
                    case 0:
                        return running.extract(astronaut).body == alone[0]
                    case 1:
                        return running.extract(stranger).body == alone[1]
                parts = [image_part("sample", astronaut), template_part("bio_template", template)]
                return b'"score": 1.0' in running.post("verify", parts).body

            with ThreadPoolExecutor(8) as pool:
                assert all(pool.map(one, range(60)))
            pids = {line.split()[2] for line in running.logged("POST")}
            assert len(pids) == 2
            total = f'facever_requests_total{{code="",route="{PATTERN}extract",status="200"}}'
            assert metric(running, total) == 40
            assert metric(running, "facever_workers") == 2
            assert until(running, 'facever_stage_seconds_count{stage="embed"}', 60) == 60
            # A worker that dies is replaced, and its counts remain.
            first = children(running.process.pid)
            os.kill(first[0], signal.SIGKILL)
            deadline = time.monotonic() + WAIT
            while not (set(children(running.process.pid)) - set(first)) and time.monotonic() < deadline:
                time.sleep(0.02)
            with ThreadPoolExecutor(8) as pool:
                assert all(pool.map(one, range(12)))
            assert metric(running, total) == 48
            assert running.stop() == 0

    def test_they_write_no_files(self, astronaut: bytes) -> None:
        with Server("--workers", "2", threads="1") as running:
            assert running.extract(astronaut).status == 200
            for pid in (running.process.pid, *children(running.process.pid)):
                entries = [entry for entry in Path(f"/proc/{pid}/fd").iterdir() if int(entry.name) > 2]
                paths = [os.readlink(entry) for entry in entries]
                assert not [path for path in paths if path.startswith("/") and not path.startswith("/dev/")]

    def test_connections_are_distributed_among_them(self) -> None:
        with Server("--workers", "2", threads="1", log_format="json") as running:
            deadline = time.monotonic() + WAIT
            while len(running.logged("worker ready")) < 2 and time.monotonic() < deadline:
                time.sleep(0.02)
            clients = [http.client.HTTPConnection("127.0.0.1", running.port, timeout=WAIT) for _ in range(8)]
            for number, client in enumerate(clients):
                client.request("GET", "/version", headers={"X-Request-ID": f"spread-{number}"})
                assert client.getresponse().read()
            for number in range(len(clients)):
                assert running.logged(f"spread-{number}")
            pids = [json.loads(line)["pid"] for line in running.logged("spread-")]
            # A worker that is busy for a moment leaves a connection to the other one.
            assert sorted(pids.count(pid) for pid in set(pids)) in ([4, 4], [3, 5], [2, 6])
            for client in clients:
                client.close()


@pytest.mark.parametrize("arguments", [(), ("--workers", "2")])
@pytest.mark.parametrize("uvloop", ["true", "false"])
def test_both_event_loops_serve(arguments: tuple[str, ...], uvloop: str, astronaut: bytes) -> None:
    with Server(*arguments, threads="1", uvloop=uvloop) as running:
        assert running.extract(astronaut).status == 200
        assert running.stop() == 0


def test_inference_threads_have_a_lower_priority(astronaut: bytes) -> None:
    with Server(threads="2", inference_nice="5") as running:
        assert running.extract(astronaut).status == 200
        process = running.process.pid
        tasks = [int(task) for task in os.listdir(f"/proc/{process}/task")]
        own = os.getpriority(os.PRIO_PROCESS, process)
        assert min(19, own + 5) in [os.getpriority(os.PRIO_PROCESS, task) for task in tasks]


def test_there_are_no_core_dumps() -> None:
    with Server(preexec=lambda: resource.setrlimit(resource.RLIMIT_CORE, (10**6, 10**6))) as running:
        limits = Path(f"/proc/{running.process.pid}/limits").read_text()
        (row,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
        assert row.split()[4:6] == ["0", "0"]


def test_every_response_has_security_headers(server: Server, astronaut: bytes) -> None:
    for answer in (
        server.extract(astronaut),
        server.extract(b""),
        server.call("GET", "/nowhere"),
        server.call("GET", "/livez"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["server"] == "FaceVer"
