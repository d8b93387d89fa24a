"""Admission: capacity, deadlines, API keys, rate limits."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from faceVer import cli
from faceVer.domain.errors import DeadlineError, RateLimitError, SettingsError
from faceVer.domain.values import Face, Image
from faceVer.http.pipeline import authentication
from faceVer.http.pipeline.executor import InferenceExecutor
from faceVer.http.pipeline.rate_limit import MAX_CLIENTS, RateLimit, network
from faceVer.http.server.app import create_app
from faceVer.observability.timings import Trace, current, stage
from faceVer.services.faces import FaceEngine
from faceVer.settings.model import Settings
from faceVer.vision.detection.detector import RELIABLE_SIDE
from tests.support_server import JPEG, PATTERN, Server, form, image_part, template_part

KEY, LINE = authentication.new_key("one")
OTHER, OTHER_LINE = authentication.new_key("two")
FORM = {"Content-Type": "multipart/form-data; boundary=72468"}


class BlockedDetector:
    """A detector that waits for `release`."""

    def __init__(self, real: Any) -> None:
        self.real, self.release, self.started = real, threading.Event(), threading.Event()

    def detect(self, image: Image, size: int) -> list[Face]:
        self.started.set()
        self.release.wait(60)
        return self.real.detect(image, size)  # type: ignore[no-any-return]

    reliable_side, aligner = RELIABLE_SIDE, None


Work = Callable[[aiohttp.ClientSession, str, BlockedDetector], Awaitable[None]]


def with_blocked_detector(engine: FaceEngine, work: Work, **settings: Any) -> None:
    """Run `work` with an app in which every inference waits for the detector's `release`."""
    detector = BlockedDetector(engine.detector)
    changed = Settings.of(threads=1, **settings)
    blocked_engine = FaceEngine(dataclasses.replace(engine._models, detector=detector), changed)

    async def main() -> None:
        async with TestServer(create_app(changed, blocked_engine)) as running, aiohttp.ClientSession() as session:
            try:
                await work(session, str(running.make_url("")).rstrip("/"), detector)
            finally:
                detector.release.set()

    asyncio.run(main())


async def post(session: aiohttp.ClientSession, url: str, name: str, data: Any, headers: Any) -> tuple[int, str]:
    async with session.post(url + PATTERN + name, data=data, headers=headers) as response:
        body = await response.read()
        return response.status, (re.findall(rb'"code": "([^"]*)"', body) or [b""])[0].decode()


class TestLoad:
    def test_a_full_lane_rejects_before_the_body_while_comparisons_and_probes_continue(
        self, engine: FaceEngine, astronaut: bytes
    ) -> None:
        template = engine.extract(astronaut)
        pair = form([template_part("bio_feature", template), template_part("bio_template", template)])

        async def work(session: aiohttp.ClientSession, url: str, detector: BlockedDetector) -> None:
            first = asyncio.create_task(post(session, url, "extract", astronaut, JPEG))
            await asyncio.to_thread(detector.started.wait, 30)
            host, port = url.removeprefix("http://").split(":")
            for expect in (b"", b"Expect: 100-continue\r\n"):
                reader, writer = await asyncio.open_connection(host, int(port))
                writer.write(
                    b"POST /v1/face/pattern/extract HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
                    b"Content-Length: 100000\r\n" + expect + b"\r\n"
                )
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
                assert b" 503 " in head.splitlines()[0]
                assert b"Retry-After: 1" in head
                writer.close()
            for _ in range(5):
                assert await post(session, url, "compare", pair, FORM) == (200, "")
            for path in ("/version", "/livez", "/metrics"):
                async with session.get(url + path) as response:
                    text = await response.text()
                    assert response.status == 200
            assert 'facever_overloads_total{reason="queue"} 2.0' in text
            assert 'facever_in_flight{lane="inference"} 1.0' in text
            detector.release.set()
            assert (await first)[0] == 200

        with_blocked_detector(engine, work, max_queue=0)

    def test_large_comparisons_do_not_wait_behind_images(self, engine: FaceEngine, astronaut: bytes) -> None:
        template = engine.extract(astronaut)
        many = form([template_part("template_1", template), *[template_part("templates_n", template)] * 100])

        async def work(session: aiohttp.ClientSession, url: str, detector: BlockedDetector) -> None:
            first = asyncio.create_task(post(session, url, "extract", astronaut, JPEG))
            await asyncio.to_thread(detector.started.wait, 30)
            assert (await post(session, url, "compare_n", many, FORM))[0] == 200
            detector.release.set()
            assert (await first)[0] == 200

        with_blocked_detector(engine, work)


