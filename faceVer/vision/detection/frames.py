"""The subject in each frame of a video or an archive. A frame without a face is left out, a second face is noted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from faceVer.domain.errors import NoFaceError
from faceVer.domain.values import Face, Frame, Image, Subject
from faceVer.observability.timings import checkpoint
from faceVer.vision.alignment import tilt
from faceVer.vision.detection.detector import Detector
from faceVer.vision.detection.multiscale import detect_multiscale, select_subject
from faceVer.vision.detection.rules import DetectionRules
from faceVer.vision.detection.second_person import is_second_person
from faceVer.vision.detection.subject import RELIABLE_TILT, find_subject, is_reliable, rotate

# Rotating and padding cost up to eight detections per frame; where no frame shows a reliable face so many are tried.
TRIED = 3
# Only a finer copy shows a small second face, and it takes three quarters of the time: so many frames get one. In the
# others a subject of so many pixels in the small copy suffices: its box differs by some 2 % of its side.
FINE, MIN_SIDE_IN_SMALL_COPY = 4, 32


@dataclass(frozen=True, slots=True, eq=False)
class FrameDetection:
    """The subject's face in one frame.

    image: see values.Image; `face` is in its pixels (the frame's, or those of the frame rotated upright).
    alone: no second person was found in the frame. fine: a finer copy was searched for small faces, too.
    """

    frame: Frame
    image: Image
    face: Face
    alone: bool = True
    fine: bool = True


def photo_detection(frame: Frame, subject: Subject) -> FrameDetection:
    """The detection of a photo's subject."""
    return FrameDetection(frame, subject.image, subject.face)


def detect_subjects(detector: Detector, frames: Sequence[Frame], rules: DetectionRules) -> list[FrameDetection]:
    """The subject in every frame that shows one, in order; a second person is no error here.

    All frames of a medium have one orientation: a reliable upright face in any of them shows that none is rotated.
    """
    upright = _detect_each(detector, frames, rules)
    if any(is_reliable(found.face) for found in upright):
        return upright
    tolerant = replace(rules, second_ratio=math.inf)
    best: Subject | None = None
    for frame in _spread(frames, TRIED):
        try:
            found = find_subject(detector, frame.image, tolerant)
        except NoFaceError:
            continue
        if best is None or found.face.confidence > best.face.confidence:
            best = found
    if best is None or (best.turned == 0 and upright):
        return upright
    turned = [replace(frame, image=rotate(frame.image, best.turned)) for frame in frames]
    seen = _detect_each(detector, turned, rules)
    if seen:
        return seen
    # A face that fills the frame is found in a padded copy only.
    for frame in _spread(turned, FINE):
        try:
            found = find_subject(detector, frame.image, tolerant)
        except NoFaceError:
            continue
        if found.turned == 0:
            seen.append(FrameDetection(frame, found.image, found.face))
    return seen


def shows_second_person(sightings: Sequence[FrameDetection]) -> bool:
    """Whether more than half of the frames that show a face show a second person.

    Frames without a finer copy count only where a second person was found nevertheless.
    """
    counted = [found for found in sightings if found.fine or not found.alone]
    return 2 * sum(not found.alone for found in counted) > len(counted)


def _detect_each(detector: Detector, frames: Sequence[Frame], rules: DetectionRules) -> list[FrameDetection]:
    fine = {id(frame) for frame in _spread(frames, FINE)}
    seen = []
    for frame in frames:
        checkpoint()
        finely = id(frame) in fine
        faces = (
            detect_multiscale(detector, frame.image, rules)
            if finely
            else _detect_in_small_copy(detector, frame.image, rules)
        )
        faces = [face for face in faces if abs(tilt(face.landmarks)) <= RELIABLE_TILT]
        if faces:
            subject = select_subject(faces, frame.image)
            alone = not any(is_second_person(other, subject, rules) for other in faces)
            seen.append(FrameDetection(frame, frame.image, subject, alone, finely))
    return seen


def _detect_in_small_copy(detector: Detector, image: Image, rules: DetectionRules) -> list[Face]:
    """The faces in the small copy, or what `look` finds where the subject is too small there."""
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
