"""What the kernel says of processes: children, address space, memory."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

from tests.support_processes import children

FORK_SERVER = b"faceVer.media.sandbox.fork_server"
EVERY = 0.01
"""Seconds between two looks."""


def fork_servers() -> set[int]:
    """Of the sandboxes in this process."""
    return {child for child in children(os.getpid()) if FORK_SERVER in Path(f"/proc/{child}/cmdline").read_bytes()}


def status(process: int, key: str) -> int:
    """Bytes; VmPeak is the most address space a process has had. Raises OSError, LookupError where it has ended."""
    text = Path(f"/proc/{process}/status").read_text()
    return int(text.split(key + ":", 1)[1].split(None, 1)[0]) * 1024


def address_limit(process: int) -> int:
    """Bytes of address space that the kernel permits a process at most. Raises OSError where it has ended."""
    (row,) = [row for row in Path(f"/proc/{process}/limits").read_text().splitlines() if "address space" in row]
    return int(row.split()[4])


def proportional(process: int) -> int:
    """Bytes of memory, each page divided among the processes that share it; 0 where it has ended."""
    with contextlib.suppress(OSError, LookupError):
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
        return int(text.split("\nPss:", 1)[1].split(None, 1)[0]) * 1024
    return 0


class Watch:
    """Calls `look` again and again on a thread."""

    def __init__(self, look: Callable[[], None], every: float = EVERY) -> None:
        self._look, self._every = look, every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self._look()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


class Helpers:
    """The helpers of one fork server. address: the most bytes of address space that one has had, by its process."""

    def __init__(self, fork_server: int) -> None:
        self.fork_server = fork_server
        self.address: dict[int, int] = {}
        self.limits: dict[int, int] = {}

    def look(self) -> None:
        for process in children(self.fork_server):
            with contextlib.suppress(OSError, LookupError, ValueError):  # it has ended, or has no limit yet
                self.limits[process] = address_limit(process)
                self.address[process] = status(process, "VmPeak")
