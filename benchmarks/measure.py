"""One measurement: the load generator against one server, and what that cost the server."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import processes
from benchmarks.catalogue import Request
from benchmarks.servers import ROOT, Server


class WrongAnswerError(Exception):
    """A server answered, but not what it should."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of one row. rate: answers per second; latencies in ms; cpu: the server tree's seconds per answer.

    peak, pss: MB of the largest worker, the peak within this round; generator: the load generator's CPU seconds per
    second; busiest: the share of the server's CPU time that its busiest process took.
    """

    rate: float
    latencies: list[float]
    cpu: float
    peak: float
    pss: float
    generator: float
    busiest: float


@dataclass(slots=True)
class Target:
    """A running server and the request files it understands."""

    server: Server
    requests: dict[str, Request]
    folder: Path
    files: dict[str, Path] = field(default_factory=dict)
    checked: set[str] = field(default_factory=set)

    def file(self, name: str) -> Path:
        if name not in self.files:
            self.files[name] = self.folder / f"{self.server.name}-{self.server.port}-{name}.http"
            self.files[name].write_bytes(self.requests[name].data)
        return self.files[name]

    def generator(self, names: Sequence[str], clients: int, seconds: float, **more: Any) -> subprocess.Popen[str]:
        """The load generator at work on these requests in turn; `finish` takes its result."""
        job = {
            "port": self.server.port,
            "requests": [str(self.file(name)) for name in names],
            "clients": clients,
            "seconds": seconds,
            **more,
        }
        process = subprocess.Popen(
            [sys.executable, "-S", "-m", "benchmarks.loadgen"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(job))
        process.stdin.close()
        process.stdin = None
        return process

    def load(
        self, names: Sequence[str], clients: int, seconds: float, *, limit: int = 0, interval: float = 0.0
    ) -> Sample:
        """Send these requests in turn from so many clients; the first answer to each is checked for sense."""
        pid = self.server.process.pid
        workers = processes.workers(pid)
        for worker in workers:
            processes.reset_peak(worker)
        with tempfile.TemporaryDirectory(dir=self.folder) as firsts:
            unchecked = firsts if set(names) - self.checked else ""
            before = processes.cpu_seconds(pid)
            process = self.generator(names, clients, seconds, limit=limit, interval=interval, firsts=unchecked)
            result = finish(process, self.server.name)
            after = processes.cpu_seconds(pid)
            spent = {one: used - before.get(one, 0.0) for one, used in after.items()}
            if unchecked:
                self._check(names, Path(firsts))
        memory = [processes.memory(worker) for worker in workers]
        count, took = len(result["latencies"]), result["seconds"]
        return Sample(
            count / took,
            result["latencies"],
            sum(spent.values()) / count,
            max(one.peak for one in memory),
            max(one.pss for one in memory),
            result["cpu"] / took,
            max(spent.values()) / max(sum(spent.values()), processes.TICK),
        )

    def _check(self, names: Sequence[str], firsts: Path) -> None:
        for number, name in enumerate(names):
            path = firsts / str(number)
            if not path.is_file():
                continue  # not reached in this time; checked when it is
            body = path.read_bytes()
            try:
                good = self.requests[name].check(body)
            except (ValueError, KeyError, IndexError, TypeError):
                good = False
            if not good:
                raise WrongAnswerError(f"{self.server.name}: the answer to {name} makes no sense: {body[:300]!r}")
            self.checked.add(name)

    def warm(self, names: Sequence[str]) -> None:
        """One of each from four clients at once, so that every thread has seen every kind, or nearly."""
        for name in names:
            self.load([name], 4, 30, limit=4)


def finish(process: subprocess.Popen[str], name: str) -> dict[str, Any]:
    """The load generator's result. Raises WrongAnswerError where an answer was not what it should be."""
    try:
        output, errors = process.communicate(timeout=900)
    except BaseException:
        process.kill()
        raise
    if process.returncode:
        raise WrongAnswerError(f"{name}: {errors.strip()[-800:]}")
    result: dict[str, Any] = json.loads(output)
    if not result["latencies"]:
        raise WrongAnswerError(f"{name}: not one request was answered")
    return result


@dataclass(slots=True)
class Row:
    """One line of the table. title: the request.

    ratios: baseline -> how many times as many requests per second, in the same round; by_cpu: how many times less CPU
    time per request, which other work on the machine disturbs less.
    """

    title: str
    server: str
    clients: int
    samples: list[Sample] = field(default_factory=list)
    ratios: dict[str, float] = field(default_factory=dict)
    by_cpu: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return median(one.rate for one in self.samples)

    def percentile(self, share: float) -> float:
        """Milliseconds, over the requests of all rounds together."""
        return float(np.percentile(np.concatenate([one.latencies for one in self.samples]), share))

    def middle(self, name: str) -> float:
        """Median over the rounds of one of a sample's numbers."""
        return median(float(getattr(one, name)) for one in self.samples)

    def against(self, label: str, other: Row) -> None:
        """Add the ratio to a baseline's row: the median of the ratios of each round."""
        pairs = list(zip(self.samples, other.samples, strict=False))  # slow baselines run fewer rounds
        self.ratios[label] = median(mine.rate / theirs.rate for mine, theirs in pairs)
        if all(mine.cpu > 0 for mine, _ in pairs):  # a clock tick is 10 ms
            self.by_cpu[label] = median(theirs.cpu / mine.cpu for mine, theirs in pairs)

    def document(self) -> dict[str, Any]:
        return {
            "case": self.title,
            "server": self.server,
            "clients": self.clients,
            "rounds": len(self.samples),
            "requests": sum(len(one.latencies) for one in self.samples),
            "per_second": self.rate,
            **{f"p{share}_ms": self.percentile(share) for share in (50, 95, 99)},
            "cpu_seconds_per_request": self.middle("cpu"),
            "peak_mb_per_worker": max(one.peak for one in self.samples),
            "pss_mb_per_worker": self.middle("pss"),
            "generator_cpu_share": self.middle("generator"),
            "busiest_process_share": self.middle("busiest"),
            "ratios": self.ratios,
            "ratios_by_cpu": self.by_cpu,
        }
