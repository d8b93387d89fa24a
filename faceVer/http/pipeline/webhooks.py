"""Sends finished folder documents to their `resolution_endpoint`, in the background.

A request only ever hands a document over, and nothing that happens to it then reaches the client. Each document has a
task, of which there is a bounded number; a few attempts run at a time, fewer still to one host, and a pause between two
attempts holds up nobody else: a receiver that is down must not keep the others' documents. Every outcome is one log
line with the folder's and the request's id; documents, paths and query strings (receivers keep tokens there) are never
logged.

The address policy is applied where the socket is made, to the address it will be connected to, so neither a literal
address nor a name that resolves to another one a moment later gets past it. Redirects are not followed, proxies from
the environment are not used, certificates are verified, answers' bodies are not read.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import random
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Self
from weakref import WeakValueDictionary

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from faceVer import __version__
from faceVer.services.webhook_policy import (
    SIGNATURE_HEADER,
    Endpoint,
    Refused,
    RetryPlan,
    WebhookPolicy,
    is_public,
    is_retryable,
    sign,
)
from faceVer.settings.model import Settings

log = logging.getLogger(__name__)

ATTEMPTS, PER_HOST = 8, 2
"""Attempts under way at a time, and of them to one host."""
MAX_HELD = 64 * 1024 * 1024
"""Bytes of documents waiting or under way: best shots make them large, and a receiver may be down for minutes."""
ATTEMPT_TIMEOUT = 15.0
"""Seconds of one attempt, name lookup, connection and answer's head together."""
READ_BUFFER = 4096
"""Bytes of an answer held before its connection is closed unread."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One document to send. body: the JSON, as the client got it."""

    url: str
    body: bytes = field(repr=False)
    folder_id: str
    request_id: str


class _Job(NamedTuple):
    delivery: Delivery
    endpoint: Endpoint
    submitted: float  # seconds of the event loop's clock

    def __str__(self) -> str:
        return f"folder={self.delivery.folder_id} request={self.delivery.request_id} host={self.endpoint.host}"


class _Answer(NamedTuple):
    verdict: Literal["delivered", "retry", "refused"]
    reason: str
    asked: float = 0.0  # seconds the receiver asks to wait


class AddressRefusedError(OSError):
    """The host's address is not one the policy allows. One message for all, so that aiohttp does not merge them."""

    def __init__(self) -> None:
        super().__init__("address refused")


