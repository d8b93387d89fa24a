"""Where the time of one extract goes, and that of the analysis of a 4-second clip.

    python -m benchmarks.stages [ROUNDS]     (default 30)

In-process, one thread; stages are those of observability/timings.py. "transport" is what one
takes longer over HTTP, one client, than in-process: bytes in and out, parsing, the hand-over to a thread. Medians; the
two kinds of measurement alternate.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import samples, servers
from benchmarks.fleet import requests
from benchmarks.measure import Target
from faceVer.domain.values import Upload
from faceVer.media.video import read_video
from faceVer.observability.timings import STAGES, Trace, current
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.best_shot import BestShots
from faceVer.services.folders.pad import score_frames
from faceVer.services.folders.service import FolderService
from faceVer.services.folders.subjects import SubjectDetector
from faceVer.services.rules import media_limits
from faceVer.settings.loader import load_settings
from faceVer.settings.model import Settings

ROUNDS, TURNS = 30, 5
"""Measurements of each kind, and the turns of in-process and served they are made in."""
CLIP_ROUNDS = 7
THROUGHPUT_SECONDS = 4.0


def lines(parts: dict[str, float], total: float) -> list[str]:
    """One line per stage. parts, total: seconds."""
    found = [f"{name:<12}{seconds * 1e3:8.2f} ms {seconds / total:5.0%}" for name, seconds in parts.items()]
    return [*found, f"{'total':<12}{total * 1e3:8.2f} ms"]


def traced(action: Callable[[], Any]) -> tuple[float, dict[str, float]]:
    """(seconds of one call, seconds by stage)."""
    trace = Trace()
    token = current.set(trace)
    try:
        start = time.perf_counter()
        action()
        return time.perf_counter() - start, trace.totals()
    finally:
        current.reset(token)


def photo(name: str, action: Callable[[], Any], target: Target, rounds: int) -> None:
    """Print the stages of one extract. name: the same request, served."""
    whole: list[float] = []
    stages: dict[str, list[float]] = {}
    served: list[float] = []
    action()
    for _ in range(TURNS):
        for _ in range(max(1, rounds // TURNS)):
            seconds, spent = traced(action)
            whole.append(seconds)
            for stage, part in spent.items():
                stages.setdefault(stage, []).append(part)
        served += target.load([name], 1, 30, limit=max(1, rounds // TURNS)).latencies
    parts = {stage: median(stages[stage]) for stage in STAGES if stage in stages}
    parts["rest"] = max(0.0, median(whole) - sum(parts.values()))
    parts["transport"] = max(0.0, median(served) / 1e3 - median(whole))
    print(f"{name}: one JPEG, one thread", *lines(parts, median(whole) + parts["transport"]), sep="\n", end="\n\n")


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """(median seconds, the last result)."""
    taken = []
    for _ in range(CLIP_ROUNDS):
        start = time.perf_counter()
        result = action()
        taken.append(time.perf_counter() - start)
    return median(taken), result


def per_minute(action: Callable[[], Any], threads: int) -> float:
    """Calls per minute from so many threads."""
    start = time.perf_counter()

    def loop(_: int) -> int:
        done = 0
        while time.perf_counter() - start < THROUGHPUT_SECONDS:
            action()
            done += 1
        return done

    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(loop, range(threads)))
    return done / (time.perf_counter() - start) * 60


def clip(engine: FaceEngine, settings: Settings) -> None:
    """Print the stages of a clip's analysis, and how many are analysed per minute."""
    data, limits = samples.clip(), media_limits(settings)
    liveness = FolderService.load(engine, settings)._liveness
    subjects, shots = SubjectDetector(engine, settings), BestShots(engine, liveness.attributes, settings)
    service = FolderService(engine, liveness, settings)
    decode, video = timed(lambda: read_video(data, limits=limits))
    detect, detections = timed(lambda: subjects.in_frames(video.frames))
    score, _ = timed(lambda: score_frames(liveness.pad, detections, settings.liveness.spoof_views))
    shot, _ = timed(lambda: shots.best(shots.ranked(detections)))
    print(f"video: {len(data) / 1000:.0f} KB, {len(video.frames)} frames taken, {len(detections)} with a face")
    parts = {"decode": decode, "detect": detect, "score": score}
    print(*lines(parts, sum(parts.values())), f"(a best shot adds {shot * 1e3:.1f} ms)", sep="\n")
    one, two = (per_minute(lambda: service.run([Upload("video1", data)], None), threads) for threads in (1, 2))
    print(f"in-process, per minute: 1 thread {one:.0f}, 2 threads {two:.0f} (x{two / one:.2f})")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    settings = load_settings({})
    engine = FaceEngine.load(settings)
    with tempfile.TemporaryDirectory(prefix="facever-bench-") as name:
        folder = Path(name)
        with servers.running(servers.product(1), folder) as server:
            target = Target(server, requests(server), folder)
            target.warm(["extract", "extract-large"])
            photo("extract", lambda: engine.extract(samples.photo()), target, rounds)
            photo("extract-large", lambda: engine.extract(samples.large_photo()), target, rounds)
    clip(engine, settings)


if __name__ == "__main__":
    main()
