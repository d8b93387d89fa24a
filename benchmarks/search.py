"""The 1:N search alone, in-process on one thread: the product's Matcher against numpy and faiss, in turn."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.environments import Environment, UnavailableError
from benchmarks.servers import ROOT, SCRIPTS

SIZES = {1_000: 100, 10_000: 10, 100_000: 1}
"""N -> searches per round."""
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}


@dataclass(frozen=True, slots=True)
class Found:
    """Milliseconds of one search of N by side, and the baselines' time as a share of the Matcher's."""

    count: int
    milliseconds: dict[str, float]
    ratios: dict[str, float]


def run(rounds: int, skipped: dict[str, str]) -> list[Found]:
    pythons: dict[str, Path] = {"matcher": Path(sys.executable), "numpy": Path(sys.executable)}
    try:
        pythons["faiss"] = Environment("faiss").ensure()
    except UnavailableError as error:
        skipped["faiss"] = str(error)
    children = {
        side: subprocess.Popen(
            [str(python), str(SCRIPTS / "search.py"), side],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ONE_THREAD},
        )
        for side, python in pythons.items()
    }
    try:
        return [_size(children, count, repeats, rounds) for count, repeats in SIZES.items()]
    finally:
        for child in children.values():
            assert child.stdin is not None
            child.stdin.close()
            child.wait(30)


def _size(children: dict[str, subprocess.Popen[str]], count: int, repeats: int, rounds: int) -> Found:
    taken: dict[str, list[float]] = {side: [] for side in children}
    for number in range(rounds + 1):
        for side, child in children.items():
            seconds = _ask(side, child, f"{count} {repeats}\n")
            if number:  # the first round makes the vectors and warms up
                taken[side].append(seconds)
    ratios = {
        side: median(theirs / mine for theirs, mine in zip(times, taken["matcher"], strict=True))
        for side, times in taken.items()
        if side != "matcher"
    }
    return Found(count, {side: median(times) * 1e3 for side, times in taken.items()}, ratios)


def _ask(side: str, child: subprocess.Popen[str], line: str) -> float:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(line)
    child.stdin.flush()
    answer = child.stdout.readline()
    if not answer:
        raise RuntimeError(f"the search of {side} ended by itself")
    return float(answer)