class WebhookSender:
    """`start()` it in the event loop it is used in, `submit()` documents, `close()` it before the loop ends.

    allowed: whether an address (as text) may be connected to. resolver, tls, rand, clock: for tests; the defaults are
    the system's name lookup and trusted authorities, `random.random`, and Unix seconds.
    """

    def __init__(
        self,
        policy: WebhookPolicy,
        plan: RetryPlan | None = None,
        *,
        secret: str = "",
        queue: int = 100,
        grace: float = 10.0,
        attempts: int = ATTEMPTS,
        max_held: int = MAX_HELD,
        allowed: Callable[[str], bool] = is_public,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
        rand: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._policy, self._plan, self._secret, self._grace = policy, plan or RetryPlan(), secret, grace
        self._attempts, self._max_held, self._held = attempts, max_held, 0
        self._allowed, self._resolver, self._tls, self._rand, self._clock = allowed, resolver, tls, rand, clock
        self._most = queue + attempts
        self._tasks: set[asyncio.Task[None]] = set()
        """One for each document that is waiting or under way."""
        self._slots = asyncio.Semaphore(attempts)
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The sender the settings ask for. Raises SettingsError for an unreadable allow-list."""
        return cls(
            WebhookPolicy.of(settings.webhooks.webhook_hosts, allow_http=settings.webhooks.webhook_http),
            RetryPlan(settings.webhooks.webhook_attempts, settings.webhooks.webhook_deadline),
            secret=settings.webhooks.webhook_secret,
            queue=settings.webhooks.webhook_queue,
            grace=settings.webhooks.webhook_grace,
        )

    async def start(self) -> None:
        connector = aiohttp.TCPConnector(
            resolver=self._resolver,
            use_dns_cache=False,  # every attempt looks the name up anew, and is checked anew
            force_close=True,
            limit=self._attempts,
            ssl=self._tls or True,
            socket_factory=self._socket,
        )
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=READ_BUFFER,
            headers={"User-Agent": f"FaceVer/{__version__}", "Accept-Encoding": "identity"},
        )
        self._session = session

    def submit(self, delivery: Delivery) -> bool:
        """Take a document for delivery; False (and a log line) if it is not. Never blocks, never raises."""
        ids = f"folder={delivery.folder_id} request={delivery.request_id}"
        if not self._policy.rules:  # webhooks are off: the endpoint is only echoed, which is no fault
            log.debug("webhook not sent: no host is allowed: %s", ids)
            return False
        try:
            endpoint = self._policy.check(delivery.url)
        except Refused as refused:
            log.warning("webhook refused: %s: %s", refused, ids)
            return False
        if self._session is None:
            log.error("webhook dropped: the sender is not running: %s", ids)
            return False
        if len(self._tasks) >= self._most or self._held + len(delivery.body) > self._max_held:
            log.error("webhook dropped: the queue is full: %s host=%s", ids, endpoint.host)
            return False
        self._held += len(delivery.body)
        loop = asyncio.get_running_loop()
        work = self._work(self._session, _Job(delivery, endpoint, loop.time()))
        task = loop.create_task(work, context=contextvars.Context())  # not the request's, which is over
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def close(self, grace: float | None = None) -> None:
        """Take nothing more, go on delivering for `grace` seconds (the setting's by default), log what is lost."""
        session, self._session = self._session, None
        if session is None:
            return
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self._grace if grace is None else grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await session.close()

    async def _work(self, session: aiohttp.ClientSession, job: _Job) -> None:
        try:
            await self._deliver(session, job)
        except asyncio.CancelledError:
            log.error("webhook lost: the server stopped before it was delivered: %s", job)  # noqa: TRY400
            raise
        except Exception as error:  # a defect is told like any other end
            log.error("webhook failed: %s: %s", type(error).__name__, job)  # noqa: TRY400 - a trace may quote the URL
        finally:
            self._held -= len(job.delivery.body)

    @contextlib.asynccontextmanager
    async def _slot(self, host: str) -> AsyncIterator[None]:
        """The right to make an attempt. The host's comes first, so that who waits for a slow one takes up no other."""
        async with self._hosts.setdefault(host, asyncio.Semaphore(PER_HOST)), self._slots:
            yield

    async def _deliver(self, session: aiohttp.ClientSession, job: _Job) -> None:
        loop = asyncio.get_running_loop()
        tried = 0
        answer = _Answer("retry", "waited too long")
        while True:
            async with self._slot(job.endpoint.host):
                left = self._plan.deadline - (loop.time() - job.submitted)
                if left <= 0:
                    break
                tried += 1
                answer = await self._attempt(session, job, min(left, ATTEMPT_TIMEOUT))
            if answer.verdict == "delivered":
                log.info("webhook delivered: %s: attempt=%d %s", answer.reason, tried, job)
                return
            if answer.verdict == "refused":
                log.error("webhook refused: %s: attempt=%d %s", answer.reason, tried, job)
                return
            pause = self._plan.pause(tried, loop.time() - job.submitted, self._rand, answer.asked)
            if pause is None:
                break
            log.warning("webhook retried in %.1f s: %s: attempt=%d %s", pause, answer.reason, tried, job)
            await asyncio.sleep(pause)
        log.error("webhook given up: %s: attempts=%d %s", answer.reason, tried, job)

    async def _attempt(self, session: aiohttp.ClientSession, job: _Job, seconds: float) -> _Answer:
        headers = {
            "Content-Type": "application/json",
            "X-Request-ID": job.delivery.request_id,
            "X-FaceVer-Folder": job.delivery.folder_id,
        }
        if self._secret:
            headers[SIGNATURE_HEADER] = sign(self._secret, int(self._clock()), job.delivery.body)
        try:
            async with session.post(
                URL(job.endpoint.url, encoded=True),
                data=job.delivery.body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as response:
                response.close()  # the body is of no use
                return _judge(response)
        except aiohttp.InvalidURL:
            return _Answer("refused", "not a usable URL")
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            if isinstance(getattr(error, "os_error", error), AddressRefusedError):
                return _Answer("refused", "the address is not a public one")
            return _Answer("retry", type(error).__name__)

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, address = info
        if not self._allowed(str(address[0])):
            raise AddressRefusedError
        return socket.socket(family, kind, protocol)


def _judge(response: aiohttp.ClientResponse) -> _Answer:
    status = response.status
    reason = f"status {status}"
    if 200 <= status < 300:
        return _Answer("delivered", reason)
    if is_retryable(status):
        asked = response.headers.get("Retry-After", "")
        return _Answer("retry", reason, float(asked) if asked.isascii() and asked.isdigit() else 0.0)
    return _Answer("refused", f"redirect, {reason}" if 300 <= status < 400 else reason)
