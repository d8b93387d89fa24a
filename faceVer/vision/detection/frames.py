"""The subject in each frame of a video or an archive. A frame without a face is left out, a second face is noted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from faceVer.domain.errors import NoFaceError
from faceVer.domain.values import Face, Frame, Image, Subject
from faceVer.observability.timings import checkpoint
from faceVer.vision.alignment import tilt
from faceVer.vision.detection.centerface import Detector
from faceVer.vision.detection.multiscale import SubjectRules, look, pick
from faceVer.vision.detection.subject import CLEAR_TILT, clear, counts, find_subject, turn_by

# Turning and padding cost up to eight looks per frame; where no frame shows a clear face these many are tried.
TRIED = 3
# A small second face is only seen in a finer copy, which takes three quarters of the time; so many frames get one. In
# the others a subject of so many pixels in the small copy is enough: its box differs by some 2 % of its side.
FINE, ENOUGH_ALONE = 4, 32


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """The subject's face in one frame.

    image: see types.Image; `face` is in its pixels (the frame's, or those of the frame turned upright).
    alone: no second face that counts (see SubjectRules) was seen in the frame. fine: it was looked for small ones too.
    """

    frame: Frame
    image: Image
    face: Face
    alone: bool = True
    fine: bool = True


def sight_photo(frame: Frame, subject: Subject) -> Sighting:
    """A photo's subject as a sighting."""
    return Sighting(frame, subject.image, subject.face)


def sight(detector: Detector, frames: Sequence[Frame], rules: SubjectRules) -> list[Sighting]:
    """The subject in every frame that shows one, in order; never raises for a second face.

    All frames are taken to be turned alike: a clear upright face in any of them settles that none need be turned.
    """
    upright = _look(detector, frames, rules)
    if any(clear(found.face) for found in upright):
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
    turned = [replace(frame, image=turn_by(frame.image, best.turned)) for frame in frames]
    seen = _look(detector, turned, rules)
    if seen:
        return seen
    # Only padding shows it: a face that fills the frame.
    for frame in _spread(turned, FINE):
        try:
            found = find_subject(detector, frame.image, tolerant)
        except NoFaceError:
            continue
        if found.turned == 0:
            seen.append(Sighting(frame, found.image, found.face))
    return seen


def crowded(sightings: Sequence[Sighting]) -> bool:
    """Whether a second person is there for good: in more than half of the frames that show a face.

    Frames that were not looked at finely count where a second face was seen nevertheless.
    """
    counted = [found for found in sightings if found.fine or not found.alone]
    return 2 * sum(not found.alone for found in counted) > len(counted)


def _look(detector: Detector, frames: Sequence[Frame], rules: SubjectRules) -> list[Sighting]:
    fine = {id(frame) for frame in _spread(frames, FINE)}
    seen = []
    for frame in frames:
        checkpoint()
        finely = id(frame) in fine
        faces = look(detector, frame.image, rules) if finely else _glance(detector, frame.image, rules)
        faces = [face for face in faces if abs(tilt(face.landmarks)) <= CLEAR_TILT]
        if faces:
            subject = pick(faces, frame.image)
            alone = not any(counts(other, subject, rules) for other in faces)
            seen.append(Sighting(frame, frame.image, subject, alone, finely))
    return seen


def _glance(detector: Detector, image: Image, rules: SubjectRules) -> list[Face]:
    """The faces in the small copy, or what `look` finds where the subject is too small there."""
    faces = detector.detect(image, rules.size)
    scale = min(1.0, rules.size / max(image.shape[:2]))
    if faces and pick(faces, image).side * scale >= ENOUGH_ALONE:
        return faces
    return look(detector, image, rules)


def _spread(frames: Sequence[Frame], count: int) -> list[Frame]:
    """At most `count` frames, evenly spaced."""
    if len(frames) <= count:
        return list(frames)
    return [frames[(2 * n + 1) * len(frames) // (2 * count)] for n in range(count)]
