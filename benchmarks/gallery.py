"""Exact 1:N search of a million vectors on one thread, beside the memory's bandwidth and a float32 product.

    python -m benchmarks.gallery [ROWS]     (default 1,000,000: 1.6 GB; FACEVER_DATA says where lfw-dev is)

The gallery is the templates of lfw-dev's photos, if they are there, and random vectors; probes are other photos and
random vectors. `sum` adds up the codes as 64-bit integers: the least time in which they can be read. Medians of
alternating runs. Recall: of the best ten by float32 products over all rows.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray

from benchmarks.samples import lfw_dev
from faceVer.matching.gallery import Gallery
from faceVer.services.faces import FaceEngine
from faceVer.settings.loader import load_settings

ROWS, DIMENSION, BEST, ROUNDS = 1_000_000, 512, 10, 21
PHOTOS, PROBES = 300, 20
CHUNK = 50_000


def unit(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    rows = rng.standard_normal((count, DIMENSION), dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1)[:, None]


def photo_vectors(engine: FaceEngine) -> list[NDArray[np.float32]]:
    """Of people with two photos: the first photo's, then the second's, and so on."""
    people = [sorted(one.glob("*.jpg"))[:2] for one in sorted(lfw_dev().glob("*"))]
    pairs = [pair for pair in people if len(pair) == 2]
    chosen = random.Random(1).sample(pairs, min(PHOTOS // 2, len(pairs)))
    return [engine.embed(photo.read_bytes()) for pair in chosen for photo in pair]


def milliseconds(*actions: Callable[[], object]) -> list[float]:
    """The median of each, run in turn."""
    taken: list[list[float]] = [[] for _ in actions]
    for _ in range(ROUNDS):
        for times, action in zip(taken, actions, strict=True):
            start = time.perf_counter()
            action()
            times.append(time.perf_counter() - start)
    return [median(times) * 1e3 for times in taken]


def by_products(rows: NDArray[np.float16], probes: NDArray[np.float32]) -> list[set[int]]:
    """The rows of the best products of each probe."""
    scores = np.concatenate(
        [rows[at : at + CHUNK].astype(np.float32) @ probes.T for at in range(0, len(rows), CHUNK)], axis=0
    )
    return [set(np.argpartition(-column, BEST)[:BEST].tolist()) for column in scores.T]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    engine, rng = FaceEngine.load(load_settings({"FACEVER_SECOND_FACE_RATIO": "100"})), np.random.default_rng(0)
    photos = photo_vectors(engine)
    rows = np.empty((count, DIMENSION), np.float16)
    for at in range(0, count, CHUNK):
        rows[at : at + CHUNK] = unit(rng, min(CHUNK, count - at))
    if photos:
        rows[-len(photos[::2]) :] = photos[::2]
    start = time.perf_counter()
    gallery = Gallery(rows)
    print(f"{count:,} x {DIMENSION}, {len(photos[::2])} of photos; prepared in {time.perf_counter() - start:.1f} s")
    probes = np.concatenate([np.stack([*photos[1::2][:PROBES]]), unit(rng, PROBES)]) if photos else unit(rng, PROBES)
    codes, part = gallery._codes.numbers.view(np.int64), rows[: count // 10].astype(np.float32)
    probe = probes[0]
    total, search, product = milliseconds(
        codes.sum, lambda: gallery.best(probe, BEST, engine.matcher), lambda: part @ probe
    )
    print(f"search {search:.1f} ms; sum {total:.1f} ms; search / sum {search / total:.2f}; float32 product of all rows "
          f"{product * 10:.0f} ms (ten times that of a tenth)")  # fmt: skip
    sizes = [len(gallery.shortlist(one, BEST)) for one in probes]
    found = [{one.row for one in gallery.best(probe, BEST, engine.matcher)} for probe in probes]
    wanted = by_products(rows, probes)
    share = sum(len(ours & theirs) for ours, theirs in zip(found, wanted, strict=True)) / (BEST * len(probes))
    print(
        f"shortlist {min(sizes)} to {max(sizes)} rows; recall of the best {BEST} over {len(probes)} probes {share:.4f}"
    )


if __name__ == "__main__":
    main()
