"""Follows the subject's face through the frames of a video."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from faceVer.domain.values import Face, Frame, Image
from faceVer.observability.timings import checkpoint
from faceVer.vision.detection.detector import Detector
from faceVer.vision.detection.multiscale import select_subject, transformed
from faceVer.vision.face_attributes import FaceAttributeModels
from faceVer.vision.gestures.track import Sample, Shape, is_frontal, shape_of
from faceVer.vision.landmarks import EYES

DETECT_SECONDS = 0.5
"""A face is detected again after so long; in between its box moves with its landmarks."""
FIRST, FRONTAL_SECONDS, TURNED_SECONDS, LEAST_SECONDS, STILL = 6, 0.5, 0.15, 0.07, 0.04
"""The pose is measured in so many samples at first, then after so many seconds by whether it was frontal, and when the
nose's place (see `Shape.nose_x`) has changed by so much: a turn of 4 degrees. Never twice within `LEAST_SECONDS`.
"""
JUMP = 0.3
"""A face whose landmarks move by more than this share of its box from one frame to the next is detected again."""
SLACK = 1e-3


class FaceTracker:
    """For any number of threads. size: longer side, in pixels, of the copy in which faces are detected."""

    def __init__(self, detector: Detector, models: FaceAttributeModels, size: int) -> None:
        self._detector, self._models, self._size = detector, models, size

    def follow(self, frames: Iterable[Frame], *, eyes: bool) -> Iterator[Sample]:
        """The sample of each frame, in order. eyes: whether to measure them. Raises InferenceError.

        Holds no frame longer than it takes to measure it.
        """
        face: Face | None = None
        centre = np.zeros(2)
        detected = posed = -math.inf
        known, longest = 0, 0.0
        seen = Shape()
        for frame in frames:
            checkpoint()
            is_fresh = face is None or frame.time - detected >= DETECT_SECONDS - SLACK
            if is_fresh:
                face, detected = self._detect(frame.image, face), frame.time
            if face is None:
                yield Sample(frame.index, frame.time)
                continue
            points = self._models.landmarks.points(frame.image, face)
            moved = points.mean(axis=0) - centre
            if not is_fresh and float(np.hypot(*moved)) > JUMP * face.side:
                face, detected, is_fresh = self._detect(frame.image, face), frame.time, True
                if face is None:
                    yield Sample(frame.index, frame.time)
                    continue
                points = self._models.landmarks.points(frame.image, face)
            if not is_fresh:
                face = transformed(face, 1.0, moved.astype(np.float32))
            centre = points.mean(axis=0)
            left, top, right, bottom = (round(float(edge), 1) for edge in face.box)
            sample = Sample(frame.index, frame.time, (left, top, right, bottom), shape=shape_of(points))
            pause = frame.time - posed
            if pause >= LEAST_SECONDS and (known < FIRST or pause >= longest or not _is_as(seen, sample.shape)):
                yaw, pitch = self._models.pose.angles(frame.image, face)
                sample = replace(sample, yaw=yaw, pitch=pitch)
                posed, seen, known = frame.time, sample.shape, known + 1
                longest = FRONTAL_SECONDS if is_frontal(yaw, pitch) else TURNED_SECONDS
            if eyes:
                opened = self._models.eyes.most_open(frame.image, [points[eye] for eye in EYES])
                sample = replace(sample, eyes=opened)
            yield sample

    def _detect(self, image: Image, last: Face | None) -> Face | None:
        """The face nearest to the last one; at first the subject."""
        faces = self._detector.detect(image, self._size)
        if not faces:
            return None
        if last is None:
            return select_subject(faces, image)
        return min(faces, key=lambda face: math.dist(face.centre, last.centre) - face.side / 4)


def _is_as(before: Shape, now: Shape) -> bool:
    """Whether the head has not turned. False where a profile's shape is unknown."""
    return max(abs(now.nose_x - before.nose_x), abs(now.nose_y - before.nose_y)) < STILL
