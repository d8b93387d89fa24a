"""Sends finished folder documents to their `resolution_endpoint`, in the background.

A request only hands its document over; nothing that happens to the document later reaches the client. Each document has
a task, of which there is a bounded number. Few attempts run at a time, and fewer to one host; a pause between two
attempts takes no slot: a receiver that is down must not delay the documents of others. Every result is one log line
with the folder's and the request's id. Documents, paths and query strings (receivers keep tokens there) are never
logged.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import random
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, NamedTuple, Self
from weakref import WeakValueDictionary

from faceVer.jobs.retry_plan import RetryPlan
from faceVer.jobs.webhook_client import AttemptResult, Delivery, WebhookClient
from faceVer.jobs.webhook_policy import Endpoint, EndpointRefusedError, WebhookPolicy
from faceVer.settings.model import Settings

log = logging.getLogger(__name__)

ATTEMPTS, PER_HOST = 8, 2
"""Attempts that run at a time, and of them to one host."""
MAX_HELD = 64 * 1024 * 1024
"""Bytes of documents that are held: best shots make them large, and a receiver may be down for minutes."""
ATTEMPT_TIMEOUT = 15.0
"""Seconds of one attempt."""


class _Job(NamedTuple):
    delivery: Delivery
    endpoint: Endpoint
    submitted: float  # seconds of the event loop's clock

    def __str__(self) -> str:
        return f"folder={self.delivery.folder_id} request={self.delivery.request_id} host={self.endpoint.host}"


class WebhookSender:
    """`start()` it in the event loop it is used in, `submit()` documents, `close()` it before the loop ends.

    queue: documents held beyond those of `attempts`. grace: see `close`. rand: for tests, 0 <= rand() < 1. The other
    options are those of `WebhookClient`.
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
        rand: Callable[[], float] = random.random,
        **options: Any,
    ) -> None:
        self._policy, self._plan, self._rand = policy, plan or RetryPlan(), rand
        self._grace, self._max_held, self._max_tasks = grace, max_held, queue + attempts
        self._make_client = partial(WebhookClient, secret, attempts, **options)
        self._client: WebhookClient | None = None
        self._held = 0
        self._tasks: set[asyncio.Task[None]] = set()
        """One for each document."""
        self._slots = asyncio.Semaphore(attempts)
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The sender of these settings. Raises SettingsError for an unreadable allow-list."""
        rules = settings.webhooks
        return cls(
            WebhookPolicy.of(rules.webhook_hosts, allow_http=rules.webhook_http),
            RetryPlan(rules.webhook_attempts, rules.webhook_deadline),
            secret=rules.webhook_secret,
            queue=rules.webhook_queue,
            grace=rules.webhook_grace,
        )

    async def start(self) -> None:
        self._client = self._make_client()

    def submit(self, delivery: Delivery) -> bool:
        """Accept a document for delivery; False (and a log line) if it is not. Never blocks, never raises."""
        ids = f"folder={delivery.folder_id} request={delivery.request_id}"
        if not self._policy.rules:  # webhooks are off: the endpoint is only echoed
            log.debug("webhook not sent: no host is allowed: %s", ids)
            return False
        try:
            endpoint = self._policy.check(delivery.url)
        except EndpointRefusedError as error:
            log.warning("webhook refused: %s: %s", error, ids)
            return False
        if self._client is None:
            log.error("webhook dropped: the sender is not running: %s", ids)
            return False
        if len(self._tasks) >= self._max_tasks or self._held + len(delivery.body) > self._max_held:
            log.error("webhook dropped: the queue is full: %s host=%s", ids, endpoint.host)
            return False
        self._held += len(delivery.body)
        loop = asyncio.get_running_loop()
        work = self._work(self._client, _Job(delivery, endpoint, loop.time()))
        task = loop.create_task(work, context=contextvars.Context())  # not the request's, which has ended
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def close(self, grace: float | None = None) -> None:
        """Accept no more, continue to deliver for `grace` seconds (the constructor's by default), log what is lost."""
        client, self._client = self._client, None
        if client is None:
            return
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self._grace if grace is None else grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await client.close()

    async def _work(self, client: WebhookClient, job: _Job) -> None:
        try:
            await self._deliver(client, job)
        except asyncio.CancelledError:
            log.error("webhook lost: the server stopped before it was delivered: %s", job)  # noqa: TRY400
            raise
        except Exception as error:  # a defect
            log.error("webhook failed: %s: %s", type(error).__name__, job)  # noqa: TRY400 - a trace may quote the URL
        finally:
            self._held -= len(job.delivery.body)

    async def _deliver(self, client: WebhookClient, job: _Job) -> None:
        loop = asyncio.get_running_loop()
        attempts = 0
        result = AttemptResult("retry", "waited too long")
        while True:
            async with self._slot(job.endpoint.host):
                left = self._plan.deadline - (loop.time() - job.submitted)
                if left <= 0:
                    break
                attempts += 1
                result = await client.post(job.delivery, job.endpoint, min(left, ATTEMPT_TIMEOUT))
            if result.verdict == "delivered":
                log.info("webhook delivered: %s: attempt=%d %s", result.reason, attempts, job)
                return
            if result.verdict == "refused":
                log.error("webhook refused: %s: attempt=%d %s", result.reason, attempts, job)
                return
            pause = self._plan.pause(attempts, loop.time() - job.submitted, self._rand, result.retry_after)
            if pause is None:
                break
            log.warning("webhook retried in %.1f s: %s: attempt=%d %s", pause, result.reason, attempts, job)
            await asyncio.sleep(pause)
        log.error("webhook given up: %s: attempts=%d %s", result.reason, attempts, job)

    @contextlib.asynccontextmanager
    async def _slot(self, host: str) -> AsyncIterator[None]:
        """A slot for one attempt. The host's comes first: a job that waits for a slow host takes no other slot."""
        async with self._hosts.setdefault(host, asyncio.Semaphore(PER_HOST)), self._slots:
            yield
