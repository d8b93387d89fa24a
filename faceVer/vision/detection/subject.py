"""Which face a picture is about: the contract's section 5. Pictures in, one `Subject` out."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from faceVer.domain.errors import NoFaceError, SeveralFacesError
from faceVer.domain.values import Face, Image, Subject
from faceVer.vision.alignment import misfit, tilt
from faceVer.vision.detection.centerface import Detector
from faceVer.vision.detection.multiscale import SubjectRules, look, moved, pick

# All measured on lfw-dev with CenterFace (docs/faces.md). Upright faces: confidence 0.86 and misfit 3.2 at the 5th and
# 99th percentile; sideways ones are often reported with 0.7 and landmarks that fit no face, so anything less clear than
# this is looked at in the other three orientations as well.
CLEAR_CONFIDENCE, CLEAR_MISFIT, CLEAR_TILT = 0.8, 3.5, 45.0
# Detectors see faces that fill the frame badly: the picture gets a border of this share of its sides.
BORDER = 0.5
TURNS = (90, 270, 180)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """All faces of a picture (at least one), the subject's among them, in the orientation in which it was found."""

    subject: Subject
    faces: tuple[Face, ...]


def find_faces(detector: Detector, image: Image, rules: SubjectRules) -> Scene:
    """The picture's faces, and which of them it is about. Raises NoFaceError."""
    faces = look(detector, image, rules)
    subject, turned = (pick(faces, image), 0) if faces else (None, 0)
    if subject is None or not clear(subject):
        image, faces, turned = _best_turn(detector, image, faces, rules)
        if not faces:
            raise NoFaceError("no face was found upright, turned or padded")
        subject = pick(faces, image)
    return Scene(Subject(image, subject, turned), tuple(faces))


def only_subject(scene: Scene, rules: SubjectRules) -> Subject:
    """The subject where nobody else is there. Raises SeveralFacesError."""
    subject = scene.subject.face
    for other in scene.faces:
        if counts(other, subject, rules):
            raise SeveralFacesError(f"a second face of {other.side / subject.side:.2f} of the subject's side")
    return scene.subject


def find_subject(detector: Detector, image: Image, rules: SubjectRules) -> Subject:
    """The face the picture is about. Raises NoFaceError, SeveralFacesError."""
    return only_subject(find_faces(detector, image, rules), rules)


def enlarged(subject: Subject, image: Image) -> Subject:
    """The same subject in a larger copy of its picture. image: upright."""
    whole = turn_by(image, subject.turned)
    small = subject.image.shape
    factor = np.array([whole.shape[1] / small[1], whole.shape[0] / small[0]], np.float32)
    return Subject(whole, moved(subject.face, factor, 0.0), subject.turned)


def counts(other: Face, subject: Face, rules: SubjectRules) -> bool:
    """Whether another face than the subject's is a second person."""
    return (
        other is not subject
        and other.confidence >= rules.second_confidence
        and other.side >= rules.second_ratio * subject.side
    )


def clear(face: Face) -> bool:
    """Whether a face is surely one, and upright."""
    return (
        face.confidence >= CLEAR_CONFIDENCE
        and abs(tilt(face.landmarks)) <= CLEAR_TILT
        and misfit(face.landmarks) <= CLEAR_MISFIT
    )


def _best_turn(
    detector: Detector, image: Image, upright: list[Face], rules: SubjectRules
) -> tuple[Image, list[Face], int]:
    """The orientation with the most confident clear face; then the same with a border around the picture.

    An upright face need not be clear where none of the turned ones is: a turned picture shows patterns that a detector
    takes for a face more often than it shows a face.
    """
    fallback = upright
    for border in (0.0, BORDER):
        best: tuple[float, Image, list[Face], int] | None = None
        for turn in (0, *TURNS):
            turned = turn_by(image, turn)
            faces = upright if turn == 0 and not border else _look_padded(detector, turned, border, rules)
            if not faces:
                continue
            subject = pick(faces, turned)
            if clear(subject) and (best is None or subject.confidence > best[0]):
                best = subject.confidence, turned, faces, turn
            if turn == 0:
                fallback = fallback or faces
        if best is not None:
            return best[1:]
    return image, fallback, 0


def turn_by(image: Image, degrees: int) -> Image:
    """The picture turned counter-clockwise by a multiple of 90 degrees."""
    return np.ascontiguousarray(np.rot90(image, degrees // 90)) if degrees else image


def _look_padded(detector: Detector, image: Image, border: float, rules: SubjectRules) -> list[Face]:
    """Look with a border of `border` times the sides; the faces in the picture's own pixels."""
    if not border:
        return look(detector, image, rules)
    height, width = image.shape[:2]
    x, y = round(width * border), round(height * border)
    # Shrunk before the border is laid, so that no copy of a large picture grows further.
    scale = min(1.0, rules.size_fine / (max(height, width) * (1 + 2 * border)))
    small = (
        cv2.resize(image, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA)
        if scale < 1
        else image
    )
    wide, high = small.shape[1] / width, small.shape[0] / height
    px, py = round(x * wide), round(y * high)
    padded = cv2.copyMakeBorder(small, py, py, px, px, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    factor = np.array([wide, high], np.float32)
    shift = np.array([px, py], np.float32)
    return [
        Face(((face.box.reshape(2, 2) - shift) / factor).reshape(4), (face.landmarks - shift) / factor, face.confidence)
        for face in look(detector, padded, rules)
    ]
