"""The second step of a folder: from one media item to its findings.

One pass extracts what all analyses need: the media item is decoded once, and its frames are released afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from faceVer.domain.analyses import FailureKind
from faceVer.domain.errors import FaceError, NoFaceError, SeveralFacesError
from faceVer.domain.face_choice import FaceChoice
from faceVer.domain.folders import MediaKind
from faceVer.domain.values import Frame, FrameDetection, Image
from faceVer.media.limits import MediaLimits
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.best_shot import BestShots
from faceVer.services.folders.findings import Findings, PadScore, to_bytes
from faceVer.services.folders.gestures import GestureCheck
from faceVer.services.folders.pad import score_frames
from faceVer.services.folders.planned import Extraction, PlannedMedium
from faceVer.services.folders.previews import frame_previews
from faceVer.services.folders.subjects import SubjectDetector
from faceVer.services.folders.vectors import FrameVectors
from faceVer.settings.model import Settings
from faceVer.vision.liveness.models import LivenessModels


class Examiner:
    """Synchronous, without state between calls, for any number of threads."""

    def __init__(self, engine: FaceEngine, liveness: LivenessModels, settings: Settings) -> None:
        self._engine = engine
        self._liveness = liveness
        self._settings = settings
        self._subjects = SubjectDetector(engine, settings)
        self._best_shots = BestShots(engine, liveness.attributes, settings)
        self.gestures = GestureCheck(engine, liveness.attributes, settings)

    def examine(self, data: bytes, medium: PlannedMedium, limits: MediaLimits, now: float) -> Findings:
        """The findings of one media item. data: its file. now: Unix seconds. Raises SampleError, InferenceError.

        limits: of the request; its media share the budget.
        """
        found = self._examine(data, medium, limits, now)  # its frames are released before the others are decoded
        item, demanded = medium.item, medium.extraction.gestures
        if not demanded or found.failure:
            return found
        return replace(found, gestures=self.gestures.check(data, item.kind, demanded, found.duration, limits))

    def _examine(self, data: bytes, medium: PlannedMedium, limits: MediaLimits, now: float) -> Findings:
        item, extraction = medium.item, medium.extraction
        decoded = self._engine.decoder.medium(data, item.kind, limits)
        findings = Findings(item.media_id, now, decoded.width, decoded.height, decoded.duration, decoded.fps)
        if not (extraction.pad_score or extraction.best_shot or extraction.vector):
            return findings
        detections: list[FrameDetection] = []
        try:
            detections = self._subjects.in_medium(decoded.frames, is_photo=item.kind == "image")
        except NoFaceError:
            findings = replace(findings, failure=FailureKind.NO_FACE)
        except SeveralFacesError:
            findings = replace(findings, failure=FailureKind.SEVERAL_PERSONS)
        else:
            findings = self._extract(findings, detections, extraction, is_photo=item.kind == "image")
        if extraction.previews:
            return replace(findings, previews=frame_previews(decoded.frames, detections, findings.pad))
        return findings

    def decoded_score(self, data: bytes, kind: MediaKind, limits: MediaLimits) -> tuple[float | None, float]:
        """(duration in seconds, None without a clock; the PAD score) of a file. Raises as `pad_score`, and SampleError.

        The decoded frames are released.
        """
        decoded, is_photo = self._engine.decoder.medium(data, kind, limits), kind == "image"
        detections = self._subjects.in_medium(decoded.frames, is_photo=is_photo)
        return decoded.duration, self._pad_score(detections, is_photo=is_photo).score

    def pad_score(self, frames: Sequence[Frame]) -> PadScore:
        """The PAD score of a video's or an archive's frames. Raises NoFaceError, SeveralFacesError, InferenceError."""
        return self._pad_score(self._subjects.in_medium(frames, is_photo=False), is_photo=False)

    def photo_score(self, image: Image, choice: FaceChoice | None, scale: float) -> PadScore:
        """The PAD score of a photo's subject, or of the chosen face: see `FaceEngine.subject`.

        Raises NoFaceError, SeveralFacesError, InferenceError.
        """
        return self._pad_score(self._subjects.in_photo(image, choice, scale), is_photo=True)

    def _pad_score(self, detections: Sequence[FrameDetection], *, is_photo: bool) -> PadScore:
        model = self._liveness.pad_of(is_photo=is_photo)
        return score_frames(model, detections, self._settings.liveness.spoof_views)

    def _extract(
        self, findings: Findings, detections: list[FrameDetection], extraction: Extraction, *, is_photo: bool
    ) -> Findings:
        """The findings with what is to be extracted from the detections."""
        needs_rank = extraction.best_shot or (extraction.vector and not is_photo)
        ranked = self._best_shots.ranked(detections) if needs_rank else []
        vectors = FrameVectors(self._engine, ranked)
        if not vectors.is_one_person():
            return replace(findings, failure=FailureKind.SEVERAL_PERSONS)
        if extraction.vector:
            try:
                vector = (
                    self._engine.embed_image(detections[0].image)
                    if is_photo
                    else vectors.mean(self._settings.liveness.biometry_frames)
                )
                findings = replace(findings, vector=to_bytes(vector))
            except FaceError:
                findings = replace(findings, vector_failure=FailureKind.NO_FACE)
        shot = self._best_shots.best(ranked) if extraction.best_shot else None
        return replace(
            findings,
            pad=self._pad_score(detections, is_photo=is_photo) if extraction.pad_score else None,
            best_shot=shot and shot.image,
            measures=shot and shot.measures,
        )
