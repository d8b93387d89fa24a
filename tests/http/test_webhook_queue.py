"""The sender's queue: what it accepts, what it drops, what it does when the server stops."""

from __future__ import annotations

import asyncio
import logging

import pytest
from aiohttp import web

from faceVer.domain.errors import SettingsError
from faceVer.http.pipeline.webhooks import PER_HOST, WebhookSender
from faceVer.jobs.retry_plan import RetryPlan
from faceVer.jobs.webhook_client import Delivery
from faceVer.jobs.webhook_policy import WebhookPolicy
from faceVer.settings.model import Settings
from tests.http.support_webhook import BODY, Receiver, delivery, run, sender_to


@pytest.fixture(autouse=True)
def _all_log_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "faceVer")


def test_a_full_queue_drops_documents(caplog: pytest.LogCaptureFixture) -> None:
    gate = asyncio.Event()

    async def wait(_: web.Request) -> web.StreamResponse:
        await gate.wait()
        return web.Response()

    async def scenario(receiver: Receiver, port: int) -> None:
        sender = sender_to(port, queue=1, attempts=1)
        await sender.start()
        assert sender.submit(delivery(port))
        await receiver.arrived.acquire()
        assert sender.submit(delivery(port, folder="folder-2"))
        assert not sender.submit(delivery(port, folder="folder-3"))
        gate.set()
        await sender.close(30)

    receiver = run(scenario, lambda: Receiver(respond=wait))
    assert [headers["X-FaceVer-Folder"] for _, headers, _ in receiver.requests] == ["folder-1", "folder-2"]
    assert "webhook dropped: the queue is full: folder=folder-3 request=request-1" in caplog.text


def test_held_bytes_are_limited_and_released() -> None:
    async def scenario(receiver: Receiver, port: int) -> None:
        sender = sender_to(port, max_held=2 * len(BODY), attempts=1)
        await sender.start()
        assert sender.submit(delivery(port))
        assert sender.submit(delivery(port))
        assert not sender.submit(delivery(port))
        await receiver.arrived.acquire()
        await receiver.arrived.acquire()  # one attempt at a time: the second arrives when the first has ended
        assert sender.submit(delivery(port))
        await sender.close(30)

    assert len(run(scenario).requests) == 3


def test_a_receiver_that_hangs_delays_only_its_own_documents() -> None:
    gate = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.host.startswith("slow"):
            await gate.wait()
        return web.Response()

    async def scenario(receiver: Receiver, port: int) -> None:
        sender = sender_to(port, f"*.test:{port}", attempts=PER_HOST + 1)
        await sender.start()
        for number in range(10):
            assert sender.submit(delivery(port, "slow.test", folder=f"slow-{number}"))
        assert sender.submit(delivery(port, "well.test", folder="well"))
        for _ in range(PER_HOST + 1):
            await receiver.arrived.acquire()
        folders = sorted(headers["X-FaceVer-Folder"] for _, headers, _ in receiver.requests)
        assert folders == ["slow-0", "slow-1", "well"]
        gate.set()
        await sender.close(30)

    assert len(run(scenario, lambda: Receiver(respond=answer)).requests) == 11


def test_a_pause_between_attempts_delays_no_other_document() -> None:
    async def scenario(_: Receiver, port: int) -> None:
        sender = sender_to(port, attempts=1, plan=RetryPlan(3, 60.0, base=0.5))
        await sender.start()
        assert sender.submit(delivery(port, folder="first"))
        assert sender.submit(delivery(port, folder="second"))
        await sender.close(30)

    folders = [headers["X-FaceVer-Folder"] for _, headers, _ in run(scenario, lambda: Receiver(503, 200)).requests]
    assert folders == ["first", "second", "first"]


def test_close_waits_for_deliveries_and_accepts_no_more(caplog: pytest.LogCaptureFixture) -> None:
    gate = asyncio.Event()

    async def wait(_: web.Request) -> web.StreamResponse:
        await gate.wait()
        return web.Response()

    async def scenario(receiver: Receiver, port: int) -> None:
        sender = sender_to(port, attempts=1)
        await sender.start()
        assert sender.submit(delivery(port))
        assert sender.submit(delivery(port))
        closing = asyncio.create_task(sender.close(30))
        await receiver.arrived.acquire()
        assert not closing.done()
        assert not sender.submit(delivery(port))
        gate.set()
        await closing
        await sender.close()

    assert len(run(scenario, lambda: Receiver(respond=wait)).requests) == 2
    assert "lost" not in caplog.text


def test_what_the_grace_period_does_not_deliver_is_logged_as_lost(caplog: pytest.LogCaptureFixture) -> None:
    async def never(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    async def scenario(receiver: Receiver, port: int) -> None:
        sender = sender_to(port, attempts=1, grace=0.0)
        await sender.start()
        for n in range(3):
            assert sender.submit(delivery(port, folder=f"folder-{n}"))
        await receiver.arrived.acquire()
        await sender.close()

    run(scenario, lambda: Receiver(respond=never))
    lost = sorted(record.getMessage() for record in caplog.records if "webhook lost" in record.getMessage())
    assert [f"folder=folder-{n} request=request-1" in line for n, line in enumerate(lost)] == [True] * 3


def test_a_defect_ends_only_its_delivery(caplog: pytest.LogCaptureFixture) -> None:
    def clock() -> float:
        if not caplog.records:
            raise ZeroDivisionError
        return 1000.0

    async def scenario(_: Receiver, port: int) -> None:
        sender = sender_to(port, attempts=1, secret="s", clock=clock)
        await sender.start()
        assert sender.submit(delivery(port, folder="folder-1"))
        assert sender.submit(delivery(port, folder="folder-2"))
        await sender.close(30)

    caplog.set_level(logging.ERROR, "asyncio")
    assert [headers["X-FaceVer-Folder"] for _, headers, _ in run(scenario).requests] == ["folder-2"]
    assert "webhook failed: ZeroDivisionError: folder=folder-1" in caplog.text


def test_hosts_that_are_not_allowed(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        sender = sender_to(80, "*.hook.test")
        assert not sender.submit(delivery(80))
        assert not sender.submit(delivery(80, "a.hook.test"))  # allowed, but the sender is not started
        await sender.close()
        assert not WebhookSender(WebhookPolicy()).submit(delivery(80))

    asyncio.run(main())
    assert "webhook refused: host or port is not on the allow-list: folder=folder-1" in caplog.text
    assert "webhook dropped: the sender is not running" in caplog.text
    assert [record.levelname for record in caplog.records if "no host is allowed" in record.message] == ["DEBUG"]


def test_from_settings() -> None:
    async def main() -> None:
        settings = Settings.of(webhook_hosts=("*.example.org",), webhook_secret="s", webhook_queue=1)
        sender = WebhookSender.of(settings)
        await sender.start()
        assert sender.submit(Delivery("https://a.example.org/", b"{}", "f", "r"))
        assert not sender.submit(Delivery("http://a.example.org/", b"{}", "f", "r"))
        await sender.close(0)
        with pytest.raises(SettingsError):
            WebhookSender.of(Settings.of(webhook_hosts=("*",)))

    asyncio.run(main())