class TestDeadline:
    def test_a_request_past_its_deadline_is_503_and_its_work_is_dropped(
        self, engine: FaceEngine, astronaut: bytes
    ) -> None:
        many = form([image_part("sample_1", astronaut), *[image_part("samples_n", astronaut)] * 5])

        async def work(session: aiohttp.ClientSession, url: str, detector: BlockedDetector) -> None:
            assert await post(session, url, "extract_and_compare_n", many, FORM) == (503, "BPE-001003")
            async with session.get(url + "/metrics") as response:
                assert 'facever_overloads_total{reason="time"} 1.0' in await response.text()
            detector.release.set()
            for _ in range(100):  # of the five images only the one that has been started still occupies the thread
                outcome = await post(session, url, "extract", astronaut, JPEG)
                if outcome[0] == 200:
                    break
            assert outcome == (200, "")

        with_blocked_detector(engine, work, request_timeout=0.3)

    def test_the_deadline_includes_the_body(self) -> None:
        with Server(threads="1", request_timeout="0.3") as running:
            headers = {**JPEG, "Content-Length": "100"}
            response = running.call("POST", PATTERN + "extract", b"x", headers)
            assert (response.status, response.code) == (503, "BPE-001003")
            assert response.headers["retry-after"] == "1"

    def test_a_thread_stops_between_two_stages_when_the_request_has_finished(self) -> None:
        ended, started = threading.Event(), threading.Event()

        def work() -> None:
            try:
                while True:
                    with stage("decode"):
                        started.set()
            except DeadlineError:
                ended.set()
                raise

        async def main() -> None:
            executor = InferenceExecutor(1, 0)
            trace = Trace()
            current.set(trace)
            task = asyncio.create_task(executor.run(work))
            await asyncio.to_thread(started.wait, 30)
            trace.finished = True
            with pytest.raises(DeadlineError):
                await task
            with pytest.raises(DeadlineError):  # a call of that request that was still waiting does not start
                await executor.run(started.clear)
            executor.close()

        asyncio.run(main())
        assert ended.is_set()
        assert started.is_set()


@contextmanager
def server_with_keys(**settings: str) -> Iterator[Server]:
    """A server that requires an API key."""
    with Server(threads="1", api_keys=f"{LINE}, {OTHER_LINE}", **settings) as running:
        yield running


@pytest.fixture(scope="module")
def keyed_server() -> Iterator[Server]:
    with server_with_keys() as running:
        yield running


