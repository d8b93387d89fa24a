"""A webhook receiver on the loopback interface, name lookups by script, and a sender that may reach it."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from faceVer.http.pipeline.webhooks import WebhookSender
from faceVer.jobs.retry_plan import RetryPlan
from faceVer.jobs.webhook_client import Delivery
from faceVer.jobs.webhook_policy import WebhookPolicy

BODY = b'{"folder_id": "f", "media": [{"original_name": "secret-face.mp4"}]}'
Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Receiver:
    """Answers with the statuses of a script, the last one repeatedly; keeps what it got."""

    def __init__(self, *statuses: int, headers: dict[str, str] | None = None, respond: Respond | None = None) -> None:
        self.statuses, self.headers, self.respond = list(statuses) or [200], headers or {}, respond
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.arrived = asyncio.Semaphore(0)  # one for each request

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.path_qs, dict(request.headers), await request.read()))
        self.arrived.release()
        if self.respond:
            return await self.respond(request)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return web.Response(status=status, headers=self.headers)


@asynccontextmanager
async def serving(receiver: Receiver, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    with socket.create_server((host, 0)) as listener:
        await web.SockSite(runner, listener, ssl_context=tls).start()
        yield listener.getsockname()[1]
        await runner.cleanup()


class Names(AbstractResolver):
    """Resolves every name to the addresses of a script, the last ones repeatedly."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers) or [["127.0.0.1"]]
        self.lookups = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.lookups += 1
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": socket.IPPROTO_TCP,
                "flags": socket.AI_NUMERICHOST,
            }
            for address in addresses
        ]

    async def close(self) -> None:
        pass


def loopback(address: str) -> bool:
    return address == "127.0.0.1"


def sender_to(port: int, *hosts: str, **options: Any) -> WebhookSender:
    policy = WebhookPolicy.of(hosts or [f"hook.test:{port}"], allow_http=True)
    values: dict[str, Any] = {"allowed": loopback, "resolver": Names(), "rand": lambda: 0.0}
    return WebhookSender(policy, options.pop("plan", RetryPlan(3, 60.0, base=0.01)), **(values | options))


def delivery(port: int, host: str = "hook.test", scheme: str = "http", folder: str = "folder-1") -> Delivery:
    return Delivery(f"{scheme}://{host}:{port}/in/token?key=private", BODY, folder, "request-1")


def run(
    scenario: Callable[[Receiver, int], Awaitable[None]],
    make: Callable[[], Receiver] = Receiver,
    host: str = "127.0.0.1",
) -> Receiver:
    async def main() -> Receiver:
        receiver = make()
        async with serving(receiver, host=host) as port:
            await scenario(receiver, port)
        return receiver

    return asyncio.run(main())


def deliver(make: Callable[[], Receiver] = Receiver, *, host: str = "127.0.0.1", **options: Any) -> Receiver:
    """Send one document and wait until it is delivered or given up."""

    async def scenario(_: Receiver, port: int) -> None:
        sender = sender_to(port, **options)
        await sender.start()
        assert sender.submit(delivery(port))
        await sender.close(30)

    return run(scenario, make, host)


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a self-signed certificate of hook.test, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hook.test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("hook.test"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "cert.pem", folder / "key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(public, private)
    return server, ssl.create_default_context(cafile=str(public))
