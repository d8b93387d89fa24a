"""The second-person rule on photos of one person with bystanders, and on composed photos of two people.

    python -m benchmarks.second_person FOLDER [--pack PACK] [--scenes N]

FOLDER: photos of people as in LFW, Name_0001.jpg of Name's face in the middle. Prints the tables of docs/faces.md, each
with the rule by size alone in front: rejected photos and whom their faces resemble, by the second face's size; and the
composed photos that pass.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from faceVer.domain.errors import ExtractionError, NoFaceError
from faceVer.domain.values import Face, FloatArray, Image, Subject
from faceVer.inference.opening import open_backend
from faceVer.services.rules import detection_rules, pack_selection
from faceVer.settings.loader import load_settings
from faceVer.vision.alignment import align
from faceVer.vision.detection.rules import DetectionRules
from faceVer.vision.detection.second_person import distance_aside, is_second_person, relative_sharpness
from faceVer.vision.detection.subject import DetectedFaces, detect_faces
from faceVer.vision.packs import Models, load_models

BINS = (0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
SIZES = (1.0, 0.8, 0.6, 0.5, 0.4, 0.3)
LOOKS = {"sharp": (0.0, 0), "tilted by 20°": (0.0, 20), "by 35°": (0.0, 35), "blurred": (0.06, 0)}
"""(sigma of the blur as a share of the face's side, degrees) of the second person."""
PLACES = {"beside": (0.3, 0.7, 0.5), "at the edge": (0.5, 0.9, 0.35)}
"""Centres, as shares of the width: the subject's, the second person's; and of the height: the second person's."""
WIDTH, HEIGHT, SIDE = 440, 300, 100.0
"""Of a composed photo, and of the subject's face, in pixels."""
HEAD = 0.95
"""Half the side of the cut piece of a photo, as a share of the face's side: LFW's photos show little more."""


class Photo(NamedTuple):
    path: Path
    found: DetectedFaces

    @property
    def person(self) -> str:
        return self.path.name.rpartition("_")[0]

    def seconds(self, rules: DetectionRules) -> list[Face]:
        return [face for face in self.found.faces if is_second_person(face, self.found.subject, rules)]


def main() -> None:
    parser = argparse.ArgumentParser(description="The second-person rule, measured.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pack", default="open")
    parser.add_argument("--scenes", type=int, default=60, help="pairs of people (default %(default)s)")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    settings = load_settings({}).changed(pack=options.pack)
    models, now = load_models(pack_selection(settings), open_backend(settings)), detection_rules(settings)
    before = replace(now, aside_ratio=0.0, blurred_ratio=0.0)
    files = sorted(options.folder.rglob("*.jpg"))
    photos = [Photo(path, detect_faces(models.detector, read(path), now)) for path in files]
    print_bystanders(models, photos, before, now)
    print_scenes(models, photos, options.scenes, before, now)


def read(path: Path) -> Image:
    image = cv2.imread(str(path))
    if image is None:
        raise SystemExit(f"{path} is no photo")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def print_bystanders(models: Models, photos: list[Photo], before: DetectionRules, now: DetectionRules) -> None:
    """Rejected photos, and whether a second face resembles the named person more than the subject does."""
    alone = defaultdict(list)
    for photo in photos:
        if len(photo.found.faces) == 1:
            alone[photo.person].append(photo)
    rows: dict[float, list[tuple[bool, bool | None]]] = defaultdict(list)
    for photo in photos:
        largest = max(photo.seconds(before), key=lambda face: face.side, default=None)
        if largest is not None:
            size = max(low for low in BINS if low <= largest.side / photo.found.subject.face.side)
            rows[size].append((bool(photo.seconds(now)), mistaken(models, photo, largest, alone[photo.person][:3])))
    rows[0.0] = [one for row in rows.values() for one in row]
    print("| largest second face | rejected before | now | identity checked | second face is the person |")
    print("| --- | --- | --- | --- | --- |")
    for low in sorted(rows):
        still, checked = sum(now for now, _ in rows[low]), [wrong for _, wrong in rows[low] if wrong is not None]
        print(f"| from {low} | {len(rows[low])} | {still} | {len(checked)} | {sum(checked)} |")
    asides = [distance_aside(face, photo.found.subject) for photo in photos for face in photo.seconds(before)]
    print(f"aside, 5th, 10th, 50th, 95th percentile: {np.percentile(asides, (5, 10, 50, 95)).round(2)}")
    print(f"Of {len(photos)} photos, before {len(rows[0.0]) / len(photos):.1%}, now", end=" ")
    print(f"{sum(now for now, _ in rows[0.0]) / len(photos):.1%}\n")


def mistaken(models: Models, photo: Photo, second: Face, others: list[Photo]) -> bool | None:
    """Whether a second face resembles the person's other photos more than the subject does; None = there are none."""
    references = [vector(models, other.found.subject) for other in others]
    if not references:
        return None
    subject = photo.found.subject
    right, wrong = (vector(models, one) for one in (subject, replace(subject, face=second)))
    return max(float(wrong @ one) for one in references) > max(float(right @ one) for one in references)


def vector(models: Models, subject: Subject) -> FloatArray:
    """The embedding of a face; zeros where none can be made."""
    try:
        return np.asarray(models.recognizer.embed(align(subject.image, subject.face.landmarks)[None])[0])
    except ExtractionError:
        return np.zeros(models.recognizer.dimension, np.float32)


def print_scenes(models: Models, photos: list[Photo], count: int, before: DetectionRules, now: DetectionRules) -> None:
    """How many composed photos of two people pass, before and now."""
    draw, alone = random.Random(7), [photo for photo in photos if len(photo.found.faces) == 1]
    pairs = [(one, other) for one, other in (draw.sample(alone, 2) for _ in range(count)) if one.person != other.person]
    print(f"passed of {len(pairs)} composed photos, before / now, by the second face's size")
    print(f"| place | look | {' | '.join(map(str, SIZES))} |\n| --- | --- |{' --- |' * len(SIZES)}")
    sharpness: dict[str, list[float]] = defaultdict(list)
    for place, look in product(PLACES, LOOKS):
        cells = []
        for size in SIZES:
            scenes = [detected(models, scene(one, other, size, place, look), now) for one, other in pairs]
            passed = [
                sum(found is not None and not found.seconds(rules) for found in scenes) for rules in (before, now)
            ]
            sharpness[look] += [
                relative_sharpness(face, found.found.subject)
                for found in scenes
                if found
                for face in found.seconds(before)
            ]
            cells.append(" / ".join(map(str, passed)))
        print(f"| {place} | {look} | {' | '.join(cells)} |", flush=True)
    for look, values in sharpness.items():
        print(f"{look}: sharpness, 5th, 50th, 95th percentile: {np.percentile(values, (5, 50, 95)).round(2)}")


def detected(models: Models, image: Image, rules: DetectionRules) -> Photo | None:
    """The photo with its faces; None = it has none."""
    try:
        return Photo(Path(), detect_faces(models.detector, image, rules))
    except NoFaceError:
        return None


def scene(one: Photo, other: Photo, size: float, place: str, look: str) -> Image:
    """Two people before a gray background. size: side of the second face, as a share of the first's."""
    (left, right, height), (blur, degrees) = PLACES[place], LOOKS[look]
    canvas = np.full((HEIGHT, WIDTH, 3), 115, np.uint8)
    _paste(canvas, _head(one, SIDE), left, 0.5)
    second = _head(other, SIDE * size)
    if blur:
        second = np.asarray(cv2.GaussianBlur(second, (0, 0), blur * SIDE * size), np.uint8)
    matrix = cv2.getRotationMatrix2D((second.shape[1] / 2, second.shape[0] / 2), degrees, 1)
    turned = cv2.warpAffine(second, matrix, (second.shape[1], second.shape[0]), borderMode=cv2.BORDER_REPLICATE)
    _paste(canvas, np.asarray(turned, np.uint8), right, height)
    return canvas


def _head(photo: Photo, side: float) -> Image:
    """The person's head, its face `side` pixels large."""
    face, image = photo.found.subject.face, photo.found.subject.image
    (x, y), half = face.centre, face.side * HEAD
    left, top = max(0, round(x - half)), max(0, round(y - half))
    head, scale = image[top : round(y + half), left : round(x + half)], side / face.side
    shape = round(head.shape[1] * scale), round(head.shape[0] * scale)
    return np.asarray(cv2.resize(head, shape, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), np.uint8)


def _paste(canvas: Image, piece: Image, x: float, y: float) -> None:
    """Lay `piece` over the canvas, centred at the shares x and y of its sides; what lies outside is cut."""
    height, width = piece.shape[:2]
    left, top = round(x * canvas.shape[1] - width / 2), round(y * canvas.shape[0] - height / 2)
    right, bottom = min(canvas.shape[1], left + width), min(canvas.shape[0], top + height)
    canvas[max(0, top) : bottom, max(0, left) : right] = piece[
        max(0, -top) : bottom - top, max(0, -left) : right - left
    ]


if __name__ == "__main__":
    main()
