"""Quality analysis of one medium: the chance of an attack over its frames, and its best shot.

The frames of a video or an archive are combined by a mean weighted by how frontal the face is: a head turned aside
looks less live to the models than it is, and frames of real people do fail one by one (docs/liveness.md).
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image as Pil

from faceVer.domain.errors import ExtractionError, FaceError, SampleError
from faceVer.domain.folders import PROCESSING_ERROR, BestShot, Failure
from faceVer.domain.values import Frame, Image
from faceVer.matching.scores import SCORE_DIGITS
from faceVer.observability.timings import count_faces, stage
from faceVer.services.faces import FaceEngine
from faceVer.settings.model import Settings
from faceVer.vision.detection.centerface import Detector
from faceVer.vision.detection.frames import Sighting, sight, sight_photo
from faceVer.vision.detection.multiscale import SubjectRules
from faceVer.vision.frame_quality import FaceQuality, quality, rough_yaw
from faceVer.vision.liveness.models import LivenessModels

SEVERAL_FACES = "More than one person is present on source media [{media_id}]"
# Degrees of yaw at which a frame's weight has fallen to the least; no frame counts for nothing, so that an attack
# cannot be hidden in frames that look aside.
YAW_SPAN, LEAST_WEIGHT = 50.0, 0.25
# Best shots are tried in order of quality until one yields a template; a medium with none among these gets the best.
TRIED_SHOTS = 4


@dataclass(frozen=True, slots=True)
class FrameEvidence:
    """One frame's part in a score.

    index, time: see types.Frame. box: left, top, right, bottom in pixels of the frame (turned upright). attack: 0..1.
    weight: what it counts for. alone: whether no second face that counts was seen.
    """

    index: int
    time: float
    name: str
    box: tuple[float, float, float, float]
    attack: float
    weight: float
    alone: bool


@dataclass(frozen=True, slots=True)
class SpoofScore:
    """The chance of an attack over a medium, 0..1, rounded to 6 digits, and the frames it comes from."""

    attack: float
    frames: tuple[FrameEvidence, ...]


class QualityService:
    """Synchronous, without state between calls, for any number of threads."""

    def __init__(self, engine: FaceEngine, liveness: LivenessModels, settings: Settings) -> None:
        self._engine = engine
        self._models = liveness
        self._settings = settings
        self._rules = SubjectRules.from_settings(settings)

    @property
    def detector(self) -> Detector:
        """The engine's own: one copy of the detection model serves both processors."""
        return self._engine.detector

    def sight_photo(self, image: Image) -> list[Sighting]:
        """The one face of a photo. Raises NoFaceError, SeveralFacesError."""
        return [sight_photo(Frame(image), self._engine.subject(image))]

    def sight_frames(self, frames: Sequence[Frame]) -> list[Sighting]:
        """The subject in every frame of a video or an archive that shows one."""
        with stage("detect"):
            sightings = sight(self.detector, frames, self._rules)
        count_faces(len(sightings))
        return sightings

    def spoof(self, sightings: Sequence[Sighting]) -> SpoofScore:
        """sightings: at least one. Raises InferenceError."""
        looks = max(1, math.ceil(self._settings.liveness.spoof_views / len(sightings)))
        evidence = []
        for number, found in enumerate(sightings):
            with stage("liveness"):
                attack = self._models.spoof.attack(found.image, found.face, start=number * looks, count=looks)
            left, top, right, bottom = (round(float(edge), 1) for edge in found.face.box)
            evidence.append(
                FrameEvidence(
                    index=found.frame.index,
                    time=found.frame.time,
                    name=found.frame.name,
                    box=(left, top, right, bottom),
                    attack=attack,
                    weight=frame_weight(rough_yaw(found.face.landmarks)),
                    alone=found.alone,
                )
            )
        score = combine([frame.attack for frame in evidence], [frame.weight for frame in evidence])
        return SpoofScore(score, tuple(evidence))

    def ranked(self, sightings: Sequence[Sighting]) -> list[tuple[FaceQuality, Sighting]]:
        """Sightings by quality, best first, equal ones in their order; those with a second face after all others."""
        rated = []
        for found in sightings:
            try:
                with stage("quality"):
                    measures = self._models.gauge.measure(found.image, found.face)
                    rated.append((quality(found.image, found.face, measures), found))
            except ExtractionError:  # landmarks that span no area: no frame to show or to compare
                continue
        return sorted(rated, key=lambda item: (not item[1].alone, -item[0].total))

    def best_shot(self, ranked: Sequence[tuple[FaceQuality, Sighting]]) -> BestShot | None:
        """The best frame as a JPEG; of the first few, the first that `extract` accepts. None where there is none."""
        first: BestShot | None = None
        for shot in self._shots(ranked[:TRIED_SHOTS]):
            first = first or shot
            try:
                self._engine.embed(shot.jpeg)
            except (FaceError, SampleError):
                continue
            return shot
        return first

    def _shots(self, ranked: Sequence[tuple[FaceQuality, Sighting]]) -> Iterator[BestShot]:
        for _, found in ranked:
            with stage("best_shot"):
                shot = encode(
                    found.image, self._settings.liveness.best_shot_side, self._settings.liveness.best_shot_quality
                )
            yield shot


def frame_weight(yaw: float) -> float:
    """What a frame counts for, by the degrees its head is turned aside: 1 frontal, at least `LEAST_WEIGHT`."""
    return max(LEAST_WEIGHT, 1 - abs(yaw) / YAW_SPAN)


def combine(attacks: Sequence[float], weights: Sequence[float]) -> float:
    """The weighted mean of frame scores (0..1 each, at least one), rounded to 6 digits."""
    mean = float(np.average(np.asarray(attacks, dtype=np.float64), weights=np.asarray(weights, dtype=np.float64)))
    return round(min(max(mean, 0.0), 1.0), SCORE_DIGITS)


def encode(image: Image, side: int, jpeg_quality: int) -> BestShot:
    """A picture as a JPEG whose longer side is at most `side` pixels."""
    picture = Pil.fromarray(image)
    picture.thumbnail((side, side), Pil.Resampling.LANCZOS)
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=jpeg_quality)
    return BestShot(target.getvalue(), picture.width, picture.height)


def several_faces(media_id: str) -> Failure:
    """The failure of an analysis one of whose media shows a second person throughout."""
    return Failure(PROCESSING_ERROR, SEVERAL_FACES.format(media_id=media_id))
