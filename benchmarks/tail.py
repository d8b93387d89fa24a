"""Slow photos: extracts of all kinds of lfw-dev photos, one thread, in-process; and what the search for faces finds.

    python -m benchmarks.tail [PHOTOS]     (default 300; FACEVER_DATA says where the photos are, FACEVER_PACK the pack)

Upright photos have the orientation they were found in compared with 0; rotated ones with the rotation that undoes
theirs; faces cut out are those of the box, 5 % smaller on each side or 3 % larger, enlarged 6 times. `cosine`: to the
template of the entire upright photo. A white picture of 14.7 megapixels comes last.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from PIL import Image as Pil

from benchmarks.samples import lfw_dev
from faceVer.domain.errors import FaceError
from faceVer.domain.values import Image
from faceVer.services.faces import FaceEngine
from faceVer.settings.loader import load_settings
from tests.support_faces import encoded, jpeg

PHOTOS = 300


def pasted(image: Image) -> Image:
    """A photo in the middle of a gray picture of 640x480."""
    canvas = np.full((480, 640, 3), 90, np.uint8)
    canvas[115:365, 195:445] = image
    return canvas


def cut_out(engine: FaceEngine, image: Image, share: float) -> Image:
    """The subject's box without `share` of its side on each side, 6 times as large."""
    face = engine.subject(image).face
    dx, dy = share * face.width, share * face.height
    left, top, right, bottom = (max(0, int(edge)) for edge in face.box + np.array([dx, dy, -dx, -dy]))
    part = Pil.fromarray(image[top:bottom, left:right])
    return np.asarray(part.resize((part.width * 6, part.height * 6), Pil.Resampling.BICUBIC))


def kinds(engine: FaceEngine) -> Mapping[str, tuple[int, Callable[[Image], Image]]]:
    """name -> (degrees counter-clockwise that set it upright, the picture made of a photo)."""
    turned: dict[str, tuple[int, Callable[[Image], Image]]] = {
        f"{name}, turned by {degrees}": (
            360 - degrees,
            lambda image, make=make, k=degrees // 90: np.rot90(make(image), k),
        )
        for degrees in (90, 180, 270)
        for name, make in (("250x250", lambda image: image), ("640x480", pasted))
    }
    return {
        "250x250": (0, lambda image: image),
        "640x480": (0, pasted),
        **turned,
        "cut to the box less 5 %": (0, lambda image: cut_out(engine, image, 0.05)),
        "cut to the box and 3 %": (0, lambda image: cut_out(engine, image, -0.03)),
    }


def photos(count: int) -> Iterator[Image]:
    """(250, 250, 3) uint8 RGB."""
    files = sorted(lfw_dev().glob("*/*.jpg"))
    for file in random.Random(3).sample(files, min(count, len(files))):
        with Pil.open(file) as picture:
            yield np.asarray(picture.convert("RGB"))


def measure(engine: FaceEngine, name: str, upright: int, make: Callable[[Image], Image], images: list[Image]) -> None:
    seconds, cosines, wrong, missed = [], [], 0, 0
    for image in images:
        data = jpeg(Pil.fromarray(make(image)), quality=92)
        start = time.process_time()
        report = engine.examine(data)
        seconds.append(time.process_time() - start)
        if not report.faces:
            missed += 1
        elif report.turned != upright % 360:
            wrong += 1
        elif report.template is not None:
            try:
                whole = engine.embed(jpeg(Pil.fromarray(image), quality=92))
                cosines.append(float(engine.templates.decode(report.template)[1] @ whole))
            except FaceError:
                continue
    p50, p99, largest = (np.percentile(seconds, share) * 1e3 for share in (50, 99, 100))
    print(
        f"{name:26}{len(seconds):5}{wrong:6}{missed:7}{np.mean(seconds) * 1e3:8.1f}{p50:7.1f}{p99:7.1f}{largest:7.1f}"
        f"{p99 / p50:9.1f}{np.median(cosines) if cosines else float('nan'):8.3f}",
        flush=True,
    )


def main() -> None:
    engine = FaceEngine.load(load_settings({**os.environ, "FACEVER_SECOND_FACE_RATIO": "100"}))
    images = list(photos(int(sys.argv[1]) if len(sys.argv) > 1 else PHOTOS))
    if not images:
        sys.exit(f"no photos in {lfw_dev()}: set FACEVER_DATA")
    print(f"{'CPU ms of an extract':26}{'n':>5}{'wrong':>6}{'missed':>7}{'mean':>8}{'p50':>7}{'p99':>7}{'max':>7}"
          f"{'p99/p50':>9}{'cosine':>8}")  # fmt: skip
    for name, (upright, make) in kinds(engine).items():
        measure(engine, name, upright, make, images if upright == 0 else images[: len(images) // 3])
    white = np.full((3838, 3838, 3), 255, np.uint8)
    data = encoded(Pil.fromarray(white), "PNG")
    start = time.process_time()
    found = engine.examine(data).faces
    print(f"white PNG of 3838x3838: {time.process_time() - start:.2f} s, {len(found)} faces")


if __name__ == "__main__":
    main()
