"""A process's memory, descriptors and threads over time, and whether they grow."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np


class Reading(NamedTuple):
    """seconds since the start; resident in MiB."""

    seconds: float
    resident: float
    files: int
    threads: int


def read(process: int, seconds: float) -> Reading:
    status = Path(f"/proc/{process}/status").read_text()
    resident = int(status.split("VmRSS:")[1].split()[0]) / 1024
    threads = int(status.split("Threads:")[1].split()[0])
    return Reading(seconds, resident, len(os.listdir(f"/proc/{process}/fd")), threads)


@contextmanager
def watched(process: int, every: float) -> Iterator[list[Reading]]:
    """Readings, one more every so many seconds until the block ends."""
    readings, stop, began = list[Reading](), threading.Event(), time.monotonic()

    def watch() -> None:
        while not stop.wait(every):
            readings.append(read(process, time.monotonic() - began))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield readings
    finally:
        stop.set()
        thread.join()


def fitted_growth(readings: Sequence[Reading]) -> float:
    """Share by which memory grows from the first reading to the last, along the line that fits them best."""
    seconds = np.array([one.seconds for one in readings])
    slope, start = np.polyfit(seconds, [one.resident for one in readings], 1)
    first = start + slope * seconds[0]
    return float(slope * (seconds[-1] - seconds[0]) / first)


def median_growth(readings: Sequence[Reading]) -> float:
    """Share by which the median of the last fifth is above that of the first."""
    some = max(1, len(readings) // 5)
    first, last = (median(one.resident for one in part) for part in (readings[:some], readings[-some:]))
    return last / first - 1
