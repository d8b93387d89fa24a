"""The face that a caller chose among those of a picture (docs/faces.md, Choosing a face)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from faceVer.domain.errors import NoFaceError
from faceVer.domain.face_choice import FaceChoice
from faceVer.domain.values import Face, Subject
from faceVer.vision.detection.detector import Detector
from faceVer.vision.detection.multiscale import off_centre, overlap, refined
from faceVer.vision.detection.subject import DetectedFaces

# Faces below this share of the largest one's side are neither numbered nor the most central one: people who look at a
# picture do not count those in its background.
NUMBERED = 0.25


def choose_face(detector: Detector, found: DetectedFaces, choice: FaceChoice, scale: float = 1.0) -> DetectedFaces:
    """The same faces with the chosen one as the subject, also where there are second persons.

    scale: pixels of the picture as sent for one of the image, where that was reduced. Raises NoFaceError,
    InferenceError.
    """
    subject, face = found.subject, _chosen(found, choice, scale)
    if face is subject.face:
        return found
    better = refined(detector, subject.image, face)
    faces = tuple(better if one is face else one for one in found.faces)
    return DetectedFaces(replace(subject, face=better), faces)


def _chosen(found: DetectedFaces, choice: FaceChoice, scale: float) -> Face:
    """The choice among the faces, by their boxes in the picture as sent. Raises NoFaceError."""
    boxes = [upright_box(face, found.subject) * scale for face in found.faces]
    if choice.rule == "box":
        left, top, width, height = choice.box
        wanted = np.array([left, top, left + width, top + height], np.float32)
        inside = [n for n, box in enumerate(boxes) if _contains(wanted, box)]
        if not inside:
            raise NoFaceError("the chosen box holds the centre of no face")
        return found.faces[max(inside, key=lambda n: overlap(boxes[n], wanted))]
    least = NUMBERED * max(face.side for face in found.faces)
    numbered = [n for n, face in enumerate(found.faces) if face.side >= least]
    if choice.rule == "largest":
        return found.faces[max(numbered, key=lambda n: found.faces[n].side)]
    if choice.rule == "central":
        return found.faces[min(numbered, key=lambda n: off_centre(found.faces[n], found.subject.image))]
    if choice.index > len(numbered):
        raise NoFaceError(f"face {choice.index} is chosen, there are {len(numbered)}")
    return found.faces[sorted(numbered, key=lambda n: float(boxes[n][0] + boxes[n][2]))[choice.index - 1]]


def upright_box(face: Face, subject: Subject) -> NDArray[np.float32]:
    """(4,) float32, left, top, right, bottom of a face in the image before it was rotated. face: of the subject's
    image."""
    height, width = subject.image.shape[:2]
    left, top, right, bottom = (float(edge) for edge in face.box)
    turned: dict[int, Sequence[float]] = {
        0: (left, top, right, bottom),
        90: (height - bottom, left, height - top, right),
        180: (width - right, height - bottom, width - left, height - top),
        270: (top, width - right, bottom, width - left),
    }
    return np.array(turned[subject.turned], np.float32)


def _contains(box: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Whether the other box's centre lies in a box."""
    x, y = (other[0] + other[2]) / 2, (other[1] + other[3]) / 2
    return bool(box[0] <= x <= box[2] and box[1] <= y <= box[3])
