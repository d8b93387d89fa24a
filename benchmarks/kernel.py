"""The kernel bound: how many extracts per second the models alone would allow on these cores.

    python -m benchmarks.kernel CORE     (a child: replays on one core, seconds per line of standard input)

One extract of the benchmark photo is run in-process and every call of an ONNX session is recorded; what is replayed is
those calls and nothing else, in one process per core.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from statistics import median
from typing import Any

from benchmarks.cases import ONE, TWO
from benchmarks.measure import Target
from benchmarks.servers import ROOT

CLIENTS = 4


def recorded() -> list[tuple[Any, tuple[Any, ...], dict[str, Any]]]:
    """(backend, arguments, keywords) of every inference of one extract, in order."""
    from benchmarks.samples import photo
    from faceVer.inference.onnx import OnnxBackend
    from faceVer.services.faces import FaceEngine
    from faceVer.settings.loader import load_settings

    calls: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []
    original = OnnxBackend.infer

    def run(self: Any, *arguments: Any, **keywords: Any) -> Any:
        calls.append((self, arguments, keywords))
        return original(self, *arguments, **keywords)

    engine = FaceEngine.load(load_settings({}))
    engine.extract(photo())
    OnnxBackend.infer = run  # type: ignore[method-assign]
    try:
        engine.extract(photo())
    finally:
        OnnxBackend.infer = original  # type: ignore[method-assign]
    if not calls:
        raise SystemExit("the product runs its models without inference.onnx.OnnxBackend; nothing to replay")
    return calls


def replay() -> None:
    os.sched_setaffinity(0, {int(sys.argv[1])})
    calls = recorded()
    print("ready", flush=True)
    for line in sys.stdin:
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < float(line):
            for backend, arguments, keywords in calls:
                backend.infer(*arguments, **keywords)
            count += 1
        print(count / (time.perf_counter() - start), flush=True)


class Kernels:
    """One replaying process per core, at most two."""

    def __init__(self) -> None:
        cores = sorted(os.sched_getaffinity(0))[:2]
        self.children = [
            subprocess.Popen(
                [sys.executable, "-m", "benchmarks.kernel", str(core)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={name: value for name, value in os.environ.items() if not name.startswith("FACEVER_")},
            )
            for core in cores
        ]
        for child in self.children:
            if self._line(child) != "ready":
                raise RuntimeError("a kernel replay did not start")

    def rate(self, seconds: float) -> float:
        """Replayed extracts per second of all cores together."""
        for child in self.children:
            assert child.stdin is not None
            child.stdin.write(f"{seconds}\n")
            child.stdin.flush()
        return sum(float(self._line(child)) for child in self.children)

    def stop(self) -> None:
        for child in self.children:
            assert child.stdin is not None
            child.stdin.close()
            child.wait(30)

    @staticmethod
    def _line(child: subprocess.Popen[str]) -> str:
        assert child.stdout is not None
        return child.stdout.readline().strip()


def run(targets: Mapping[str, Target], rounds: int, seconds: float) -> dict[str, float]:
    """The bound, and the share of it that is served with one worker and with two."""
    kernels = Kernels()
    bounds: list[float] = []
    shares: dict[str, list[float]] = {ONE: [], TWO: []}
    try:
        kernels.rate(0.3)
        for _ in range(rounds):
            for name, found in shares.items():
                bound = kernels.rate(seconds)
                bounds.append(bound)
                found.append(targets[name].load(["extract"], CLIENTS, seconds).rate / bound)
    finally:
        kernels.stop()
    return {"extracts_per_second": median(bounds), **{name: median(found) for name, found in shares.items()}}


if __name__ == "__main__":
    replay()
