"""CPU and memory limits of the process's control groups (v2 and v1): its own, and all above it."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

ROOT, OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def cpu_quota(root: Path = ROOT, own: Path = OWN) -> float:
    """The CPU quota, as a number of CPUs; infinity where there is none."""
    found = [math.inf]
    for folder in _folders("cpu", root, own):
        quota, period = _numbers(folder / "cpu.max", 2)
        if math.isnan(quota):
            (quota,), (period,) = _numbers(folder / "cpu.cfs_quota_us", 1), _numbers(folder / "cpu.cfs_period_us", 1)
        if quota > 0 and period > 0:
            found.append(quota / period)
    return min(found)


def memory_limit(root: Path = ROOT, own: Path = OWN) -> float:
    """The memory limit in bytes; infinity where there is none."""
    found = [math.inf]
    for folder in _folders("memory", root, own):
        for name in ("memory.max", "memory.limit_in_bytes"):
            found += [limit for limit in _numbers(folder / name, 1) if limit > 0]
    return min(found)


def _folders(controller: str, root: Path, own: Path) -> Iterator[Path]:
    """The visible folders of the process's groups: within a container its own group is the root."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        lines = []
    places = {root: "/", root / controller: "/"}
    for line in lines:
        _, names, path = line.split(":", 2)
        if not names:
            places[root] = path
        elif controller in names.split(","):
            places[root / controller] = path
    for base, path in places.items():
        folder = base / path.lstrip("/")
        yield folder
        while folder != base and base in folder.parents:
            folder = folder.parent
            yield folder


def _numbers(file: Path, count: int) -> list[float]:
    """The first `count` numbers of a file; NaN for a word that is not a number, or is missing."""
    try:
        words = file.read_text().split()
    except OSError:
        words = []
    return [float(word) if word.isdecimal() else math.nan for word in [*words, *[""] * count][:count]]


def usable_cpus() -> int:
    """CPUs this process may use: the affinity mask, or the control group's quota where that is less."""
    return max(1, math.ceil(min(len(os.sched_getaffinity(0)), cpu_quota())))


def inference_threads(configured: int, workers: int) -> int:
    """Inference threads of one server process. configured: 0 = the usable CPUs divided by the workers.

    workers: 0 = one.
    """
    return configured or max(1, usable_cpus() // max(1, workers))
