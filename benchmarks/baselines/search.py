"""One side of the 1:N search alone, on one thread: a probe against N vectors of 512 numbers.

    python search.py SIDE     (matcher: the product's; numpy: one matrix product; faiss: IndexFlatIP, the best 10)

For each line "N REPEATS" of standard input it prints the seconds one search takes (mean of the repeats).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

DIMENSION, BEST = 512, 10


@cache
def vectors(count: int) -> tuple[Any, Any]:
    """(probe, gallery): unit vectors, float32, the same on every side; the probe is row 0 of the gallery."""
    rows = np.random.default_rng(0).normal(size=(count, DIMENSION)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows[0].copy(), rows


def matcher(count: int) -> Callable[[], float]:
    from faceVer.inference.manifest import load_manifest, weights_folder
    from faceVer.matching.scores import Matcher, Thresholds

    calibration = load_manifest(weights_folder("")).pack("open").recognition.calibration
    assert calibration is not None
    compare = Matcher(calibration, Thresholds(0.85, 0.85)).compare_many
    probe, gallery = vectors(count)
    return lambda: compare(probe, gallery)[0].cosine


def plain(count: int) -> Callable[[], float]:
    probe, gallery = vectors(count)
    return lambda: float((gallery @ probe)[0])


def index(count: int) -> Callable[[], float]:
    import faiss  # type: ignore[import-not-found]

    faiss.omp_set_num_threads(1)
    probe, gallery = vectors(count)
    flat = faiss.IndexFlatIP(DIMENSION)
    flat.add(gallery)
    return lambda: float(flat.search(probe[None], BEST)[0][0, 0])


SIDES: dict[str, Callable[[int], Callable[[], float]]] = {"matcher": matcher, "numpy": plain, "faiss": index}


def main() -> None:
    make = cache(SIDES[sys.argv[1]])
    for line in sys.stdin:
        count, repeats = (int(word) for word in line.split())
        search = make(count)
        found = search()
        if abs(found - 1) > 1e-3:
            raise SystemExit(f"a vector's cosine with itself came out as {found}")
        start = time.perf_counter()
        for _ in range(repeats):
            search()
        print((time.perf_counter() - start) / repeats, flush=True)


if __name__ == "__main__":
    main()
