"""Faces to templates and comparisons: the face engine, which all threads of a process share.

Any thread may call any method at any time; the engine keeps nothing between calls.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from faceVer.domain.errors import ExtractionError, FaceError, NoFaceError
from faceVer.domain.face_choice import FaceChoice
from faceVer.domain.values import Comparison, Face, Image, ModelInfo, Subject
from faceVer.inference.backend import Backend
from faceVer.inference.opening import open_backend
from faceVer.matching.scores import Matcher, Thresholds
from faceVer.matching.template import TemplateCodec, to_half_precision
from faceVer.media.decoder import Decoder
from faceVer.media.image import WORKING_SIDE
from faceVer.media.limits import PixelBudget
from faceVer.observability.timings import count_faces, stage
from faceVer.services.rules import decoder, detection_rules, media_limits, pack_selection, quality_gate_rules
from faceVer.settings.model import Settings
from faceVer.vision.alignment import CROP, has_enough_detail
from faceVer.vision.detection.choice import choose_face
from faceVer.vision.detection.detector import Detector, probe_image
from faceVer.vision.detection.second_person import is_second_person, require_single_person
from faceVer.vision.detection.subject import detect_faces, in_larger_image
from faceVer.vision.packs import Models, load_models
from faceVer.vision.quality_gate import aligned_crop

QUICK_SIDE = 640
"""With quick detection, larger images (twice this side or more) are first decoded at a reduced size."""

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class ExtractionReport:
    """What an image file shows, and its template or why there is none.

    image: see values.Image; rotated by `turned` degrees counter-clockwise, 0 unless only that shows a face. size: width
    and height of the file's image, upright. faces: in pixels of `image`, the subject first. others: number of second
    persons; they follow the subject in `faces`. template: None where `error` says why.
    """

    image: Image
    size: tuple[int, int]
    turned: int = 0
    faces: tuple[Face, ...] = ()
    others: int = 0
    template: bytes | None = None
    error: FaceError | None = None


class FaceEngine:
    """Makes templates of image files (samples) and compares them. Errors: see faceVer.domain.errors.

    decoder: what it and others read files with; by default in this process.
    """

    def __init__(self, models: Models, settings: Settings, decoder: Decoder | None = None) -> None:
        cv2.setNumThreads(1)  # requests run in parallel, not the parts of one
        self._models = models
        self.decoder = decoder or Decoder()
        self._limits = replace(media_limits(settings), budget=None)
        self._rules = detection_rules(settings)
        self._gate = quality_gate_rules(settings)
        comparison = settings.comparison
        self._codec = TemplateCodec(
            models.identity,
            models.recognizer.dimension,
            comparison.template_key,
            accept_plain=comparison.accepts_plain_templates,
        )
        approve, operator = comparison.approve_threshold, comparison.operator_threshold
        self.matcher = Matcher(models.calibration, Thresholds(approve, approve if operator is None else operator))

    @classmethod
    def load(cls, settings: Settings) -> FaceEngine:
        """Load the configured pack. Raises SetupError."""
        models = load_models(pack_selection(settings), open_backend(settings))
        return cls(models, settings, decoder(settings))

    @property
    def infos(self) -> tuple[ModelInfo, ...]:
        """The loaded models."""
        return self._models.infos

    @property
    def backend(self) -> Backend:
        """Where the models run; the liveness models share it."""
        return self._models.backend

    @property
    def detector(self) -> Detector:
        """The pack's face detector."""
        return self._models.detector

    @property
    def runtime(self) -> str:
        """The inference runtime and its version."""
        return self._models.backend.runtime

    def subject(self, image: Image, choice: FaceChoice | None = None, scale: float = 1.0) -> Subject:
        """The image's subject, or the chosen face. scale: pixels of the picture for one of the image.

        Raises NoFaceError, SeveralFacesError (without a choice), InferenceError.
        """
        with stage("detect"):
            found = detect_faces(self.detector, image, self._rules)
            if choice is not None:
                found = choose_face(self.detector, found, choice, scale)
            else:
                require_single_person(found.subject, found.faces, self._rules)
        count_faces(1)
        return found.subject

    def embed_image(self, image: Image) -> Vector:
        """(D,) float32 unit vector of the image's subject. Raises FaceError kinds, InferenceError."""
        return self._embed_subject(self.subject(image))

    def embed(self, sample: bytes, budget: PixelBudget | None = None, choice: FaceChoice | None = None) -> Vector:
        """(D,) float32 unit vector of an image file's subject, or of the chosen face. budget: of the request that it
        belongs to.

        Raises SampleError, TooLargeError (the budget), FaceError kinds, InferenceError.
        """
        image, full_size = self._decode(sample, budget)
        subject = self.subject(image, choice, full_size[1] / image.shape[1])
        return self._embed_subject(self._at_full_size(subject, sample, image, full_size))

    def examine(self, sample: bytes, choice: FaceChoice | None = None) -> ExtractionReport:
        """What `extract` finds in an image file. Raises SampleError, InferenceError."""
        image, full_size = self._decode(sample)
        size = full_size[1], full_size[0]
        try:
            with stage("detect"):
                found = detect_faces(self.detector, image, self._rules)
                if choice is not None:
                    found = choose_face(self.detector, found, choice, full_size[1] / image.shape[1])
        except NoFaceError as error:
            return ExtractionReport(image, size, error=error)
        count_faces(1)
        subject, others = found.subject, found.faces
        second = [face for face in others if choice is None and is_second_person(face, subject, self._rules)]
        rest = [face for face in others if face is not subject.face and face not in second]
        template: bytes | None = None
        failure: FaceError | None = None
        try:
            if choice is None:
                require_single_person(subject, others, self._rules)
            template = self.encode(self._embed_subject(self._at_full_size(subject, sample, image, full_size)))
        except FaceError as error:
            failure = error
        faces = (subject.face, *second, *rest)
        return ExtractionReport(subject.image, size, subject.turned, faces, len(second), template, failure)

    def _decode(self, sample: bytes, budget: PixelBudget | None = None) -> tuple[Image, tuple[int, int]]:
        """(the image, reduced for quick detection; height and width of the file's image).

        Raises SampleError, TooLargeError.
        """
        side = QUICK_SIDE if self._rules.quick else WORKING_SIDE
        return self.decoder.picture(sample, replace(self._limits, budget=budget), side)

    def _at_full_size(self, subject: Subject, sample: bytes, image: Image, full_size: tuple[int, int]) -> Subject:
        """The subject in the image at full size, where `image` was reduced and has too little detail for alignment."""
        if self._rules.quick and image.shape[:2] != full_size and not has_enough_detail(subject.face.landmarks):
            return in_larger_image(subject, self.decoder.picture(sample, self._limits)[0])
        return subject

    def _embed_subject(self, subject: Subject) -> Vector:
        with stage("align"):
            crop = aligned_crop(subject, self._gate)
        with stage("embed"):
            return np.asarray(self._models.recognizer.embed(crop[None])[0], dtype=np.float32)

    def encode(self, vector: Vector) -> bytes:
        """The binary template of a vector."""
        with stage("template"):
            return self._codec.encode(vector)

    def decode(self, template: bytes) -> Vector:
        """The vector of a binary template. Raises TemplateError."""
        with stage("template"):
            return self._codec.decode(template)

    def match(self, probe: Vector, gallery: Sequence[Vector]) -> list[Comparison]:
        """One vector against N, in their order; the scores that their templates would get."""
        with stage("match"):
            return self.matcher.compare_many(to_half_precision(probe), to_half_precision(np.stack(list(gallery))))

    def extract(self, sample: bytes, choice: FaceChoice | None = None) -> bytes:
        """The binary template of an image file's subject, or of the chosen face."""
        return self.encode(self.embed(sample, choice=choice))

    def compare(self, feature: bytes, template: bytes) -> Comparison:
        """Two templates, 1:1. Raises TemplateError."""
        left, right = self.decode(feature), self.decode(template)
        with stage("match"):
            return self.matcher.compare(left, right)

    def compare_n(self, template: bytes, templates: Sequence[bytes]) -> list[Comparison]:
        """One template against N, in their order. Raises TemplateError."""
        return self._against_many(self.decode(template), templates)

    def verify_n(self, vector: Vector, templates: Sequence[bytes]) -> list[Comparison]:
        """One vector against N templates, in their order. Raises TemplateError."""
        return self._against_many(to_half_precision(vector), templates)

    def _against_many(self, vector: Vector, templates: Sequence[bytes]) -> list[Comparison]:
        with stage("match"):
            return self.matcher.compare_blocks(vector, self._codec.blocks(templates))

    def probe(self) -> None:
        """Run the models on a synthetic image: the health check. Raises InferenceError."""
        image = probe_image(CROP)
        for detector in (self._models.detector, self._models.detector.aligner):
            if detector is not None:
                detector.detect(image, self._rules.size)
        # The probe image shows no face; a working model reports that.
        with contextlib.suppress(ExtractionError):
            self._models.recognizer.embed(image[None])
