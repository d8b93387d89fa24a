"""Faults of the server, caused by a fake detector: 001001, 001002, health status 3 (docs/contract.md, Errors)."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import cv2
import pytest
from aiohttp.test_utils import TestServer

from faceVer.domain.errors import InferenceError, SetupError
from faceVer.domain.values import Face, Image
from faceVer.http.ops.health import HealthCheck
from faceVer.http.server.app import create_app
from faceVer.services.faces import FaceEngine
from faceVer.settings.model import Settings
from faceVer.vision.detection.detector import RELIABLE_SIDE

EXTRACT, HEALTH = "/v1/face/pattern/extract", "/v1/face/pattern/health"


class FailingDetector:
    reliable_side, aligner = RELIABLE_SIDE, None

    def __init__(self, error: Exception) -> None:
        self.error = error

    def detect(self, image: Image, size: int) -> list[Face]:
        raise self.error


def with_detector(engine: FaceEngine, settings: Settings, detector: Any) -> FaceEngine:
    return FaceEngine(dataclasses.replace(engine._models, detector=detector), settings)


def served(engine: FaceEngine, settings: Settings, work: Callable[[aiohttp.ClientSession, str], Awaitable[Any]]) -> Any:
    """Run `work` against the app in this process."""

    async def main() -> Any:
        async with TestServer(create_app(settings, engine)) as running, aiohttp.ClientSession() as session:
            return await work(session, str(running.make_url("")).rstrip("/"))

    return asyncio.run(main())


async def extract(session: aiohttp.ClientSession, url: str, photo: bytes) -> tuple[int, Any, Any]:
    async with session.post(url + EXTRACT, data=photo, headers={"Content-Type": "image/jpeg"}) as answer:
        return answer.status, await answer.json(), dict(answer.headers)


async def health(session: aiohttp.ClientSession, url: str) -> tuple[int, Any]:
    async with session.get(url + HEALTH) as answer:
        return answer.status, await answer.json()


def test_a_failing_runtime_is_a_tfss_error(
    engine: FaceEngine, settings: Settings, astronaut: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    broken = with_detector(engine, settings, FailingDetector(InferenceError("out of memory at 0xdead")))

    async def work(session: aiohttp.ClientSession, url: str) -> Any:
        return await extract(session, url, astronaut), await health(session, url)

    with caplog.at_level("INFO"):
        (status, body, headers), (health_status, health_body) = served(broken, settings, work)
    assert (status, body) == (400, {"code": "BPE-001002", "message": "TFSS error. Call the health method"})
    assert (health_status, health_body["status"]) == (503, 3)
    assert "InferenceError" in health_body["message"]
    assert "0xdead" not in str(health_body) + str(body)
    assert headers["X-Request-ID"]
    assert "out of memory" in caplog.text


def test_a_defect_is_500_without_details(
    engine: FaceEngine, settings: Settings, astronaut: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    broken = with_detector(engine, settings, FailingDetector(ZeroDivisionError("secret state")))

    async def work(session: aiohttp.ClientSession, url: str) -> Any:
        return await extract(session, url, astronaut)

    status, body, headers = served(broken, settings, work)
    assert (status, body) == (500, {"code": "BPE-001001", "message": "Internal bioprocessor error"})
    assert "secret" not in str(body) + str(headers)
    assert "ZeroDivisionError" in caplog.text


def no_thread(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_a_running_server_needs_no_further_thread(
    engine: FaceEngine, settings: Settings, astronaut: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(session: aiohttp.ClientSession, url: str) -> Any:
        monkeypatch.setattr(threading.Thread, "start", no_thread)
        return await extract(session, url, b"junk"), await health(session, url)

    (status, body, _), well = served(engine, settings.changed(health_ttl=0.0), work)
    assert (status, body["code"]) == (400, "BPE-002003")
    assert well == (200, {"status": 0, "message": ""})


def test_a_server_whose_threads_cannot_start_does_not_start(
    engine: FaceEngine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    with pytest.raises(SetupError, match="too few threads"):
        served(engine, settings, health)


@pytest.mark.parametrize("error", [MemoryError(), OSError(24, "Too many open files"), cv2.error("Insufficient memory")])
def test_want_of_what_the_system_gives_is_an_overload_that_ends(
    engine: FaceEngine, settings: Settings, astronaut: bytes, error: Exception
) -> None:
    """More failures than a lane has calls; afterwards each request has its slot, and health is good again."""
    detector = FailingDetector(error)
    broken = with_detector(engine, settings, detector)
    changed = settings.changed(threads=1, max_queue=0, health_ttl=60.0)

    async def work(session: aiohttp.ClientSession, url: str) -> list[Any]:
        answers = [await extract_template(session, url, astronaut) for _ in range(4)]
        sick, detector.detect = await health(session, url), engine.detector.detect  # type: ignore[method-assign]
        return [*answers, sick, await extract_template(session, url, astronaut), await health(session, url)]

    *rejected, sick, accepted, well = served(broken, changed, work)
    assert rejected == [(503, b"BPE-001003", "1")] * 4
    assert (sick[0], sick[1]["status"]) == (503, 3)
    assert accepted == (200, engine.extract(astronaut), None)
    assert well == (200, {"status": 0, "message": ""})


async def extract_template(session: aiohttp.ClientSession, url: str, photo: bytes) -> tuple[int, bytes, str | None]:
    """(status, template or code, Retry-After)."""
    async with session.post(url + EXTRACT, data=photo, headers={"Content-Type": "image/jpeg"}) as answer:
        body = await answer.read()
        result = body if answer.status == 200 else json.loads(body)["code"].encode()
        return answer.status, result, answer.headers.get("Retry-After")


class TestHealthCheck:
    def test_results_are_reused_and_shared(self) -> None:
        runs: list[int] = []

        async def main() -> None:
            check = HealthCheck("pattern", lambda: runs.append(1), ttl=60, timeout=5)
            assert await asyncio.gather(*(check.fault() for _ in range(10))) == [""] * 10
            assert await check.fault() == ""
            check.close()

        asyncio.run(main())
        assert len(runs) == 1

    def test_a_check_that_hangs_is_reported_and_not_repeated(self) -> None:
        go, runs = threading.Event(), []

        def hang() -> None:
            runs.append(1)
            go.wait(30)

        async def main() -> None:
            check = HealthCheck("pattern", hang, ttl=0, timeout=0.05)
            for _ in range(5):
                assert "did not answer within" in await check.fault()
            go.set()
            for _ in range(1000):
                if not await check.fault():
                    break
                await asyncio.sleep(0.01)
            assert await check.fault() == ""
            check.close()

        asyncio.run(main())
        assert len(runs) <= 2

    def test_it_recovers(self) -> None:
        broken = [True]

        def probe() -> None:
            if broken:
                raise InferenceError("no")

        async def main() -> None:
            check = HealthCheck("pattern", probe, ttl=0, timeout=5)
            assert await check.fault()
            broken.clear()
            assert await check.fault() == ""
            check.close()

        asyncio.run(main())
