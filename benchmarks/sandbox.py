"""What the decoding sandbox costs on good files: files per second with and without it.

    python -m benchmarks.sandbox [ROUNDS]     (default 40)

One thread, in turns: a file with the sandbox, the same without. Wall time shows what a client waits, CPU time, that of
the helper included, what the machine pays. "extract" and "analysis" are whole requests without transport.
"""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import pillow_heif
from PIL import Image

from benchmarks import samples
from faceVer.domain.folders import MediaKind
from faceVer.domain.values import Upload
from faceVer.http.server.process import configure_process
from faceVer.media.decoder import Decoder
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.service import FolderService
from faceVer.services.rules import media_limits
from faceVer.settings.loader import load_settings
from tests.support_processes import family

ROUNDS = 40
_TICKS = os.sysconf("SC_CLK_TCK")


def files() -> dict[str, tuple[MediaKind, bytes]]:
    photo = Image.open(io.BytesIO(samples.photo())).convert("RGB").resize((640, 480))
    heif = io.BytesIO()
    pillow_heif.from_pillow(photo.resize((4032, 3024))).save(heif, quality=60)
    return {
        "JPEG progressive 640x480": ("image", _encoded(photo, "JPEG", progressive=True)),
        "WebP 640x480": ("image", _encoded(photo, "WEBP")),
        "AVIF 640x480": ("image", _encoded(photo, "AVIF")),
        "HEIC 4032x3024": ("image", heif.getvalue()),
        "clip of 4 s": ("video", samples.clip()),
    }


def _encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def cpu_seconds() -> float:
    """Of this process and all below it."""
    return time.process_time() + sum(map(_child_seconds, family(os.getpid())[1:]))


def _child_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def compare(name: str, with_sandbox: Callable[[], Any], without: Callable[[], Any], rounds: int) -> str:
    """One row: medians of the wall times, and means of the CPU times, which the system counts in hundredths."""
    walls: dict[Callable[[], Any], list[float]] = {with_sandbox: [], without: []}
    cpus = dict.fromkeys(walls, 0.0)
    for action in walls:
        action()
    for _ in range(rounds):
        for action in walls:
            begun, used = time.perf_counter(), cpu_seconds()
            action()
            walls[action].append(time.perf_counter() - begun)
            cpus[action] += (cpu_seconds() - used) / rounds
    (inside, outside), (cpu_inside, cpu_outside) = map(median, walls.values()), cpus.values()
    rates = f"{1 / outside:8.1f}/s {1 / inside:8.1f}/s"
    return (
        f"{name:<34}{rates} {(inside - outside) * 1e3:+7.2f} ms {inside / outside:6.3f}"
        f"   CPU {(cpu_inside - cpu_outside) * 1e3:+7.2f} ms {cpu_inside / cpu_outside:6.3f}"
    )


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    configure_process()
    settings = load_settings({})
    inside = FaceEngine.load(settings)
    outside = FaceEngine(inside._models, settings, Decoder())
    services = [FolderService.load(engine, settings) for engine in (inside, outside)]
    print(f"{'':<34}{'without':>10} {'with':>10} {'cost':>10} {'ratio':>6}")
    for name, (kind, data) in files().items():
        limits = media_limits(settings.changed(max_folder_pixels=1 << 40))
        few = rounds if kind == "image" else max(5, rounds // 4)
        decoding = [partial(engine.decoder.medium, data, kind, limits) for engine in (inside, outside)]
        print(compare(f"decode {name}", *decoding, few), flush=True)
        if kind == "video":
            whole = [partial(service.run, [Upload("v", data)], None) for service in services]
        else:
            whole = [partial(engine.extract, data) for engine in (inside, outside)]
        print(compare(f"{'analysis' if kind == 'video' else 'extract'} {name}", *whole, few), flush=True)
    inside.decoder.close()


if __name__ == "__main__":
    main()
