"""The subject of an image: its largest, most central face (docs/contract.md, What counts as the face)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from faceVer.domain.errors import NoFaceError
from faceVer.domain.values import Face, Image, Subject
from faceVer.vision.alignment import alignment_residual, tilt
from faceVer.vision.detection.detector import Detector, reduced
from faceVer.vision.detection.multiscale import detect_multiscale, select_subject, transformed
from faceVer.vision.detection.rules import DetectionRules
from faceVer.vision.detection.second_person import require_single_person

# Measured on lfw-dev with CenterFace (docs/faces.md). Upright faces: confidence 0.86 and alignment residual 3.2 at the
# 5th and 99th percentile. Sideways ones often get 0.7 and landmarks that fit no face: for anything less reliable than
# this the other three orientations are tried, too.
RELIABLE_CONFIDENCE, RELIABLE_RESIDUAL, RELIABLE_TILT = 0.8, 3.5, 45.0
# Detectors miss faces that fill the image: it gets a border of this share of its sides.
BORDER = 0.5
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


def find_subject(detector: Detector, image: Image, rules: DetectionRules) -> Subject:
    """The image's subject. Raises NoFaceError, SeveralFacesError, InferenceError."""
    found = detect_faces(detector, image, rules)
    require_single_person(found.subject.face, found.faces, rules)
    return found.subject


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
    """(image, faces, degrees) of the orientation with the most confident reliable face; next, with a border around it.

    Where no orientation has a reliable face the upright one is taken: in rotated images a detector finds false faces
    more often than faces.
    """
    fallback = upright
    for border in (0.0, BORDER):
        best: tuple[float, Image, list[Face], int] | None = None
        for turn in (0, *TURNS):
            turned = rotate(image, turn)
            faces = upright if turn == 0 and not border else _detect_padded(detector, turned, border, rules)
            if not faces:
                continue
            subject = select_subject(faces, turned)
            if is_reliable(subject) and (best is None or subject.confidence > best[0]):
                best = subject.confidence, turned, faces, turn
            if turn == 0:
                fallback = fallback or faces
        if best is not None:
            return best[1:]
    return image, fallback, 0


def rotate(image: Image, degrees: int) -> Image:
    """The image rotated counter-clockwise by a multiple of 90 degrees."""
    return np.ascontiguousarray(np.rot90(image, degrees // 90)) if degrees else image


def _detect_padded(detector: Detector, image: Image, border: float, rules: DetectionRules) -> list[Face]:
    """The faces of an image with a border of `border` times its sides, in pixels of the image without it."""
    if not border:
        return detect_multiscale(detector, image, rules)
    height, width = image.shape[:2]
    x, y = round(width * border), round(height * border)
    # Reduced before the border is added, so that no copy of a large image grows further.
    small, _ = reduced(image, rules.size_fine / (1 + 2 * border))
    wide, high = small.shape[1] / width, small.shape[0] / height
    px, py = round(x * wide), round(y * high)
    padded = cv2.copyMakeBorder(small, py, py, px, px, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    factor = np.array([wide, high], np.float32)
    shift = np.array([px, py], np.float32)
    return [
        Face(((face.box.reshape(2, 2) - shift) / factor).reshape(4), (face.landmarks - shift) / factor, face.confidence)
        for face in detect_multiscale(detector, padded, rules)
    ]
