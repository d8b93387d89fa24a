"""Sends the webhooks of the outbox: an event loop in a thread of its own, in each process that runs jobs.

An attempt is claimed in the database for a while, so that no other process begins the same one; if this process dies,
it is due again at the end of that time. Few attempts run at a time, and fewer to one host, for which no more are
claimed meanwhile: a host that is slow delays no documents for others.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
from typing import Protocol, TypeVar
from weakref import WeakValueDictionary

from faceVer.domain.errors import StorageUnavailableError
from faceVer.domain.webhooks import WebhookDelivery
from faceVer.jobs.queue import POLL
from faceVer.jobs.retry_plan import jittered
from faceVer.jobs.webhook_client import AttemptResult, Delivery, WebhookClient
from faceVer.jobs.webhook_policy import Endpoint, EndpointRefusedError, WebhookPolicy
from faceVer.jobs.work_threads import WorkThreads

log = logging.getLogger(__name__)

T = TypeVar("T")

ATTEMPTS, PER_HOST, CLAIMED = 8, 2, 32
"""Attempts that a process runs at a time, of them to one host, and those that it has claimed."""
ATTEMPT_TIMEOUT, SLOT_TIMEOUT = 15.0, 5.0
"""Seconds of one attempt, and before it for its host to be free."""
CLAIM_SECONDS = 60.0
"""How long an attempt is claimed: the above, and what the database may take."""
BUSY_PAUSE = 1.0
"""Most seconds after which a delivery to a host that was not free is due again."""


class Outbox(Protocol):
    """What the sender needs of the outbox; its methods are called on threads. Each raises StorageUnavailableError."""

    def claim(self, seconds: float, limit: int, busy: Collection[str]) -> list[WebhookDelivery]:
        """Begin attempts of due deliveries, for that many seconds; not to busy hosts."""

    def postpone(self, delivery: WebhookDelivery, seconds: float) -> None:
        """Give an attempt back that did not begin."""

    def render(self, delivery: WebhookDelivery) -> bytes | None:
        """The document to send, None if there is nothing to send any more."""

    def record(self, delivery: WebhookDelivery, result: AttemptResult) -> None:
        """The end of an attempt."""


class OutboxSender:
    """`start` it, `wake` it when a delivery was added, `stop` it. make_client: called in the sender's event loop."""

    def __init__(self, outbox: Outbox, policy: WebhookPolicy, make_client: Callable[[], WebhookClient]) -> None:
        self._outbox, self._policy, self._make_client = outbox, policy, make_client
        self._threads = WorkThreads(2, "outbox")
        self._held: Counter[str] = Counter()
        """Claimed deliveries to each host."""
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._slots = asyncio.Semaphore(ATTEMPTS)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken, self._stopping, self._grace = asyncio.Event(), False, 0.0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="outbox-sender", daemon=True)

    def start(self) -> None:
        self._threads.start()
        self._thread.start()

    def wake(self) -> None:
        """Look for due deliveries at once. Any thread may call it."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._woken.set)

    def stop(self, seconds: float) -> None:
        """Begin no further attempt; wait for those that run."""
        if self._thread.is_alive():
            self._stopping, self._grace = True, seconds
            self.wake()
            self._thread.join(seconds + POLL)
        self._threads.close()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        client = self._make_client()
        attempts: set[asyncio.Task[None]] = set()
        try:
            while not self._stopping:
                self._woken.clear()
                for delivery in await self._claim(CLAIMED - len(attempts)):
                    task = asyncio.create_task(self._attempt(client, delivery))
                    attempts.add(task)
                    task.add_done_callback(attempts.discard)
                    task.add_done_callback(lambda _: self._woken.set())
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), POLL)
            if attempts:
                await asyncio.wait(attempts, timeout=self._grace)
        finally:
            await client.close()

    async def _claim(self, free: int) -> list[WebhookDelivery]:
        if free <= 0:
            return []
        try:
            busy = [host for host, held in self._held.items() if held >= PER_HOST]
            return await self._call(partial(self._outbox.claim, CLAIM_SECONDS, free, busy))
        except StorageUnavailableError as error:
            log.warning("the outbox of webhooks is out of reach: %s", error)
        except Exception:  # a defect; the next look may succeed
            log.exception("the outbox of webhooks failed")
        return []

    async def _attempt(self, client: WebhookClient, delivery: WebhookDelivery) -> None:
        try:
            await self._deliver(client, delivery)
        except StorageUnavailableError as error:
            log.warning("webhook is sent again, its end cannot be recorded: %s: %s", error, _ids(delivery))
        except Exception as error:  # a defect
            log.error("webhook failed: %s: %s", type(error).__name__, _ids(delivery))  # noqa: TRY400 - may quote the URL

    async def _deliver(self, client: WebhookClient, delivery: WebhookDelivery) -> None:
        try:
            endpoint = self._policy.check(delivery.url)
        except EndpointRefusedError as error:
            await self._end(delivery, AttemptResult("refused", str(error)))
            return
        self._held[endpoint.host] += 1
        try:
            async with contextlib.AsyncExitStack() as slots:
                if await self._has_slots(slots, endpoint.host):
                    await self._end(delivery, await self._send(client, delivery, endpoint))
                else:
                    await self._call(partial(self._outbox.postpone, delivery, jittered(BUSY_PAUSE)))
        finally:
            self._held[endpoint.host] -= 1

    async def _has_slots(self, slots: contextlib.AsyncExitStack, host: str) -> bool:
        """Wait for slots of the host and of the process; False if there are none in time."""
        try:
            async with asyncio.timeout(SLOT_TIMEOUT):
                await slots.enter_async_context(self._hosts.setdefault(host, asyncio.Semaphore(PER_HOST)))
                await slots.enter_async_context(self._slots)
        except TimeoutError:
            return False
        return not self._stopping

    async def _send(self, client: WebhookClient, delivery: WebhookDelivery, endpoint: Endpoint) -> AttemptResult:
        body = await self._call(partial(self._outbox.render, delivery))
        if body is None:
            return AttemptResult("refused", "the folder was deleted")
        ids = {name: getattr(delivery, name) for name in ("folder_id", "group_id", "delivery_id")}
        return await client.post(Delivery(delivery.url, body, **ids), endpoint, ATTEMPT_TIMEOUT)

    async def _end(self, delivery: WebhookDelivery, result: AttemptResult) -> None:
        level = logging.INFO if result.verdict == "delivered" else logging.WARNING
        log.log(level, "webhook %s: %s: %s", result.verdict, result.reason, _ids(delivery))
        await self._call(partial(self._outbox.record, delivery, result))

    async def _call(self, call: Callable[[], T]) -> T:
        return await asyncio.wrap_future(self._threads.submit(call))


def _ids(delivery: WebhookDelivery) -> str:
    return f"delivery={delivery.delivery_id} folder={delivery.folder_id} attempt={delivery.attempts}"
