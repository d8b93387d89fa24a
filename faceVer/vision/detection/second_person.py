"""The second-person rule (docs/contract.md, What counts as the face; docs/faces.md, A second person)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

import cv2
import numpy as np

from faceVer.domain.errors import SeveralFacesError
from faceVer.domain.values import Face, FrameDetection, Image, Subject
from faceVer.vision.detection.multiscale import off_centre
from faceVer.vision.detection.rules import DetectionRules

# Measured by `python -m benchmarks.second_person`; docs/faces.md has its table. Of lfw-dev's bystanders 9 of 10 lie at
# least 0.37 farther from the centre than the subject, of two people beside each other neither does.
ASIDE = 0.4
# Of the subject's sharpness at the same size. Sharp faces of two photos in one scene have 0.22 to 2.3 (5th and 95th
# percentile; in one photo they differ less), faces blurred with a sigma of 6 % of their side have 0.1 at most (95th).
BLURRED = 0.15
# Both faces are reduced to this share of the smaller one's side, which hides noise and JPEG blocks, and to so many
# pixels at most: recognition sees no finer detail.
COMPARED_SHARE, COMPARED_SIDE = 0.6, 64.0


class Kind(NamedTuple):
    """A kind of face besides the subject's. least: side, as a share of the subject's, from which it counts."""

    name: str
    includes: Callable[[Face, Subject], bool]
    least: Callable[[DetectionRules], float]


def distance_aside(other: Face, subject: Subject) -> float:
    """How much farther a face is from the image's centre than the subject's: see `off_centre`."""
    return off_centre(other, subject.image) - off_centre(subject.face, subject.image)


def relative_sharpness(other: Face, subject: Subject) -> float:
    """The sharpness of a face as a share of the subject's, both reduced to the same size."""
    side = min(COMPARED_SIDE, COMPARED_SHARE * min(other.side, subject.face.side))
    return _detail(other, subject.image, side) / max(_detail(subject.face, subject.image, side), 1e-6)


def is_aside(other: Face, subject: Subject) -> bool:
    """Whether a face is much farther from the image's centre than the subject's."""
    return distance_aside(other, subject) > ASIDE


def is_blurred(other: Face, subject: Subject) -> bool:
    """Whether a face is much less sharp than the subject's."""
    return relative_sharpness(other, subject) < BLURRED


KINDS = (
    Kind("any", lambda other, subject: True, attrgetter("second_ratio")),
    Kind("aside", is_aside, attrgetter("aside_ratio")),
    Kind("blurred", is_blurred, attrgetter("blurred_ratio")),
)
"""A second person's face is large enough for every kind it is of."""


def is_second_person(other: Face, subject: Subject, rules: DetectionRules) -> bool:
    """Whether a face of the subject's image is a second person, not a bystander. other: in pixels of that image."""
    if other is subject.face or other.confidence < rules.second_confidence:
        return False
    return all(
        other.side >= kind.least(rules) * subject.face.side or not kind.includes(other, subject) for kind in KINDS
    )


def require_single_person(subject: Subject, faces: Iterable[Face], rules: DetectionRules) -> None:
    """Raises SeveralFacesError where one of an image's faces is a second person."""
    for other in faces:
        if is_second_person(other, subject, rules):
            raise SeveralFacesError(f"a second face of {other.side / subject.face.side:.2f} of the subject's side")


def shows_second_person(detections: Sequence[FrameDetection]) -> bool:
    """Whether more than half of the frames that show a face show a second person.

    Frames without a finer copy count only where a second person was found nevertheless.
    """
    counted = [found for found in detections if found.fine or not found.alone]
    return 2 * sum(not found.alone for found in counted) > len(counted)


def _detail(face: Face, image: Image, side: float) -> float:
    """Variance of the luma's Laplacian in the face's box, as far as it is in the image, reduced to `side` pixels.

    0.0 where nothing of it is in the image.
    """
    height, width = image.shape[:2]
    left, top, right, bottom = np.clip(face.box.astype(int), 0, (width, height, width, height))
    if right - left < 2 or bottom - top < 2:
        return 0.0
    luma = cv2.cvtColor(np.ascontiguousarray(image[top:bottom, left:right]), cv2.COLOR_RGB2GRAY)
    scale = min(1.0, side / face.side)
    size = max(3, round(luma.shape[1] * scale)), max(3, round(luma.shape[0] * scale))
    small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    return float(cv2.Laplacian(small, cv2.CV_32F)[1:-1, 1:-1].var())
