"""Webhooks with the real client and a real server on the loopback interface: what arrives, and what does not."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from pathlib import Path

import pytest
from aiohttp import web

from faceVer.http.pipeline import webhooks
from faceVer.http.pipeline.webhooks import WebhookSender
from faceVer.jobs.retry_plan import RetryPlan
from faceVer.jobs.webhook_policy import WebhookPolicy, is_public, verify
from tests.http.support_webhook import BODY, Names, Receiver, certificate, deliver, delivery, run, sender_to, serving


@pytest.fixture(autouse=True)
def _all_log_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "faceVer")


def test_a_document_arrives_signed(caplog: pytest.LogCaptureFixture) -> None:
    receiver = deliver(secret="s3cret")
    ((path, headers, body),) = receiver.requests
    assert (path, body) == ("/in/token?key=private", BODY)
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Request-ID"] == "request-1"
    assert headers["X-FaceVer-Folder"] == "folder-1"
    assert headers["User-Agent"].startswith("FaceVer/")
    assert verify("s3cret", headers["X-FaceVer-Signature"], body, time.time())
    assert not verify("other", headers["X-FaceVer-Signature"], body, time.time())
    assert "webhook delivered" in caplog.text
    assert "folder=folder-1 request=request-1 host=hook.test" in caplog.text
    for private in ("token", "private", "secret-face", "s3cret"):
        assert private not in caplog.text


def test_without_a_secret_there_is_no_signature() -> None:
    assert "X-FaceVer-Signature" not in deliver().requests[0][1]


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_temporary_errors_are_retried(status: int, caplog: pytest.LogCaptureFixture) -> None:
    assert len(deliver(lambda: Receiver(status, 200)).requests) == 2
    assert f"status {status}" in caplog.text
    assert "webhook delivered: status 200: attempt=2" in caplog.text


def test_each_attempt_has_a_signature_of_its_own() -> None:
    times = iter([1000.0, 2000.0])
    receiver = deliver(lambda: Receiver(500, 200), secret="s", clock=lambda: next(times))
    assert [headers["X-FaceVer-Signature"].split(",")[0] for _, headers, _ in receiver.requests] == ["t=1000", "t=2000"]


def test_attempts_are_limited(caplog: pytest.LogCaptureFixture) -> None:
    assert len(deliver(lambda: Receiver(500)).requests) == 3
    assert "webhook given up: status 500: attempts=3" in caplog.text


def test_a_pause_past_the_deadline_is_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    receiver = deliver(lambda: Receiver(503, headers={"Retry-After": "9999"}))
    assert len(receiver.requests) == 1
    assert "webhook given up" in caplog.text


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_a_refusal_is_final(status: int, caplog: pytest.LogCaptureFixture) -> None:
    assert len(deliver(lambda: Receiver(status)).requests) == 1
    assert f"webhook refused: status {status}" in caplog.text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_refused(status: int, caplog: pytest.LogCaptureFixture) -> None:
    receiver = deliver(lambda: Receiver(status, 200, headers={"Location": "/elsewhere"}))
    assert [path for path, _, _ in receiver.requests] == ["/in/token?key=private"]
    assert "webhook refused: redirect" in caplog.text


@pytest.mark.parametrize("host", ["hook.test", "127.0.0.1", "localhost"])
def test_private_addresses_are_refused_by_the_real_policy(host: str, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(_: Receiver, port: int) -> None:
        policy = WebhookPolicy.of([f"{host}:{port}"], allow_http=True)
        sender = WebhookSender(policy, resolver=Names() if host == "hook.test" else None)
        await sender.start()
        assert sender.submit(delivery(port, host))
        await sender.close(30)

    assert run(scenario).requests == []
    assert "webhook refused: the address is not a public one: attempt=1" in caplog.text


@pytest.mark.parametrize("answer", [["::1"], ["::ffff:127.0.0.1"], ["10.0.0.1", "169.254.169.254"]])
def test_private_answers_of_a_name_server_are_refused(answer: list[str], caplog: pytest.LogCaptureFixture) -> None:
    assert deliver(resolver=Names(answer), allowed=is_public).requests == []
    assert "webhook refused: the address is not a public one: attempt=1" in caplog.text


def test_a_name_that_moves_between_attempts_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    names = Names(["127.0.0.1"], ["127.0.0.2"])  # the server listens on both
    receiver = deliver(lambda: Receiver(500, 200), host="0.0.0.0", resolver=names)
    assert (len(receiver.requests), names.lookups) == (1, 2)
    assert "webhook refused: the address is not a public one: attempt=2" in caplog.text


def test_of_several_addresses_only_an_allowed_one_is_used() -> None:
    receiver = deliver(host="0.0.0.0", resolver=Names(["127.0.0.2", "127.0.0.1"]))
    assert [headers["Host"].split(":")[0] for _, headers, _ in receiver.requests] == ["hook.test"]


def test_a_closed_port_is_retried(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        sender = sender_to(port)
        await sender.start()
        assert sender.submit(delivery(port))
        await sender.close(30)

    asyncio.run(main())
    assert "webhook given up: ClientConnectorError: attempts=3" in caplog.text


def test_a_silent_receiver_is_retried(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "ATTEMPT_TIMEOUT", 0.1)

    async def never(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    assert len(deliver(lambda: Receiver(respond=never), plan=RetryPlan(2, 60.0, base=0.01)).requests) == 2
    assert "webhook given up" in caplog.text


def test_the_body_of_the_response_is_not_read(caplog: pytest.LogCaptureFixture) -> None:
    stopped = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65_536)
        except OSError:  # only the client ends it, by closing the connection
            stopped.set()
        return response

    async def scenario(_: Receiver, port: int) -> None:
        sender = sender_to(port)
        await sender.start()
        assert sender.submit(delivery(port))
        await sender.close(30)
        await stopped.wait()

    run(scenario, lambda: Receiver(respond=endless))
    assert "webhook delivered: status 200" in caplog.text


@pytest.mark.parametrize(
    ("trusted", "host", "arrives"),
    [(True, "hook.test", True), (True, "other.test", False), (False, "hook.test", False)],
)
def test_certificates_are_verified(
    trusted: bool, host: str, arrives: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server, client = certificate(tmp_path)

    async def main() -> int:
        receiver = Receiver()
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the receiver logs the failed handshake
        async with serving(receiver, server) as port:
            plan = RetryPlan(2, 60.0, base=0.01)
            sender = sender_to(port, f"{host}:{port}", tls=client if trusted else None, plan=plan)
            await sender.start()
            assert sender.submit(delivery(port, host, "https"))
            await sender.close(30)
        return len(receiver.requests)

    assert asyncio.run(main()) == int(arrives)
    assert ("webhook delivered" in caplog.text) is arrives
    assert ("ClientConnectorCertificateError" in caplog.text) is not arrives
