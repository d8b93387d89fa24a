"""What the system says of a process and those below it."""

from __future__ import annotations

import contextlib
from pathlib import Path


def children(process: int) -> list[int]:
    """Of all threads of a process; none where it has ended."""
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, task.read_text().split())
    return found


def family(process: int) -> list[int]:
    """The process and all below it."""
    return [process, *(one for child in children(process) for one in family(child))]


def written(process: int) -> int:
    """Bytes that a process and all below it have written to storage."""
    rows = [row.split() for one in family(process) for row in Path(f"/proc/{one}/io").read_text().splitlines()]
    return sum(int(number) for name, number in rows if name == "write_bytes:")
