"""Fuzzes a real server process and prints what it answered:

    python -m tests.fuzz [--count 100000] [--seed 1] [--clients 8] [--only NUMBER] [--kinds image,video]

Exit status 1 where an answer, the log or the memory was not as promised; what was sent then lies in tests/fuzz/corpus/.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.cases import KINDS, Case, case
from tests.fuzz.line import HARD, Line
from tests.fuzz.seeds import Seeds
from tests.fuzz.server import PEAK, Watched

CORPUS = Path(__file__).parent / "corpus"
MOST_BYTES, MOST_FILES = 20_000, 30
SLOWEST, EVERY = 10, 15.0


@dataclass
class Findings:
    """What a run has seen. One lock guards all of it."""

    statuses: dict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    longest: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    slowest: list[tuple[float, int, str, str, str]] = field(default_factory=list)
    faults: list[tuple[Case, str]] = field(default_factory=list)
    done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, one: Case, statuses: list[int], wrong: str, seconds: float) -> None:
        told = "+".join(map(str, statuses[:3])) if len(statuses) <= 3 else "many"
        with self.lock:
            key = (one.kind, one.endpoint)
            self.done += 1
            self.statuses[key][told or "none"] += 1
            if not one.patient:
                self.longest[key] = max(self.longest[key], seconds)
                self.slowest.append((seconds, one.number, one.kind, one.endpoint, told))
                if len(self.slowest) > 50 * SLOWEST:
                    self.slowest = sorted(self.slowest, reverse=True)[:SLOWEST]
            if wrong:
                self.faults.append((one, wrong))


class Run:
    """Clients that take the numbers in turn, each on a thread and a connection of its own."""

    def __init__(self, server: Watched, seeds: Seeds, options: argparse.Namespace) -> None:
        self.server, self.seeds, self.options = server, seeds, options
        self.kinds = options.kinds.split(",") if options.kinds else list(KINDS)
        self.findings = Findings()
        self.memory: list[float] = []
        self.last: dict[int, Case] = {}
        self._next = 0
        self._stop = threading.Event()

    def run(self) -> None:
        threads = [threading.Thread(target=self._client, args=(number,)) for number in range(self.options.clients)]
        for thread in threads:
            thread.start()
        began = told = time.monotonic()
        while any(thread.is_alive() for thread in threads):
            time.sleep(0.2)
            if self.server.process.poll() is not None:
                self._stop.set()
                break
            self.memory.append(self.server.resident())
            if time.monotonic() - told > EVERY:
                told = time.monotonic()
                rate = self.findings.done / (told - began)
                print(f"  {self.findings.done} requests, {rate:.0f}/s, {len(self.findings.faults)} faults, "
                      f"{self.memory[-1]:.0f} MiB", file=sys.stderr, flush=True)  # fmt: skip
        for thread in threads:
            thread.join()

    def _client(self, me: int) -> None:
        line = Line(self.server.port)
        while not self._stop.is_set():
            with self.findings.lock:
                number, self._next = self._next, self._next + 1
            if number >= self.options.count:
                break
            one = self.last[me] = case(self.options.seed, number, self.seeds, self.kinds)
            began = time.monotonic()
            try:
                statuses, wrong = line.ask(one)
            except Exception as error:  # what the reader of answers did not expect is a fault, too
                statuses, wrong = [], f"{type(error).__name__}: {error}"
                line.close()
            seconds = time.monotonic() - began
            if not wrong and seconds > HARD:
                wrong = f"took {seconds:.1f} s"
            self.findings.add(one, statuses, wrong, seconds)
        line.close()


def save(one: Case) -> str:
    """Keep a case for the tests; its file's name, or how to make it again where it is too large."""
    if len(one.data) > MOST_BYTES or len(list(CORPUS.iterdir())) >= MOST_FILES:
        return f"--only {one.number}"
    name = f"{one.kind}-{hashlib.sha256(one.data).hexdigest()[:10]}.{'whole' if one.framed else 'raw'}"
    (CORPUS / name).write_bytes(one.data)
    return name


def report(run: Run, seconds: float) -> bool:
    """Print what was seen; whether all is as promised."""
    found, server = run.findings, run.server
    print(f"{'kind':10} {'endpoint':42} {'count':>7} {'slowest':>9}  statuses")
    for (kind, endpoint), statuses in sorted(found.statuses.items()):
        told = " ".join(f"{status}:{count}" for status, count in statuses.most_common(8))
        print(f"{kind:10} {endpoint:42} {statuses.total():7} {found.longest[kind, endpoint]:7.2f} s  {told}")
    print(f"\nslowest: (--seed {run.options.seed})")
    for took, number, kind, endpoint, told in sorted(found.slowest, reverse=True)[:SLOWEST]:
        print(f"  {took:6.2f} s  --only {number:<7} {kind:10} {endpoint:42} {told}")
    alive = server.process.poll() is None
    peak = server.resident("VmHWM") if alive else max(run.memory, default=0.0)
    half = run.memory[len(run.memory) // 2 :] or [0.0]
    print(f"\n{found.done} requests in {seconds:.0f} s ({found.done / seconds:.0f}/s), seed {run.options.seed}; "
          f"resident at the peak {peak:.0f} MiB of {PEAK}, over the second half {min(half):.0f} to {max(half):.0f}; "
          f"{server.lines} log lines")  # fmt: skip
    kept: Counter[str] = Counter()
    for one, wrong in found.faults:
        kept[wrong[:60]] += 1
        if kept[wrong[:60]] <= 3:
            print(f"FAULT {one.kind} {one.endpoint}: {wrong}  ({save(one)}, --only {one.number})")
    if kept:
        print(f"{len(found.faults)} faults: {dict(kept.most_common())}")
    for line in server.odd:
        print(f"LOG {line[:300]}")
    if not alive:
        print(f"THE SERVER ENDED with {server.process.returncode}; under way were:")
        for one in run.last.values():
            print(f"  {one.kind} {one.endpoint} {save(one)}, --only {one.number}")
    return alive and not found.faults and not server.odd and peak < PEAK


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000, help="requests to send")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--only", type=int, help="send this request only, and show what is answered")
    parser.add_argument("--kinds", default="", help="kinds to send, separated by commas")
    options = parser.parse_args()
    with Watched() as server:
        seeds = server.seeds()
        if options.only is not None:
            one = case(options.seed, options.only, seeds, options.kinds.split(",") if options.kinds else KINDS)
            print(one.kind, one.endpoint, len(one.data), "bytes:", one.data[:1500])
            print(Line(server.port).ask(one))
            time.sleep(0.3)
            print("\n".join(server.odd))
            return 0
        run, began = Run(server, seeds, options), time.monotonic()
        run.run()
        time.sleep(0.5)  # the log's last lines
        return 0 if report(run, time.monotonic() - began) else 1


if __name__ == "__main__":
    sys.exit(main())
