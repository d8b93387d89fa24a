"""Recognition at lower quality: `make quality` prints what docs/accuracy.md states of the pack in FACEVER_PACK.

Probes are photos of people of whom the folder has others. Each is degraded, and compared with all other photos as they
are. A probe that gives no template counts as a false non-match.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from faceVer.domain.errors import FaceError
from faceVer.domain.values import Image
from faceVer.matching.template import to_half_precision
from faceVer.media.limits import MediaLimits
from faceVer.observability.cgroup import usable_cpus
from faceVer.observability.progress import Bar
from faceVer.services.faces import FaceEngine
from faceVer.services.rules import pack_selection
from faceVer.settings.loader import load_settings
from faceVer.tools import accuracy
from faceVer.tools.calibrate import NO_SECOND_FACE, images_of
from faceVer.vision.detection.subject import rotate
from faceVer.vision.liveness.models import load_liveness_models

PROBES = 500
FMRS = (1e-3, 1e-4)
YAWS = (0, 10, 20, 30, 90)
"""Bounds of the groups of pairs by the larger yaw of the two, in degrees."""

Vector = NDArray[np.float32]
Degrade = Callable[[Image, float], Image]
"""An image and the side of its subject's box -> a worse image."""


class Photo(NamedTuple):
    """A photo as it is. turned: see Subject. side: of the subject's box, pixels. yaw: degrees."""

    path: Path
    turned: int
    side: float
    yaw: float
    vector: Vector


def small(image: Image, side: float) -> Image:
    scale = min(1.0, 28 / side)
    return coded(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), 40)


def coded(image: Image, quality: int) -> Image:
    """The image after JPEG; in either order of channels, since both ways swap them."""
    _, data = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[:, :, ::-1])


def blurred(share: float) -> Degrade:
    """Gaussian blur; share: sigma by the box's side."""
    return lambda image, side: cv2.GaussianBlur(image, (0, 0), share * side)


DEGRADED: Mapping[str, Degrade] = {
    "as they are": lambda image, side: image,
    "box of 28 pixels, JPEG 40": small,
    "blur, sigma 2 % of the box": blurred(0.02),
    "blur, sigma 4 % of the box": blurred(0.04),
}


def each(work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    bar, results = Bar(sys.stderr, "images"), []
    with ThreadPoolExecutor(usable_cpus()) as pool:
        for number, result in enumerate(pool.map(work, items), 1):
            results.append(result)
            bar.update(number, len(items))
    return results


def unit(vector: Vector) -> Vector:
    """As a template would carry it."""
    stored = to_half_precision(vector)
    return np.asarray(stored / np.linalg.norm(stored), np.float32)


def decoded(engine: FaceEngine, path: Path) -> Image:
    return engine.decoder.picture(path.read_bytes(), MediaLimits())[0]


def by_quality(engine: FaceEngine, photos: Sequence[Photo], people: NDArray[np.int64]) -> Iterator[str]:
    """Rows: TAR at each FMR of these comparisons; TAR and FMR at the threshold of the score 0.85."""
    several = np.flatnonzero(np.bincount(people)[people] > 1)
    probes = np.sort(np.random.default_rng(0).permutation(several)[:PROBES])
    gallery = np.stack([photo.vector for photo in photos])
    same = people[probes][:, None] == people[None, :]
    others = np.arange(len(photos))[None, :] != probes[:, None]
    mated = same & others
    fixed = next(one.cosine for one in engine.matcher.calibration.points if one.fmr == accuracy.ANCHOR_FMR)
    yield f"{len(probes)} probes, {mated.sum():,} mated and {(~same).sum():,} non-mated comparisons\n"
    yield "| probes | no template | TAR at FMR 1e-3 | at 1e-4 | at score 0.85: TAR | FMR |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, degrade in DEGRADED.items():

        def embed(row: int, degrade: Degrade = degrade) -> Vector | None:
            image = rotate(decoded(engine, photos[row].path), photos[row].turned)
            try:
                return unit(engine.embed_image(degrade(image, photos[row].side)))
            except FaceError:
                return None

        vectors = each(embed, list(probes))
        missing = np.array([vector is None for vector in vectors])
        cosines = np.stack([np.zeros_like(gallery[0]) if one is None else one for one in vectors]) @ gallery.T
        cosines[missing] = -1  # below every threshold
        impostors = np.sort(cosines[~missing][~same[~missing]])[::-1]
        cuts = [float(impostors[int(rate * impostors.size)]) for rate in FMRS]
        tars = [float((cosines[mated] > cut).mean()) for cut in cuts]
        cells = [f"{share:.1%}" for share in (*tars, (cosines[mated] >= fixed).mean())]
        yield f"| {name} | {missing.sum()} | {' | '.join(cells)} | {(impostors >= fixed).mean():.1e} |"


def by_yaw(photos: Sequence[Photo], people: NDArray[np.int64]) -> Iterator[str]:
    """Rows: TAR of the mated pairs of each group of yaw, at the thresholds of all pairs."""
    gallery, yaws = np.stack([photo.vector for photo in photos]), np.abs([photo.yaw for photo in photos])
    compared = accuracy.compare_all(gallery, [str(person) for person in people])
    cuts = [accuracy.threshold_at(compared.impostor, rate) for rate in FMRS]
    left, right = np.nonzero(np.triu(people[:, None] == people[None, :], 1))
    cosines, larger = np.vecdot(gallery[left], gallery[right]), np.maximum(yaws[left], yaws[right])
    yield "| larger yaw of the two | mated pairs | TAR at FMR 1e-3 | at 1e-4 |\n| --- | --- | --- | --- |"
    for low, high in pairwise(YAWS):
        group = (larger >= low) & (larger < high)
        if group.any():
            tars = [f"{(cosines[group] >= cut).mean():.1%}" for cut in cuts]
            yield f"| {low}° to {high}° | {group.sum():,} | {' | '.join(tars)} |"


def main() -> None:
    settings = load_settings().changed(second_face_ratio=NO_SECOND_FACE)
    engine = FaceEngine.load(settings)
    pose = load_liveness_models(pack_selection(settings), engine.backend).attributes
    paths = images_of(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(settings.models.data) / "lfw-dev")

    def look(path: Path) -> Photo | None:
        image = decoded(engine, path)
        try:
            subject = engine.subject(image)
            vector = unit(engine.embed_image(image))
        except FaceError:
            return None
        face = subject.face
        return Photo(path, subject.turned, face.side, pose.measure(subject.image, face).yaw, vector)

    photos = [photo for photo in each(look, paths) if photo is not None]
    people = np.unique([photo.path.parent.name for photo in photos], return_inverse=True)[1]
    print(f"pack {settings.models.pack}: {len(photos)} of {len(paths)} photos give a template")
    for line in (*by_quality(engine, photos, people), "", *by_yaw(photos, people)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