class TestKeys:
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Authorization": f"Basic {KEY}"},
            {"Authorization": KEY},
            {"Authorization": "Bearer"},
            {"Authorization": f"Bearer {KEY}x"},
            {"Authorization": f"Bearer {KEY[:-1]}"},
            {"X-API-Key": LINE},
            {"X-API-Key": LINE.partition(":")[2]},
            {"X-API-Key": ""},
            {"X-API-Key": "\xe9\xff"},
            {"X-API-Key": "x" * 5000},
            {"X-API-Key": "wrong", "Authorization": f"Bearer {KEY}"},
        ],
    )
    def test_a_missing_or_wrong_key_is_401(
        self, keyed_server: Server, astronaut: bytes, headers: dict[str, str]
    ) -> None:
        response = keyed_server.extract(astronaut, {**JPEG, **headers})
        assert (response.status, response.code) == (401, "BPE-002008")
        assert response.json()["message"] == "API key missing or wrong"
        assert response.headers["www-authenticate"].startswith("Bearer")
        assert response.headers["x-request-id"]

    @pytest.mark.parametrize(
        ("headers", "name"),
        [
            ({"Authorization": f"Bearer {KEY}"}, "one"),
            ({"Authorization": f"bearer  {KEY}"}, "one"),
            ({"X-API-Key": KEY}, "one"),
            ({"X-API-Key": OTHER}, "two"),
        ],
    )
    def test_a_right_key_is_accepted_and_the_log_has_only_its_name(
        self, keyed_server: Server, astronaut: bytes, headers: dict[str, str], name: str
    ) -> None:
        response = keyed_server.extract(astronaut, {**JPEG, **headers})
        assert response.status == 200
        (line,) = keyed_server.logged(response.headers["x-request-id"])
        assert line.rstrip().endswith(f"key={name}")
        assert KEY not in line
        assert LINE.partition(":")[2] not in "".join(keyed_server.log)

    def test_each_api_family_reports_key_errors_in_its_format(self, keyed_server: Server) -> None:
        assert keyed_server.call("POST", "/v1/face/liveness/detect", b"x", JPEG).code == "LDE-002008"
        for code, headers in ((6, {}), (7, {"X-Forensic-Access-Token": "wrong"}), (7, {"X-API-Key": "wrong"})):
            folder = keyed_server.call("POST", "/api/instant/folders/", b"x", headers)
            assert (folder.status, folder.json()) == (
                401,
                {"error_code": code, "error_message": "API key missing or wrong", "details": None},
            )
        admitted = keyed_server.call("POST", "/api/instant/folders/", b"x", {"X-Forensic-Access-Token": KEY})
        assert (admitted.status, admitted.json()["error_code"]) == (400, 5)
        assert keyed_server.call("GET", "/nowhere").status == 401

    def test_probes_metrics_and_preflights_need_no_key(self, keyed_server: Server) -> None:
        for path in ("/version", "/livez", "/readyz", "/metrics", PATTERN + "health", "/v1/face/liveness/health"):
            assert keyed_server.call("GET", path).status == 200
        preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
        response = keyed_server.call("OPTIONS", PATTERN + "extract", headers=preflight)
        assert response.status == 204
        assert "X-API-Key" in response.headers["access-control-allow-headers"]

    def test_metrics_need_a_key_if_the_setting_says_so(self) -> None:
        with server_with_keys(metrics_key="true") as running:
            assert running.call("GET", "/metrics").status == 401
            assert running.call("GET", "/metrics", headers={"X-API-Key": KEY}).status == 200

    @pytest.mark.parametrize(
        "entry",
        ["x", "a:b", "a:" + "0" * 63, "a b:" + "0" * 64, LINE + "0"],
        ids=["no colon", "no hash", "short", "blank in the name", "long"],
    )
    def test_a_malformed_entry_is_an_error_that_does_not_quote_it(self, entry: str) -> None:
        with pytest.raises(SettingsError, match="entry 1") as caught:
            authentication.Keys([entry])
        assert entry.partition(":")[2] not in str(caught.value) or entry == "x"

    def test_keys_new_prints_a_key_and_its_entry(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.main(["keys", "new", "mobile"]) == 0
        key, line = re.findall(r"(fv_\S+)|(mobile:[0-9a-f]{64})", capsys.readouterr().out)
        assert authentication.Keys([line[1]]).owner({"X-API-Key": key[0]}) == "mobile"
        assert cli.main(["keys", "new", "not a name"]) == 1


def test_a_server_open_to_the_network_without_keys_warns() -> None:
    with Server("--host", "0.0.0.0", threads="1") as running:  # the last --host counts
        assert running.logged("WARNING .* without FACEVER_API_KEYS")
    with Server(threads="1") as running:
        assert not [line for line in running.log if "WARNING" in line]


class TestRate:
    def test_a_bucket_empties_and_refills(self) -> None:
        now = [0.0]
        limit = RateLimit(2, 3, lambda: now[0])
        for _ in range(3):
            limit.spend("a")
        with pytest.raises(RateLimitError) as caught:
            limit.spend("a")
        assert caught.value.seconds == pytest.approx(0.5)
        limit.spend("b")
        now[0] = 0.5
        limit.spend("a")
        with pytest.raises(RateLimitError):
            limit.spend("a")
        now[0] = 100
        for _ in range(3):
            limit.spend("a")
        with pytest.raises(RateLimitError):
            limit.spend("a")

    def test_the_number_of_buckets_is_limited(self) -> None:
        limit = RateLimit(1, 1, lambda: 0.0)
        for number in range(MAX_CLIENTS + 10):
            limit.spend(str(number))
        assert len(limit._buckets) <= MAX_CLIENTS
        with pytest.raises(RateLimitError):
            limit.spend(str(MAX_CLIENTS))
        limit.spend("0")

    @pytest.mark.parametrize(
        ("address", "client"),
        [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8::1", "2001:db8::/64"),
            ("2001:db8::ffff:1", "2001:db8::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            ("", ""),
        ],
    )
    def test_an_address_belongs_to_one_client(self, address: str, client: str) -> None:
        assert network(address) == client

    def test_a_client_above_the_rate_gets_retry_after(self) -> None:
        with server_with_keys(rate_limit="0.01", rate_burst="2") as running:
            responses = [running.call("GET", "/nowhere", headers={"X-API-Key": KEY}) for _ in range(3)]
            assert [response.status for response in responses] == [404, 404, 503]
            assert responses[2].code == "BPE-001003"
            assert 1 < int(responses[2].headers["retry-after"]) <= 100
            assert running.call("GET", "/nowhere", headers={"X-API-Key": OTHER}).status == 404
            assert running.call("GET", "/version").status == 200
