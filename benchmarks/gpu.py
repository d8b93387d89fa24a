"""A server on a CUDA card: the card alone, the start, extracts per second, and how its templates differ from a CPU's.

    benchmarks/gpu.sh [--photos DIR] [--clients 1,16,64] [--threads 64] [--seconds 10] [--json FILE]

With --device cpu the same is run on the CPU, in batches: it shows that the benchmark works, and no speed.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.scaling import load, photos, recipe
from benchmarks.servers import Server, running
from benchmarks.wire import PATTERN
from faceVer.domain.errors import FaceVerError
from faceVer.inference.cuda import card, load_libraries
from faceVer.inference.fixed_shapes import with_input_shape
from faceVer.inference.manifest import load_manifest, weights_folder
from faceVer.inference.onnx import OnnxBackend, available_providers
from faceVer.inference.opening import CUDA, ON_CARD
from faceVer.services.faces import FaceEngine
from faceVer.settings.loader import load_settings

START_SECONDS = 240
COMPARED = 60
"""Photos whose templates are compared with the CPU's."""
SHAPES = (
    ("centerface", (3, 160, 192), (1, 4, 16), True),
    ("centerface", (3, 160, 192), (1, 16), False),
    ("centerface", (3, 256, 320), (1, 16), True),
    ("centerface", (3, 480, 640), (1, 4), True),
    ("mobilefacenet", (3, 112, 112), (1, 4, 16, 64), False),
    ("minifasnet", (3, 128, 128), (1, 16), False),
)
"""Model, shape of an image, batch sizes, whether images may be padded."""
RUNS = 30
STAGE = re.compile(r" (queue|decode|detect|align|embed)=([0-9.]+)")


def kernels(device: str) -> Iterator[dict[str, Any]]:
    """Each model in sessions of one shape: seconds until its first answer, then images per second, copies included."""
    if device == "cuda":
        load_libraries()
    manifest, backend = (
        load_manifest(weights_folder("")),
        OnnxBackend(ON_CARD if device == "cuda" else ("CPUExecutionProvider",)),
    )
    for name, shape, sizes, padded in SHAPES:
        for size in sizes:
            began = time.perf_counter()
            path = manifest.folder / manifest.models[name].file
            source = with_input_shape(path, (size, *shape), padded=padded)
            feed, *more = backend.add("model", source, name).inputs
            sides = {
                one: np.full((size, 1, 1, 1), side, np.float32) for one, side in zip(more, shape[1:], strict=False)
            }
            inputs = {feed: np.random.default_rng(0).random((size, *shape), dtype=np.float32), **sides}
            backend.infer("model", inputs)
            first, times = time.perf_counter() - began, []
            for _ in range(RUNS):
                started = time.perf_counter()
                backend.infer("model", inputs)
                times.append(time.perf_counter() - started)
            yield {
                "model": name,
                "shape": shape,
                "batch": size,
                "padded": padded,
                "first_s": round(first, 2),
                "per_second": round(size / median(times), 1),
            }


def used() -> dict[str, int]:
    """The card's memory in use, MiB, and how busy it is, per cent; nothing where nvidia-smi is missing."""
    query = ["nvidia-smi", "--query-gpu=memory.used,utilization.gpu", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True).stdout.splitlines()[0]
        memory, busy = map(int, answer.split(","))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return {}
    return {"card_mib": memory, "card_percent": busy}


def row(server: Server, bodies: Sequence[bytes], clients: int, seconds: float, folder: Path) -> dict[str, Any]:
    """One load, how busy the card is in the middle of it, and the median milliseconds of each stage."""
    start = server.log.stat().st_size
    with ThreadPoolExecutor(1) as pool:
        card_use = pool.submit(lambda: (time.sleep(seconds / 2), used())[1])
        found: dict[str, Any] = load(server, bodies, clients, seconds, folder)
        found |= card_use.result()
    times: dict[str, list[float]] = {}
    for name, value in STAGE.findall(server.log.read_text(errors="replace")[start:]):
        times.setdefault(name, []).append(float(value))
    found["stages_ms"] = {name: median(values) for name, values in times.items()}
    print(json.dumps(found), flush=True)
    return found


def templates(server: Server, bodies: Sequence[bytes]) -> list[bytes | None]:
    """What the server answers to each photo; None where it refuses it."""
    found: list[bytes | None] = []
    for body in bodies:
        try:
            found.append(server.call("POST", PATTERN + "extract", body, {"Content-Type": "image/jpeg"}))
        except RuntimeError:
            found.append(None)
    return found


def compared(bodies: Sequence[bytes], answers: Sequence[bytes | None]) -> dict[str, Any]:
    """How the templates of a server differ from those of a CPU without batches."""
    engine = FaceEngine.load(load_settings({"FACEVER_SECOND_FACE_RATIO": "100"}))
    cosines, other = [], 0
    for body, answer in zip(bodies[:COMPARED], answers, strict=False):
        try:
            vector = engine.embed(body)
        except FaceVerError:
            other += answer is not None
            continue
        if answer is None:
            other += 1
        else:
            cosines.append(float(engine.templates.decode(answer)[1] @ vector))
    return {
        "photos": len(cosines) + other,
        "other_decisions": other,
        "cosine_min": round(min(cosines), 5),
        "cosine_p5": round(float(np.percentile(cosines, 5)), 5),
        "cosine_median": round(median(cosines), 5),
    }


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # stops the server, too
    parser = argparse.ArgumentParser(prog="benchmarks/gpu.sh")
    parser.add_argument("--photos", type=Path, help="folder of portraits, square")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--clients", type=lambda text: [int(one) for one in text.split(",")], default=(1, 16, 64))
    parser.add_argument("--threads", type=int, default=64)
    parser.add_argument("--items", type=int, default=16, help="most images of a run")
    parser.add_argument("--wait", type=float, default=1.0, help="milliseconds an image waits for others")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--no-kernels", action="store_true")
    parser.add_argument("--no-compare", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.device == "cuda" and not (CUDA in available_providers() and card()):
        print(f"no CUDA card, or no onnxruntime-gpu: {', '.join(available_providers())}; card: {card() or 'none'}")
        return 1
    report: dict[str, Any] = {"card": card() if options.device == "cuda" else "CPU", "rows": []}
    print(report["card"], flush=True)

    def keep() -> None:
        if options.json:
            options.json.write_text(json.dumps(report, indent=1))

    if not options.no_kernels:
        report["kernels"] = []
        for one in kernels(options.device):
            report["kernels"].append(one)
            print(json.dumps(one), flush=True)
            keep()
    bodies = photos(options.photos)
    variables = {
        "FACEVER_DEVICE": options.device,
        "FACEVER_BATCH_ITEMS": str(options.items),
        "FACEVER_BATCH_WAIT": str(options.wait),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running(recipe("gpu", 1, options.threads, variables), folder, START_SECONDS) as server:
            report["ready_s"] = round(server.ready, 1)
            report |= used()
            print(f"ready after {report['ready_s']} s, {report.get('card_mib', 0)} MiB of the card in use", flush=True)
            answers = templates(server, bodies)
            good = [body for body, answer in zip(bodies, answers, strict=True) if answer is not None]
            load(server, good, max(options.clients), 2.0, folder)
            for clients in options.clients:
                report["rows"].append(row(server, good, clients, options.seconds, folder))
                keep()
    if not options.no_compare:
        report["compared"] = compared(bodies, answers)
        print(json.dumps(report["compared"]), flush=True)
    keep()
    return 0


if __name__ == "__main__":
    sys.exit(main())
