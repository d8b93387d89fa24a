"""Active liveness of a video: whether the gestures that its tags name are made in it (docs/liveness.md)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from faceVer.domain.folders import MediaItem, MediaKind
from faceVer.domain.gestures import DemandedGesture, Gesture, GestureFault, GestureResult
from faceVer.domain.values import Frame, Image
from faceVer.media.limits import MediaLimits
from faceVer.observability.timings import stage
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.vectors import are_one_person, vector_of
from faceVer.services.rules import detection_rules
from faceVer.services.templates import Vector
from faceVer.settings.model import Settings
from faceVer.vision.face_attributes import FaceAttributeModels
from faceVer.vision.gestures.decide import Verdict, decide
from faceVer.vision.gestures.track import Sample
from faceVer.vision.gestures.tracker import FaceTracker

TAGS: Mapping[str, Gesture] = {
    "video_selfie_left": Gesture.LEFT,
    "video_selfie_right": Gesture.RIGHT,
    "video_selfie_down": Gesture.DOWN,
    "video_selfie_high": Gesture.UP,
    "video_selfie_smile": Gesture.SMILE,
    "video_selfie_eyes": Gesture.BLINK,
    # The Oz API's pages do not say what "scanning" demands; the other two demand nothing.
    "video_selfie_scan": Gesture.NONE,
    "video_selfie_oneshot": Gesture.NONE,
    "video_selfie_blank": Gesture.NONE,
}
"""What a video with one of these tags is to show."""
SIDE = 320
"""Longer side of the frames that are tracked, in pixels: the models' crops of a selfie's face need no more."""
MOST_FRAMES = 256
"""In so many frames of `SIDE` there are as many pixels as in those that are taken from a video by default."""
FRAMES_PER_SECOND = 10
"""For all gestures but a blink, which lasts 0.1 to 0.4 s and needs every frame."""


def demanded_gestures(item: MediaItem) -> tuple[DemandedGesture, ...]:
    """The gestures that the tags of a media item name, in the tags' order."""
    return tuple(DemandedGesture(tag, TAGS[tag]) for tag in dict.fromkeys(item.tags) if tag in TAGS)


class FollowedFace(NamedTuple):
    """The subject in the frames of a video. pictures: its surroundings in each, by the index of the frame."""

    samples: list[Sample]
    pictures: dict[int, Image]


class GestureCheck:
    """Synchronous, without state between calls, for any number of threads."""

    def __init__(self, engine: FaceEngine, attributes: FaceAttributeModels, settings: Settings) -> None:
        self._engine = engine
        self._tracker = FaceTracker(engine.detector, attributes, detection_rules(settings).size)

    def check(
        self,
        data: bytes,
        kind: MediaKind,
        demanded: Sequence[DemandedGesture],
        duration: float | None,
        limits: MediaLimits,
    ) -> tuple[GestureResult, ...]:
        """Whether a media item shows the gestures, in this order. Only a video can.

        data: its file, which is decoded once more, small. duration: seconds, of a video. limits: of the request.
        Raises SampleError, InferenceError.
        """
        if kind != "video" or duration is None:
            faults = [None if one.gesture is Gesture.NONE else GestureFault.NO_VIDEO for one in demanded]
            return tuple(GestureResult(*one, fault) for one, fault in zip(demanded, faults, strict=True))
        followed = self.follow(data, duration, limits, eyes=any(one.gesture is Gesture.BLINK for one in demanded))
        return self.judge(followed, demanded)

    def follow(self, data: bytes, duration: float, limits: MediaLimits, *, eyes: bool) -> FollowedFace:
        """The subject through a video. eyes: whether to look at them, in every frame. Others: see `check`."""
        limits = _limits(limits, math.inf if eyes else duration)
        frames = self._engine.decoder.medium(data, "video", limits).frames
        with stage("gestures"):
            samples = list(self._tracker.follow(frames, eyes=eyes))
        pictures = {frame.index: _face(frame, sample.box) for frame, sample in zip(frames, samples, strict=True)}
        return FollowedFace(samples, pictures)

    def judge(self, followed: FollowedFace, demanded: Sequence[DemandedGesture]) -> tuple[GestureResult, ...]:
        """The result of each gesture. Raises InferenceError."""
        with stage("gestures"):
            verdicts = decide(followed.samples, [one.gesture for one in demanded])
            vectors: dict[int, Vector | None] = {}
            return tuple(
                GestureResult(one.name, one.gesture, self._fault(verdict, followed.pictures, vectors), verdict.time)
                for one, verdict in zip(demanded, verdicts, strict=True)
            )

    def _fault(
        self, verdict: Verdict, pictures: Mapping[int, Image], vectors: dict[int, Vector | None]
    ) -> GestureFault | None:
        """The verdict's own fault, or that its frames do not show one person."""
        if verdict.fault:
            return verdict.fault
        for index in verdict.frames:
            if index not in vectors:
                vectors[index] = vector_of(self._engine, np.ascontiguousarray(pictures[index]))
        seen = [vectors[index] for index in verdict.frames]
        known = [vector for vector in seen if vector is not None]
        is_one = len(known) == len(seen) and are_one_person(self._engine, known)
        return None if is_one else GestureFault.OTHER_PERSON


def _limits(limits: MediaLimits, duration: float) -> MediaLimits:
    """Frames as small and as many as take no more memory than those that are taken from any video."""
    room = limits.frames * limits.side**2 // SIDE**2
    most = max(2, min(MOST_FRAMES, room))
    wanted = most if math.isinf(duration) else math.ceil(duration * FRAMES_PER_SECOND) + 1
    return replace(limits, frames=max(2, min(most, wanted)), side=min(limits.side, SIDE))


def _face(frame: Frame, box: tuple[float, float, float, float] | None) -> Image:
    """The surroundings of a face: without others, and detected faster."""
    if box is None:
        return frame.image
    left, top, right, bottom = box
    margin = (right - left + bottom - top) / 4
    rows = slice(max(0, int(top - margin)), int(bottom + margin))
    columns = slice(max(0, int(left - margin)), int(right + margin))
    return frame.image[rows, columns]
