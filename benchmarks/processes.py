"""What server processes cost, read from /proc: CPU seconds and memory of a whole process tree."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")
LEAST_WORKER = 30e6
"""Bytes resident from which a leaf of the tree is a worker, not a helper process."""


@dataclass(frozen=True, slots=True)
class Memory:
    """One process's memory in MB (10^6 bytes): resident, the most since the peak was reset, its share (Pss)."""

    rss: float
    peak: float
    pss: float


def tree(root: int) -> dict[int, list[int]]:
    """Every living process under `root`, itself included, with its children."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    found: dict[int, list[int]] = {}
    queue = [root]
    while queue:
        pid = queue.pop()
        found[pid] = children.get(pid, [])
        queue += found[pid]
    return found


def workers(root: int) -> list[int]:
    """The processes that serve: the leaves of the tree."""
    leaves = [pid for pid, below in tree(root).items() if not below]
    large = [pid for pid in leaves if memory(pid).rss * 1e6 > LEAST_WORKER]
    return large or [root]


def cpu_seconds(root: int) -> dict[int, float]:
    """User and system time of each of the tree's living processes, in seconds."""
    spent = {}
    for pid in tree(root):
        with contextlib.suppress(OSError):
            fields = _stat(pid)
            spent[pid] = (int(fields[11]) + int(fields[12])) * TICK
    return spent


def memory(pid: int) -> Memory:
    status = _sizes(Path(f"/proc/{pid}/status"))
    return Memory(
        status.get("VmRSS", 0.0), status.get("VmHWM", 0.0), _sizes(Path(f"/proc/{pid}/smaps_rollup")).get("Pss", 0.0)
    )


def reset_peak(pid: int) -> None:
    """Reset VmHWM, so that a peak belongs to one measurement."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def _stat(pid: int) -> list[str]:
    # The second field is the command in brackets and may hold anything, blanks too.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _sizes(path: Path) -> dict[str, float]:
    """The lines "Name: 12 kB" of a file, in MB."""
    sizes = {}
    with contextlib.suppress(OSError):
        for line in path.read_text().splitlines():
            name, _, rest = line.partition(":")
            if rest.endswith(" kB"):
                sizes[name] = int(rest.split()[0]) * 1024 / 1e6
    return sizes
