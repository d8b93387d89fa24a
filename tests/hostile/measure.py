"""What the costliest files known take from a server, with the sandbox and without:

    python -m tests.hostile.measure [off]      (off: without; the first file then takes gigabytes)

Memory is that of all processes of the server above what it has idle; CPU seconds are theirs together. "another" is what
a plain picture that another client sends meanwhile waits, as a ratio to its time on the idle server.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

from faceVer.domain.folders import MediaKind
from faceVer.media.sandbox.plan import MIB
from tests import support_faces as faces
from tests.hostile import heif, jpeg, pictures, videos
from tests.hostile.sending import send
from tests.hostile.vitals import Watch, proportional
from tests.support_processes import family
from tests.support_server import Server

TICKS = os.sysconf("SC_CLK_TCK")
FILES: tuple[tuple[str, int, MediaKind, Callable[[], bytes]], ...] = (
    ("HEIC, 60 metadata items of 30 extents", 1, "image", partial(heif.metadata_extents, "HEIF", b"mime", 60, 30)),
    ("HEIC, a grid of 961 tiles of 2048x2048", 1, "image", partial(heif.grid, "HEIF", 2048, 31)),
    ("AVIF stating 64x64, coding 16384x16384", 1, "image", partial(heif.false_size, "AVIF", 16_384)),
    ("lossless WebP of 7000x7000, two at once", 2, "image", partial(pictures.lossless, 7000, 7000)),
    ("AVI of 2 frames of 100,000 scans, two at once", 2, "video",
     lambda: videos.packed("avi", "mjpeg", [jpeg.progressive(3072, 100_000)] * 2, 3072)),
)  # fmt: skip


def cpu_seconds(process: int) -> float:
    """Of a process, its descendants, and those of them that have ended."""
    found = 0.0
    for one in family(process):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        found += sum(map(int, fields[11:15])) / TICKS
    return found


def timed(call: Callable[[], object]) -> float:
    """Seconds; without end where there is no answer within a minute."""
    began = time.perf_counter()
    try:
        call()
    except TimeoutError:
        return math.inf
    return time.perf_counter() - began


def memory(server: Server) -> int:
    return sum(map(proportional, family(server.process.pid)))


def measure(name: str, copies: int, kind: MediaKind, data: bytes, **options: str) -> None:
    plain = faces.jpeg(faces.astronaut())
    with Server(fresh=True, threads="2", log_level="ERROR", request_timeout="55", **options) as server:
        server.template(faces.jpeg(faces.astronaut(), progressive=True))
        idle = median(timed(lambda: server.template(plain)) for _ in range(9))
        before, spent = memory(server), cpu_seconds(server.process.pid)
        peak = [before]
        with Watch(lambda: peak.append(memory(server)), 0.02), ThreadPoolExecutor(copies) as pool:
            sent = [pool.submit(send, server.port, kind, data) for _ in range(copies)]
            time.sleep(0.5)
            another = timed(lambda: server.template(plain))
            statuses = [one.result() if one.exception() is None else "none" for one in sent]
        spent = cpu_seconds(server.process.pid) - spent
    print(f"{name}, {len(data)} bytes: {statuses}; {(max(peak) - before) / MIB:.0f} MiB, {spent:.1f} CPU s; "
          f"another {another / idle:.1f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    for name, copies, kind, make in FILES:
        measure(name, copies, kind, make(), sandbox="false" if "off" in sys.argv else "true")
