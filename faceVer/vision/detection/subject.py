"""The subject of an image: its largest, most central face (docs/contract.md, What counts as the face)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from faceVer.domain.errors import NoFaceError
from faceVer.domain.values import Face, Image, Subject
from faceVer.vision.alignment import alignment_residual, tilt
from faceVer.vision.detection.detector import Detector, reduced
from faceVer.vision.detection.multiscale import (
    CLOSE_GROWTH,
    CLOSE_SIZE,
    detect_multiscale,
    select_subject,
    surroundings,
    transformed,
)
from faceVer.vision.detection.rules import DetectionRules

# Measured on lfw-dev with CenterFace (docs/faces.md). Upright faces: confidence 0.86 and alignment residual 3.2 at the
# 5th and 99th percentile. Sideways ones often get 0.7 and landmarks that fit no face: for anything less reliable than
# this the other three orientations are tried, too.
RELIABLE_CONFIDENCE, RELIABLE_RESIDUAL, RELIABLE_TILT = 0.8, 3.5, 45.0
# Detectors miss faces that fill the image: it gets a border of this share of its sides.
BORDER = 0.5
TOUCHING = 0.1
"""Distance from the border, as a share of the box's side, within which a face may be cut."""
TURNS = (90, 270, 180)


@dataclass(frozen=True, slots=True, eq=False)
class DetectedFaces:
    """All faces of an image (at least one), the subject's among them, in the orientation in which it was found."""

    subject: Subject
    faces: tuple[Face, ...]


def detect_faces(detector: Detector, image: Image, rules: DetectionRules) -> DetectedFaces:
    """The image's faces, and which of them is the subject. Raises NoFaceError, InferenceError."""
    faces = detect_multiscale(detector, image, rules)
    subject, turned = (select_subject(faces, image), 0) if faces else (None, 0)
    if subject is None or not is_reliable(subject):
        image, faces, turned = _best_orientation(detector, image, faces, rules)
        if not faces:
            raise NoFaceError("no face was found upright, turned or padded")
        subject = select_subject(faces, image)
    return DetectedFaces(Subject(image, subject, turned), tuple(faces))


def in_larger_image(subject: Subject, image: Image) -> Subject:
    """The same subject in a larger copy of its image. image: not yet rotated."""
    larger = rotate(image, subject.turned)
    small = subject.image.shape
    factor = np.array([larger.shape[1] / small[1], larger.shape[0] / small[0]], np.float32)
    return Subject(larger, transformed(subject.face, factor, 0.0), subject.turned)


def is_reliable(face: Face) -> bool:
    """Whether the detection is certainly a face, and upright."""
    return (
        face.confidence >= RELIABLE_CONFIDENCE
        and abs(tilt(face.landmarks)) <= RELIABLE_TILT
        and alignment_residual(face.landmarks) <= RELIABLE_RESIDUAL
    )


def _best_orientation(
    detector: Detector, image: Image, upright: list[Face], rules: DetectionRules
) -> tuple[Image, list[Face], int]:
    """(image, faces, degrees) of the orientation whose subject is reliable; next, with a border around the image.

    Small copies say which orientation, if any, is worth a finer one. Where no orientation has a reliable subject the
    upright one is taken: in rotated images a detector finds false faces more often than faces.
    """
    fallback = upright
    known = select_subject(upright, image) if upright else None
    for border in (0.0, BORDER):
        if border and known is not None and not _touches_border(known, image):
            look: _Look | None = UPRIGHT  # whose landmarks often fit better in a copy of another scale
        else:
            look = _promising_turn(detector, image, known, border, rules.size)
        if look is None:
            continue
        turned = rotate(image, look.turn)
        faces = _detect_padded(detector, turned, border, rules)
        if faces and (look.is_reliable or _is_right_way_up(select_subject(faces, turned), known)):
            return turned, faces, look.turn
        if look.turn == 0:
            fallback = fallback or faces
    return image, fallback, 0


def _is_right_way_up(face: Face, before: Face | None) -> bool:
    """Whether the subject of a rotated image is reliable, or is upright where the one before the rotation was not."""
    was_turned = before is not None and abs(tilt(before.landmarks)) > RELIABLE_TILT
    return is_reliable(face) or (was_turned and abs(tilt(face.landmarks)) <= RELIABLE_TILT)


class _Look(NamedTuple):
    """What a small copy shows of the subject when it is rotated by `turn` degrees."""

    is_reliable: bool
    confidence: float
    turn: int


UPRIGHT = _Look(is_reliable=False, confidence=0.0, turn=0)


def _promising_turn(detector: Detector, image: Image, subject: Face | None, border: float, size: int) -> _Look | None:
    """The orientation in which detection at both scales is worth its time, None where none is.

    subject: of the image as it is; first only its surroundings are looked at. size: of the copy of the image.
    """
    if subject is not None and not border:
        best = _best_look(detector, surroundings(image, subject, CLOSE_GROWTH), CLOSE_SIZE)
        if best is not None:
            return best if best.turn else None
    if border:
        return _best_look(detector, _bordered(image, border, size)[0], size)
    best = _best_look(detector, image, size)
    if best is None:
        return None
    return best if best.turn and (subject is None or best.confidence > subject.confidence) else None


def _best_look(detector: Detector, image: Image, size: int) -> _Look | None:
    """The most promising orientation of a small copy, None where no orientation shows a face."""
    looks = []
    small, _ = reduced(image, size)
    for turn in (0, *TURNS):
        turned = rotate(small, turn)
        faces = detector.detect(turned, size)
        if faces:
            subject = select_subject(faces, turned)
            looks.append(_Look(is_reliable(subject), subject.confidence, turn))
    return max(looks, default=None)


def _touches_border(face: Face, image: Image) -> bool:
    """Whether the face's surroundings are cut."""
    height, width = image.shape[:2]
    margin = TOUCHING * face.side
    left, top, right, bottom = face.box
    return bool(left < margin or top < margin or right > width - margin or bottom > height - margin)


def rotate(image: Image, degrees: int) -> Image:
    """The image rotated counter-clockwise by a multiple of 90 degrees."""
    return np.ascontiguousarray(np.rot90(image, degrees // 90)) if degrees else image


def _detect_padded(detector: Detector, image: Image, border: float, rules: DetectionRules) -> list[Face]:
    """The faces of an image with a border of `border` times its sides, in pixels of the image without it."""
    if not border:
        return detect_multiscale(detector, image, rules)
    padded, factor, shift = _bordered(image, border, rules.size_fine)
    return [
        Face(((face.box.reshape(2, 2) - shift) / factor).reshape(4), (face.landmarks - shift) / factor, face.confidence)
        for face in detect_multiscale(detector, padded, rules)
    ]


def _bordered(image: Image, border: float, size: float) -> tuple[Image, NDArray[np.float32], NDArray[np.float32]]:
    """(the image with a border of `border` times its sides, of `size` pixels in all; scale and shift of its pixels).

    scale, shift: (x, y). Reduced before the border is added, so that no copy of a large image grows further.
    """
    height, width = image.shape[:2]
    small, _ = reduced(image, size / (1 + 2 * border))
    wide, high = small.shape[1] / width, small.shape[0] / height
    x, y = round(round(width * border) * wide), round(round(height * border) * high)
    padded = cv2.copyMakeBorder(small, y, y, x, x, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    return padded, np.array([wide, high], np.float32), np.array([x, y], np.float32)
