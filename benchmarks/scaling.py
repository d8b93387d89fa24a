"""How extracts scale with cores: the models alone by threads, then servers by workers and threads.

    python -m benchmarks.scaling [--photos DIR] [--threads 1,2,4] [--splits 1x1,1x16,4x4] [--seconds 5] [--json FILE]
    python -m benchmarks.scaling --sleep 40 [--splits 16x1,1x16]

With --sleep no model runs: each extract sleeps for so long without the interpreter's lock, so that even two cores show
how requests are spread over workers and threads. Photos are pasted into 640x480 JPEGs.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import processes, wire
from benchmarks.servers import ROOT, Recipe, Server, running
from benchmarks.wire import PATTERN

WIDTH, HEIGHT, FACES = 640, 480, 200
THREADS = (1, 2, 4, 8, 16)
SPLITS = ("1x1", "1x2", "1x4", "1x8", "1x16", "2x8", "4x4", "8x2", "16x1")
PER_THREAD = 2
"""Connections per inference thread."""
PIDS = "BENCHMARK_PIDS"
"""Variable that names the file to which a server that sleeps appends its process id with each request."""


def photos(folder: Path | None, count: int = FACES) -> list[bytes]:
    """640x480 JPEGs of one person each: the folder's first pictures, or those of the benchmark."""
    if folder is None:
        from benchmarks.samples import people

        return list(people())
    found = []
    for path in sorted(folder.rglob("*.jpg"))[:count]:
        with Image.open(path) as picture:
            face = picture.convert("RGB").resize((HEIGHT, HEIGHT))
        canvas = Image.new("RGB", (WIDTH, HEIGHT), (127, 127, 127))
        canvas.paste(face, ((WIDTH - HEIGHT) // 2, 0))
        target = io.BytesIO()
        canvas.save(target, "JPEG", quality=90)
        found.append(target.getvalue())
    return found


def kernels(counts: Sequence[int], seconds: float) -> dict[str, float]:
    """Pairs of a detector run at 160x192 and a recognizer run per second, by threads of this process."""
    from faceVer.inference.backend import LoadedModel
    from faceVer.inference.manifest import load_manifest, weights_folder
    from faceVer.inference.onnx import OnnxBackend

    manifest, backend = load_manifest(weights_folder("")), OnnxBackend(("CPUExecutionProvider",))
    models = [manifest.models[name] for name in ("centerface", "mobilefacenet")]
    detector, recognizer = (LoadedModel.load(backend, one.name, manifest.folder / one.file) for one in models)
    rng = np.random.default_rng(0)
    inputs = [rng.random((1, 3, *shape), dtype=np.float32) * 255 for shape in ((160, 192), (112, 112))]
    rates = {}
    for count in counts:
        done, stop = [0] * count, time.perf_counter() + seconds

        def work(place: int, done: list[int] = done, stop: float = stop) -> None:
            while time.perf_counter() < stop:
                detector.run(inputs[0])
                recognizer.run(inputs[1])
                done[place] += 1

        began = time.perf_counter()
        threads = [threading.Thread(target=work, args=(place,)) for place in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rates[str(count)] = round(sum(done) / (time.perf_counter() - began), 1)
        print(f"kernels, {count:2} threads: {rates[str(count)]:8.1f} pairs/s", flush=True)
    return rates


def recipe(name: str, workers: int, threads: int, variables: dict[str, str] | None = None, sleep: float = 0) -> Recipe:
    command = ["-m", "benchmarks.scaling", "serve", str(sleep)] if sleep else ["-m", "faceVer", "serve", "--port"]
    return Recipe(
        name,
        lambda port: [sys.executable, *command, str(port)],
        {
            "FACEVER_HOST": "127.0.0.1",
            "FACEVER_WORKERS": str(workers),
            "FACEVER_THREADS": str(threads),
            "FACEVER_SECOND_FACE_RATIO": "100",
            "FACEVER_MAX_QUEUE": "1000",
            **(variables or {}),
        },
    )


def load(server: Server, bodies: Sequence[bytes], clients: int, seconds: float, folder: Path) -> dict[str, float]:
    """What so many clients get, and what it costs the server."""
    files = [folder / f"{number}.http" for number in range(len(bodies))]
    for file, body in zip(files, bodies, strict=True):
        if not file.exists():
            file.write_bytes(wire.image(PATTERN + "extract", body))
    job = {"port": server.port, "requests": list(map(str, files)), "clients": clients, "seconds": seconds}
    before = processes.cpu_seconds(server.process.pid)
    result = subprocess.run(
        [sys.executable, "-S", "-m", "benchmarks.loadgen"],
        cwd=ROOT,
        input=json.dumps(job),
        capture_output=True,
        text=True,
        timeout=seconds + 150,
        check=False,
    )
    if result.returncode:
        raise RuntimeError(f"{server.name}: {result.stderr[-400:]}")
    after = processes.cpu_seconds(server.process.pid)
    spent = {pid: used - before.get(pid, 0.0) for pid, used in after.items()}
    answers = json.loads(result.stdout)
    count, took = len(answers["latencies"]), answers["seconds"]
    p50, p99 = np.percentile(answers["latencies"], (50, 99))
    return {
        "clients": clients,
        "per_second": round(count / took, 1),
        "p50_ms": round(float(p50), 1),
        "p99_ms": round(float(p99), 1),
        "cpu_ms": round(sum(spent.values()) / count * 1e3, 1),
        "cores": round(sum(spent.values()) / took, 1),
        "generator_cores": round(answers["cpu"] / took, 2),
    }


def accepted(bodies: Sequence[bytes], folder: Path) -> list[bytes]:
    """Those of the photos that give a template: the load generator takes no other answer."""
    with running(recipe("filter", 1, 0), folder) as server:
        good = []
        for body in bodies:
            try:
                server.call("POST", PATTERN + "extract", body, {"Content-Type": "image/jpeg"})
            except RuntimeError:
                continue
            good.append(body)
    return good


def split_row(split: str, bodies: Sequence[bytes], seconds: float, sleep: float) -> dict[str, Any]:
    workers, threads = map(int, split.split("x"))
    with tempfile.TemporaryDirectory() as name:
        folder, pids = Path(name), Path(name, "pids")
        with running(recipe(f"server-{split}", workers, threads, {PIDS: str(pids)}, sleep), folder) as server:
            clients = PER_THREAD * workers * threads
            if not sleep:
                load(server, bodies, clients, 1.0, folder)
            row: dict[str, Any] = {"split": split, **load(server, bodies, clients, seconds, folder)}
        if sleep:
            row["per_worker"] = sorted(Counter(pids.read_text().split()).values(), reverse=True)
            row["possible"] = round(workers * threads * 1e3 / sleep, 1)
    print(json.dumps(row), flush=True)
    return row


def serve(milliseconds: float, port: int) -> None:
    """A server whose extracts sleep."""
    from faceVer.http.server.serve import serve as serve_until_stopped
    from faceVer.services.faces import FaceEngine
    from faceVer.settings.loader import load_settings

    def extract(self: FaceEngine, sample: bytes) -> bytes:
        with Path(os.environ[PIDS]).open("a") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(milliseconds / 1e3)
        return b"template"

    FaceEngine.extract = extract  # type: ignore[method-assign]
    serve_until_stopped(load_settings(port=port))


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # stops the server, too
    parser = argparse.ArgumentParser(prog="benchmarks.scaling")
    parser.add_argument("--photos", type=Path, help="folder of portraits, square")
    parser.add_argument("--threads", type=lambda text: [int(one) for one in text.split(",")], default=THREADS)
    parser.add_argument("--splits", type=lambda text: text.split(","), default=SPLITS, help="workers x threads")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--sleep", type=float, default=0.0, help="milliseconds of an extract without models")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    report: dict[str, Any] = {"cpus": len(os.sched_getaffinity(0)), "rows": []}

    def keep() -> None:
        if options.json:
            options.json.write_text(json.dumps(report, indent=1))

    bodies = [b"no image"]
    if not options.sleep:
        report["kernels"] = kernels(options.threads, options.seconds)
        with tempfile.TemporaryDirectory() as folder:
            bodies = accepted(photos(options.photos), Path(folder))
        print(f"{len(bodies)} photos", flush=True)
    for split in options.splits:
        report["rows"].append(split_row(split, bodies, options.seconds, options.sleep))
        keep()
    keep()


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(float(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
