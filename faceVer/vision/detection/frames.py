"""The subject in each frame of a video or an archive. A frame without a face is left out, a second person is noted."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import replace

from faceVer.domain.errors import NoFaceError
from faceVer.domain.values import Face, Frame, FrameDetection, Image, Subject
from faceVer.observability.timings import checkpoint
from faceVer.vision.alignment import tilt
from faceVer.vision.detection.detector import Detector
from faceVer.vision.detection.multiscale import detect_multiscale, select_subject
from faceVer.vision.detection.rules import DetectionRules
from faceVer.vision.detection.second_person import is_second_person
from faceVer.vision.detection.subject import RELIABLE_TILT, detect_faces, is_reliable, rotate

# Rotating and padding cost up to eight detections per frame; where no frame shows a reliable face so many are tried.
TRIED = 3
# Only a finer copy shows a small second face, and it takes three quarters of the time: so many frames get one. In the
# others a subject of so many pixels in the small copy suffices: its box differs by about 2 % of its side.
FINE, MIN_SIDE_IN_SMALL_COPY = 4, 32


def detect_subjects(detector: Detector, frames: Sequence[Frame], rules: DetectionRules) -> list[FrameDetection]:
    """The subject in every frame that shows one, in order; a second person is no error here.

    All frames of a media item have one orientation: a reliable upright face in any of them shows that none is rotated.
    Raises InferenceError.
    """
    upright = _detect_each(detector, frames, rules)
    if any(is_reliable(found.face) for found in upright):
        return upright
    subjects = [found for _, found in _find_subjects(detector, _spread(frames, TRIED), rules)]
    best = max(subjects, key=lambda found: found.face.confidence, default=None)
    if best is None or (best.turned == 0 and upright):
        return upright
    turned = [replace(frame, image=rotate(frame.image, best.turned)) for frame in frames]
    detections = _detect_each(detector, turned, rules)
    if detections:
        return detections
    # A face that fills the frame is found in a padded copy only.
    return [
        FrameDetection(frame, found.image, found.face)
        for frame, found in _find_subjects(detector, _spread(turned, FINE), rules)
        if found.turned == 0
    ]


def _find_subjects(detector: Detector, frames: Sequence[Frame], rules: DetectionRules) -> list[tuple[Frame, Subject]]:
    """The subject of each frame that shows one in any orientation, second persons or not."""
    # No finer copy for second persons.
    tolerant, found = replace(rules, second_ratio=math.inf), []
    for frame in frames:
        with contextlib.suppress(NoFaceError):
            found.append((frame, detect_faces(detector, frame.image, tolerant).subject))
    return found


def _detect_each(detector: Detector, frames: Sequence[Frame], rules: DetectionRules) -> list[FrameDetection]:
    """The subject of each frame that shows one upright."""
    fine = {id(frame) for frame in _spread(frames, FINE)}
    detections = []
    for frame in frames:
        checkpoint()
        is_fine = id(frame) in fine
        detect = detect_multiscale if is_fine else _detect_in_small_copy
        faces = detect(detector, frame.image, rules)
        faces = [face for face in faces if abs(tilt(face.landmarks)) <= RELIABLE_TILT]
        if faces:
            subject = select_subject(faces, frame.image)
            alone = not any(is_second_person(other, Subject(frame.image, subject), rules) for other in faces)
            detections.append(FrameDetection(frame, frame.image, subject, alone, is_fine))
    return detections


def _detect_in_small_copy(detector: Detector, image: Image, rules: DetectionRules) -> list[Face]:
    """The faces in the small copy, or those of multiscale detection where the subject is too small there."""
    faces = detector.detect(image, rules.size)
    scale = min(1.0, rules.size / max(image.shape[:2]))
    if faces and select_subject(faces, image).side * scale >= MIN_SIDE_IN_SMALL_COPY:
        return faces
    return detect_multiscale(detector, image, rules)


def _spread(frames: Sequence[Frame], count: int) -> list[Frame]:
    """At most `count` frames, evenly spaced."""
    if len(frames) <= count:
        return list(frames)
    return [frames[(2 * n + 1) * len(frames) // (2 * count)] for n in range(count)]
