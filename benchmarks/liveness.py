"""Folder analyses per minute: a 4-second 640x480 H.264 clip, split into decode, detect, score; one thread and two.

    python benchmarks/liveness.py [SECONDS]     (default 12: the time the two throughput runs take together)

The clip is a real face that drifts through the picture. Medians; absolute numbers are this machine's, shares and the
ratio of two threads to one are what to compare.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from statistics import median
from typing import Any

import av
import numpy as np
from PIL import Image as Pil

from faceVer.analyses.folder import FolderService
from faceVer.analyses.quality import QualityService
from faceVer.engine import FaceEngine
from faceVer.environment import load_settings
from faceVer.media.limits import MediaLimits
from faceVer.media.video import read_video
from faceVer.types import Upload
from faceVer.vision.liveness_pack import load_liveness

WIDTH, HEIGHT, FPS, SECONDS = 640, 480, 25, 4
ROUNDS = 7
VENDOR_PER_MINUTE = 36  # the vendor's published figure for its instant API, per instance on 16 cores


def clip() -> bytes:
    """The clip as an mp4."""
    picture = Pil.open(io.BytesIO(files("skimage").joinpath("data/astronaut.png").read_bytes())).convert("RGB")
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as out:
        stream: Any = out.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", 1_500_000
        noise = np.random.default_rng(0)
        for number in range(FPS * SECONDS):
            left = 60 + number % 50
            part = picture.crop((left, 0, left + 360, 270)).resize((WIDTH, HEIGHT))
            grain = noise.normal(0, 3, (HEIGHT, WIDTH, 1))
            pixels = np.clip(np.asarray(part) + grain, 0, 255).astype(np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        out.mux(stream.encode(None))
    return target.getvalue()


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """(median seconds of `ROUNDS` calls, the last result)."""
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        result = action()
        taken.append(time.perf_counter() - start)
    return median(taken), result


def per_minute(action: Callable[[], Any], threads: int, seconds: float) -> float:
    """Calls per minute from so many threads, over at least `seconds`."""
    start = time.perf_counter()

    def loop() -> int:
        done = 0
        while time.perf_counter() - start < seconds:
            action()
            done += 1
        return done

    with ThreadPoolExecutor(threads) as pool:
        done = sum(future.result() for future in [pool.submit(loop) for _ in range(threads)])
    return done / (time.perf_counter() - start) * 60


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 12.0
    settings = load_settings()
    engine, liveness = FaceEngine.load(settings), load_liveness(settings)
    quality, service = QualityService(engine, liveness, settings), FolderService(engine, liveness, settings)
    data = clip()
    limits = MediaLimits.from_settings(settings)

    decode, video = timed(lambda: read_video(data, limits=limits))
    detect, sightings = timed(lambda: quality.sight_frames(video.frames))
    score, _ = timed(lambda: quality.spoof(sightings))
    shot, _ = timed(lambda: quality.best_shot(quality.ranked(sightings)))
    total = decode + detect + score
    print(f"clip: {len(data) / 1000:.0f} KB, {len(video.frames)} frames taken, {len(sightings)} with a face")
    for name, taken in (("decode", decode), ("detect", detect), ("score", score)):
        print(f"{name:<10}{taken * 1000:7.1f} ms {taken / total:6.0%}")
    print(f"{'total':<10}{total * 1000:7.1f} ms   (a best shot adds {shot * 1000:.1f} ms)")

    def analyse() -> None:
        service.run([Upload("video1", data)], None)

    one, two = (per_minute(analyse, threads, seconds / 2) for threads in (1, 2))
    print(f"analyses per minute: 1 thread {one:.0f}, 2 threads {two:.0f} (x{two / one:.2f})")
    print(f"the vendor states {VENDOR_PER_MINUTE} per minute: x{two / VENDOR_PER_MINUTE:.1f} with 2 threads")


if __name__ == "__main__":
    main()
