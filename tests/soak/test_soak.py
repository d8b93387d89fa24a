"""Mixed requests for SOAK_MINUTES at SOAK_RATE per second (`make soak`): each response equals that of the request
alone, memory, descriptors and threads that do not grow, no 5xx but those that are provoked."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from tests.soak.mix import Kind, essence, kinds
from tests.soak.vitals import Reading, fitted_growth, median_growth, watched
from tests.support_server import PATTERN, Server

pytestmark = pytest.mark.slow

MINUTES = float(os.environ.get("SOAK_MINUTES") or 30)
RATE = float(os.environ.get("SOAK_RATE") or 15)
CLIENTS, BAD, EVERY = 4, 0.05, 10.0
WARM_UP = min(180.0, MINUTES * 60 / 4)
GROWTH = 0.03
"""Most by which memory may grow after the warm-up, both along the fitted line and between medians."""
LONG = 10.0
"""Minutes from which growth is judged: a shorter run ends before caches and heaps have found their size."""
BURST_EVERY, BURST = 60.0, 60
"""Seconds from one provoked overload to the next, and requests that it makes at once. In the warm-up they come four
times as often: memory finds its size once the largest requests have met on all threads."""
HEAVY = ("extract 4 MP", "no face", "extract_and_compare", "folder video", "folder archive", "folder photos")


class Soak:
    """Clients that share one clock: any free client sends a request every 1/RATE seconds."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.kinds = kinds(server)
        self.alone = {kind.name: essence(kind.call()) for kind in self.kinds}
        self.took: dict[str, list[float]] = defaultdict(list)
        self.wrong: list[str] = []
        self.provoked: Counter[int] = Counter()
        self.missed = 0
        self._lock, self._rng = threading.Lock(), Random(1)
        self._bursting = 0
        self._good, self._bad = (
            [kind for kind in self.kinds if kind.bad is bad for _ in range(kind.share)] for bad in (False, True)
        )
        self._start = self._due = time.monotonic()
        self.end = self._start + MINUTES * 60

    def client(self) -> None:
        while True:
            with self._lock:
                due, self._due = self._due, self._due + 1 / RATE
                kind = self._rng.choice(self._bad if self._rng.random() < BAD else self._good)
                if (behind := time.monotonic() - due) > 1:  # the machine is busy: no backlog is made up for
                    self.missed += int(behind * RATE)
                    self._due = time.monotonic()
            if due > self.end:
                return
            time.sleep(max(0.0, due - time.monotonic()))
            self._one(kind)

    def _one(self, kind: Kind) -> None:
        bursting, began = self._bursting, time.monotonic()
        try:
            found = essence(kind.call())
        except OSError as error:
            self.wrong.append(f"{kind.name}: {type(error).__name__} {error}")
            return
        with self._lock:
            if found[0] == 503 and (bursting or self._bursting):
                self.provoked[503] += 1
                return
            self.took[kind.name].append(time.monotonic() - began)
            if found != self.alone[kind.name]:
                self.wrong.append(f"{kind.name}: {str(found)[:200]} is not {str(self.alone[kind.name])[:200]}")

    def burst(self) -> None:
        """At intervals, more requests at once than the server admits."""
        heavy = [kind for kind in self.kinds if kind.name in HEAVY]
        rng = Random(2)
        while True:
            warm = time.monotonic() - self._start >= WARM_UP
            wait = BURST_EVERY if warm else BURST_EVERY / 4
            if time.monotonic() + wait + 5 > self.end:
                return
            time.sleep(wait)
            self._bursting += 1
            with ThreadPoolExecutor(BURST) as pool:
                for status in pool.map(lambda kind: kind.call().status, rng.choices(heavy, k=BURST)):
                    self.provoked[status] += 1
            time.sleep(1)
            self._bursting -= 1


def summary(soak: Soak, readings: list[Reading], warm: list[Reading]) -> None:
    print(f"\n{'request':26} {'sent':>7} {'p50':>8} {'p99':>8}  answer")
    for kind in soak.kinds:
        took = sorted(soak.took[kind.name]) or [0.0]
        p50, p99 = (took[min(len(took) - 1, int(share * len(took)))] * 1e3 for share in (0.5, 0.99))
        status = soak.alone[kind.name][0]
        print(f"{kind.name:26} {len(soak.took[kind.name]):7} {p50:5.0f} ms {p99:5.0f} ms  {status}")
    total = sum(map(len, soak.took.values()))
    print(f"\n{total} requests in {MINUTES:g} minutes, {soak.missed} left out because the machine was busy; "
          f"{len(soak.wrong)} wrong; provoked overloads: {dict(soak.provoked)}")  # fmt: skip
    shown = readings[:: max(1, len(readings) // 12)]
    print("resident MiB: " + " ".join(f"{one.seconds / 60:.0f}':{one.resident:.0f}" for one in shown))
    growth = f"{fitted_growth(warm):+.2%} (line), {median_growth(warm):+.2%} (medians)"
    print(f"after a warm-up of {WARM_UP:.0f} s: growth {growth}; "
          f"descriptors {min(one.files for one in warm)} to {max(one.files for one in warm)}, "
          f"threads {min(one.threads for one in warm)} to {max(one.threads for one in warm)}")  # fmt: skip


def test_memory_is_flat_and_responses_right_for_a_long_time() -> None:
    with Server(log_level="ERROR", max_queue="16") as server:
        soak = Soak(server)
        for path in (PATTERN + "health", "/v1/face/liveness/health"):  # so that their threads are there
            assert server.call("GET", path).status == 200
        with watched(server.process.pid, EVERY if MINUTES >= 5 else 2.0) as readings:
            threads = [threading.Thread(target=work) for work in (*[soak.client] * CLIENTS, soak.burst)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        warm = [one for one in readings if one.seconds >= WARM_UP]
        summary(soak, readings, warm)
        assert not soak.wrong, soak.wrong[:5]
        assert all(status < 500 for status, _ in soak.alone.values())
        assert set(soak.provoked) <= {200, 400, 503}  # 400: no face
        if MINUTES >= LONG:
            assert fitted_growth(warm) < GROWTH
            assert median_growth(warm) < GROWTH
        # Connections come and go: those of the clients, and a burst's.
        assert min(one.files for one in warm[-5:]) <= min(one.files for one in warm) + CLIENTS
        # A decoder may have a thread of its own while a picture is decoded; none stays.
        assert min(one.threads for one in warm[-5:]) == min(one.threads for one in warm)
        assert not [line for line in server.log if "Traceback" in line]
        assert server.stop() == 0
