"""Requests that arrive when they are due, whether or not earlier ones are finished (an open loop)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import uvloop

GRACE = 60.0
"""Seconds within which every request must get its response."""
POOLED = 400
"""Connections kept; what arrives while all are busy opens its own."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One request. late: ms from when it was due to when it was sent. took: ms from when it was due to its response."""

    kind: int
    status: int
    took: float
    late: float
    retry: bool


@dataclass
class Loop:
    """port of the server; requests: bytes on the wire, one of each kind, sent at random in equal shares."""

    port: int
    requests: Sequence[bytes]
    seed: int = 1
    sent: list[Sent] = field(default_factory=list)
    lost: int = 0
    _idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def _one(self, kind: int, due: float) -> None:
        began = time.perf_counter()
        try:
            status, retry = await self._ask(self.requests[kind])
        except (OSError, EOFError):
            self.lost += 1
            return
        now = time.perf_counter()
        self.sent.append(Sent(kind, status, (now - due) * 1e3, (began - due) * 1e3, retry))

    async def _ask(self, data: bytes) -> tuple[int, bool]:
        while True:
            kept = bool(self._idle)
            reader, writer = self._idle.pop() if kept else await asyncio.open_connection("127.0.0.1", self.port)
            try:
                writer.write(data)
                head = await reader.readuntil(b"\r\n\r\n")
                break
            except (OSError, EOFError):
                writer.close()
                if not kept:
                    raise
        low = head.lower()
        at = low.index(b"content-length:") + 15
        await reader.readexactly(int(low[at : low.index(b"\r", at)]))
        if b"connection: close" in low or len(self._idle) >= POOLED:
            writer.close()
        else:
            self._idle.append((reader, writer))
        return int(head[9:12]), b"retry-after:" in low

    async def _arrivals(self, rate: float, seconds: float) -> None:
        rng, tasks, due = Random(self.seed), set[asyncio.Task[None]](), time.perf_counter()
        end = due + seconds
        while (due := due + rng.expovariate(rate)) < end:
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            task = asyncio.create_task(self._one(rng.randrange(len(self.requests)), due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE)
        self.lost += len(tasks)
        self._close()

    async def _clients(self, count: int, seconds: float) -> None:
        end, rng = time.perf_counter() + seconds, Random(self.seed)

        async def client() -> None:
            while (now := time.perf_counter()) < end:
                await self._one(rng.randrange(len(self.requests)), now)

        await asyncio.gather(*(client() for _ in range(count)))
        self._close()

    def _close(self) -> None:
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()

    def arrive(self, rate: float, seconds: float) -> list[Sent]:
        """Poisson arrivals, so many per second."""
        return self._run(self._arrivals(rate, seconds))

    def clients(self, count: int, seconds: float) -> list[Sent]:
        """`count` clients, each of which sends after its last response."""
        return self._run(self._clients(count, seconds))

    def _run(self, work: object) -> list[Sent]:
        self.sent, self.lost = [], 0
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)  # type: ignore[arg-type]
        return self.sent


def quantile(values: Sequence[float], share: float) -> float:
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else 0.0
