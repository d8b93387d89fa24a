"""Multiscale detection in one orientation: small copies of an image are given to the detector.

`FACEVER_DETECTION`: `thorough` detects in a small copy, then in a finer copy of the entire image where the subject is
too small in the first; `quick` detects in the small copy, then in the surroundings of the subject only. docs/faces.md
compares them.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from faceVer.domain.values import Face, Image
from faceVer.vision.detection.detector import Detector
from faceVer.vision.detection.rules import DetectionRules

# Least box side there of a subject whose landmarks are good enough for alignment.
MIN_ALIGNMENT_SIDE = 80
# The weight of a face in a corner of the image; 1 in the centre.
CORNER_WEIGHT = 0.5
# The close copy for a detector's aligner: its box has 64.
ALIGNED_GROWTH, ALIGNED_SIZE = 2.0, 128
# Factor of the confidence of a subject that the aligner does not find: it is not reliable then (subject.py). Most are
# upside down.
UNCONFIRMED = 0.8
# The close copy of quick detection: the subject's box grown so many times, scaled to so many pixels; its box has 73.
CLOSE_GROWTH, CLOSE_SIZE = 2.2, 160
# Least overlap (intersection over union) of the boxes of one face in the two copies.
SAME_FACE_IOU = 0.3


def detect_multiscale(detector: Detector, image: Image, rules: DetectionRules) -> list[Face]:
    """The faces of an image as it is, not rotated. Raises InferenceError."""
    faces = _detect_quick(detector, image, rules) if rules.quick else _detect_thorough(detector, image, rules)
    if detector.aligner is None or not faces:
        return faces
    subject = select_subject(faces, image)
    aligned = _aligned(detector.aligner, image, subject)
    return [aligned if face is subject else face for face in faces]


def refined(detector: Detector, image: Image, face: Face) -> Face:
    """A face that is not the subject's, with landmarks as good as the subject's. Raises InferenceError."""
    if detector.aligner is not None:
        return _aligned(detector.aligner, image, face)
    return _close(detector, image, face, CLOSE_GROWTH, CLOSE_SIZE)


def select_subject(faces: list[Face], image: Image) -> Face:
    """The largest, most central of `faces` (not empty): box side, weighted down towards the corners."""

    def weight(face: Face) -> float:
        return face.side * (1 - (1 - CORNER_WEIGHT) * min(1.0, off_centre(face, image)))

    return max(faces, key=weight)


def off_centre(face: Face, image: Image) -> float:
    """Distance of the face from the image's centre, in widths and heights of the image: 1 in a corner."""
    height, width = image.shape[:2]
    x, y = face.centre
    return float(np.hypot(x / width - 0.5, y / height - 0.5) / np.hypot(0.5, 0.5))


def _aligned(aligner: Detector, image: Image, face: Face) -> Face:
    closer = _close(aligner, image, face, ALIGNED_GROWTH, ALIGNED_SIZE)
    doubt = UNCONFIRMED if closer is face else 1.0
    return replace(face, landmarks=closer.landmarks, confidence=face.confidence * doubt)


def _detect_thorough(detector: Detector, image: Image, rules: DetectionRules) -> list[Face]:
    longest = max(image.shape[:2])
    faces = detector.detect(image, rules.size)
    side = select_subject(faces, image).side * min(1.0, rules.size / longest) if faces else 0.0
    # Fine enough for the smallest second face that would count, too.
    enough = max(0 if detector.aligner else MIN_ALIGNMENT_SIDE, detector.reliable_side / rules.second_ratio)
    if side >= enough or longest <= rules.size:
        return faces
    wanted = rules.size_fine if not faces else min(rules.size_fine, int(rules.size * enough / side) + 1)
    return detector.detect(image, wanted) or faces


def _detect_quick(detector: Detector, image: Image, rules: DetectionRules) -> list[Face]:
    longest = max(image.shape[:2])
    faces = _detect(detector, image, rules.size)
    if not faces:
        return _detect(detector, image, rules.size_fine) if longest > rules.size else faces
    subject = select_subject(faces, image)
    if detector.aligner or longest <= rules.size or subject.side * rules.size / longest >= MIN_ALIGNMENT_SIDE:
        return faces
    better = _close(detector, image, subject, CLOSE_GROWTH, CLOSE_SIZE)
    return [better if face is subject else face for face in faces]


def _detect(detector: Detector, image: Image, size: int) -> list[Face]:
    """What the detector finds in a copy that is made in a fraction of the detector's own time for it."""
    small, factor = _reduced_fast(image, size)
    return [transformed(face, factor, 0.0) for face in detector.detect(small, size)]


def _close(detector: Detector, image: Image, face: Face, growth: float, size: int) -> Face:
    """The same face in a copy, of at most `size` pixels, of its box grown `growth` times; unchanged where the detector
    does not find it there."""
    left, top, right, bottom = _grown(face, image, growth)
    region = np.ascontiguousarray(image[top:bottom, left:right])
    if not region.size:
        return face
    corner = np.array([left, top], np.float32)
    found = [transformed(other, 1.0, corner) for other in _detect(detector, region, size)]
    same = [other for other in found if overlap(other.box, face.box) > SAME_FACE_IOU]
    return max(same, key=lambda other: other.confidence) if same else face


def surroundings(image: Image, face: Face, growth: float) -> Image:
    """The part of the image that shows the face's box grown `growth` times; all of it where the box lies outside."""
    left, top, right, bottom = _grown(face, image, growth)
    region = np.ascontiguousarray(image[top:bottom, left:right])
    return region if region.size else image


def _grown(face: Face, image: Image, growth: float) -> tuple[int, int, int, int]:
    """left, top, right, bottom in whole pixels of the image."""
    height, width = image.shape[:2]
    x, y = face.centre
    half = max(face.width, face.height) * growth / 2
    return max(0, int(x - half)), max(0, int(y - half)), min(width, int(x + half) + 1), min(height, int(y + half) + 1)


def _reduced_fast(image: Image, size: int) -> tuple[Image, NDArray[np.float32] | float]:
    """The image with its longer side at most `size`, and how many of its pixels (x, y) one pixel of the copy covers.

    Averaged by an integer factor, which OpenCV does fast, then interpolated by the rest of the factor (less than 2).
    """
    height, width = image.shape[:2]
    scale = size / max(height, width)
    if scale >= 1:
        return image, 1.0
    shape = max(1, round(width * scale)), max(1, round(height * scale))
    whole = max(1, min(width // shape[0], height // shape[1]))
    wide, high = width // whole, height // whole
    if whole > 1:
        image = cv2.resize(image[: high * whole, : wide * whole], (wide, high), interpolation=cv2.INTER_AREA)
    factor = np.array([wide * whole / shape[0], high * whole / shape[1]], np.float32)
    return cv2.resize(image, shape, interpolation=cv2.INTER_LINEAR), factor


def transformed(face: Face, factor: NDArray[np.float32] | float, corner: NDArray[np.float32] | float) -> Face:
    """A face in the pixels of another image: times `factor`, then shifted by `corner` (x, y)."""
    box = (face.box.reshape(2, 2) * factor + corner).reshape(4).astype(np.float32)
    return Face(box, (face.landmarks * factor + corner).astype(np.float32), face.confidence)


def overlap(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Intersection over union of two boxes, (4,) xyxy."""
    wide, high = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared = float(max(wide, 0) * max(high, 0))
    areas = sum(float((box[2] - box[0]) * (box[3] - box[1])) for box in (one, other))
    return shared / max(areas - shared, 1e-6)
