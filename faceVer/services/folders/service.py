"""The folder use case of the stateless routes, its four steps in sequence; PAD of a single image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from faceVer.domain.clock import Clock, IdFactory, random_id, system_clock
from faceVer.domain.errors import FaceChoiceError
from faceVer.domain.face_choice import FaceChoice
from faceVer.domain.folders import MediaKind
from faceVer.domain.gestures import DemandedGesture, GestureResult
from faceVer.domain.values import Face, ModelInfo, Upload
from faceVer.media.sniffing import identify
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.decide import decide
from faceVer.services.folders.examine import Examiner
from faceVer.services.folders.findings import Findings, PadScore
from faceVer.services.folders.inspection import INSPECTION_PAYLOAD, LivenessReport
from faceVer.services.folders.plan import KINDS, plan_folder
from faceVer.services.folders.planned import Plan
from faceVer.services.folders.present import present
from faceVer.services.folders.presentation import STATELESS_LITE, Presentation
from faceVer.services.rules import media_limits, pack_selection
from faceVer.settings.model import Settings
from faceVer.vision.detection.detector import probe_image
from faceVer.vision.liveness.models import LivenessModels, load_liveness_models

PROBE_SIDE = 128


class FolderService:
    """Liveness and folder analyses on the engine's models. Synchronous, stateless, for any number of threads."""

    def __init__(
        self,
        engine: FaceEngine,
        liveness: LivenessModels,
        settings: Settings,
        clock: Clock = system_clock,
        new_id: IdFactory = random_id,
    ) -> None:
        self._engine, self._liveness, self._settings = engine, liveness, settings
        self._clock, self._new_id = clock, new_id
        self.examiner = Examiner(engine, liveness, settings)
        """Of single media items; the kept half runs it apart from the other steps."""

    @classmethod
    def load(cls, engine: FaceEngine, settings: Settings) -> FolderService:
        """Load the liveness models for a running engine. Raises SetupError."""
        return cls(engine, load_liveness_models(pack_selection(settings), engine.backend), settings)

    @property
    def infos(self) -> tuple[ModelInfo, ...]:
        """The models loaded for liveness, without those of the engine."""
        return self._liveness.infos

    def run(
        self, uploads: Sequence[Upload], payload: bytes | None, view: Presentation = STATELESS_LITE
    ) -> dict[str, Any]:
        """The folder document of a request.

        Raises TooLargeError, SampleError (no media, a name used twice, a file that cannot be read), PayloadError,
        InferenceError. A media item without a usable face fails its analyses, not the request.
        """
        plan = plan_folder(uploads, payload, self._settings, self._clock, self._new_id)
        return self._document(plan, self._examine(plan, uploads), view)

    def inspect(self, upload: Upload) -> LivenessReport:
        """The document of one media item, with a quality analysis and a best shot, and the frames of its PAD score.

        Raises as `run`.
        """
        plan = plan_folder([upload], INSPECTION_PAYLOAD, self._settings, self._clock, self._new_id, previews=True)
        findings = self._examine(plan, [upload])
        (found,) = findings
        return LivenessReport(
            self._document(plan, findings, STATELESS_LITE), found.pad.score if found.pad else None, found.previews
        )

    def _examine(self, plan: Plan, uploads: Sequence[Upload]) -> list[Findings]:
        """Only one decoded media item is in memory at a time."""
        limits = media_limits(self._settings, len(uploads))
        return [
            self.examiner.examine(upload.data, medium, limits, self._clock())
            for upload, medium in zip(uploads, plan.media, strict=True)
        ]

    def _document(self, plan: Plan, findings: Sequence[Findings], view: Presentation) -> dict[str, Any]:
        return present(decide(plan, findings, self._engine.match, self._clock()), view)

    def detect_image(self, data: bytes, choice: FaceChoice | None = None) -> tuple[bool, float]:
        """(passed, PAD score) of a single photo. score: 0..1, 6 digits; passed: not above the threshold.

        choice: of the face; None = the only one. Raises SampleError, NoFaceError, SeveralFacesError, InferenceError.
        """
        score = self._photo_score(data, choice).score
        return score <= self._settings.liveness.spoofing_threshold, score

    def detect_gestures(
        self, data: bytes, kind: MediaKind, demanded: Sequence[DemandedGesture]
    ) -> tuple[bool, float, tuple[GestureResult, ...]]:
        """(whether the PAD score passes, the PAD score, the result of each gesture) of a photo or a video.

        Raises SampleError, NoFaceError, SeveralFacesError, InferenceError.
        """
        limits = media_limits(self._settings, 2 if demanded else 1)
        duration, score = self.examiner.decoded_score(data, kind, limits)
        made = self.examiner.gestures.check(data, kind, demanded, duration, limits) if demanded else ()
        return score <= self._settings.liveness.spoofing_threshold, score, made

    def pad_score(self, data: bytes, choice: FaceChoice | None = None) -> PadScore:
        """The PAD score of an image, video or archive, and the score and weight of each frame.

        choice: of the face in an image. Raises SampleError, NoFaceError, SeveralFacesError, InferenceError,
        FaceChoiceError (for a video or an archive).
        """
        kind = KINDS[identify(data)[0]]
        if kind == "image":
            return self._photo_score(data, choice)
        if choice is not None:
            raise FaceChoiceError("a face is chosen in photos only", exposed="face")
        return self.examiner.pad_score(self._engine.decoder.medium(data, kind, media_limits(self._settings)).frames)

    def _photo_score(self, data: bytes, choice: FaceChoice | None) -> PadScore:
        image, (_, width) = self._engine.decoder.picture(data, media_limits(self._settings))
        return self.examiner.photo_score(image, choice, width / image.shape[1])

    def probe(self) -> None:
        """Run detection and PAD models on a synthetic picture, for the health method. Raises InferenceError."""
        image = probe_image(PROBE_SIDE)
        self._engine.detector.detect(image, PROBE_SIDE)
        box = np.array([32, 32, 96, 96], dtype=np.float32)
        marks = np.array([[50, 55], [78, 55], [64, 70], [54, 82], [74, 82]], dtype=np.float32)
        self._liveness.pad.pad_score(image, Face(box, marks, 1.0), count=1)
