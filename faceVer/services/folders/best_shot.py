"""The frames of a media item ranked by quality, and its best shot (docs/best-shot.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from faceVer.domain.analyses import FaceMeasures, JpegImage
from faceVer.domain.errors import ExtractionError, FaceError, SampleError
from faceVer.domain.values import FrameDetection
from faceVer.media.jpeg import encode_jpeg
from faceVer.observability.timings import stage
from faceVer.services.faces import FaceEngine
from faceVer.settings.model import Settings
from faceVer.vision.face_attributes import FaceAttributeModels
from faceVer.vision.frame_quality import FaceQuality, quality

# Frames tried, best first, until one yields a template. If none does, the best shot is the frame of highest quality.
MAX_TRIED = 4


class RankedFrame(NamedTuple):
    """A detection with the terms of its quality and the values they are made of."""

    quality: FaceQuality
    measures: FaceMeasures
    found: FrameDetection


RankedFrames = Sequence[RankedFrame]
"""Best first."""


class MeasuredShot(NamedTuple):
    """A best shot, and what was measured in its frame."""

    image: JpegImage
    measures: FaceMeasures


class BestShots:
    """Synchronous, without state between calls, for any number of threads."""

    def __init__(self, engine: FaceEngine, attributes: FaceAttributeModels, settings: Settings) -> None:
        self._engine = engine
        self._attributes = attributes
        self._side, self._quality = settings.liveness.best_shot_side, settings.liveness.best_shot_quality

    def ranked(self, detections: Sequence[FrameDetection]) -> RankedFrames:
        """Detections by quality, best first; frames with a second person last, equal ones in their order."""
        rated = []
        for found in detections:
            try:
                with stage("quality"):
                    attributes = self._attributes.measure(found.image, found.face)
                    rated.append(RankedFrame(*quality(found.image, found.face, attributes), found))
            except ExtractionError:  # landmarks that span no area: no frame to show or to compare
                continue
        return sorted(rated, key=lambda frame: (not frame.found.alone, -frame.quality.total))

    def best(self, ranked: RankedFrames) -> MeasuredShot | None:
        """The first of the `MAX_TRIED` best frames that `extract` accepts, else the best. None without frames."""
        first: MeasuredShot | None = None
        for frame in ranked[:MAX_TRIED]:
            with stage("best_shot"):
                shot = MeasuredShot(encode_jpeg(frame.found.image, self._side, self._quality), frame.measures)
            first = first or shot
            try:
                self._engine.embed(shot.image.jpeg)
            except (FaceError, SampleError):
                continue
            return shot
        return first
