"""The use cases of the pattern API, synchronous and without HTTP: the one shared face engine of a process.

Every method may be called from any thread at any time; nothing is kept between calls.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from faceVer.config import Settings
from faceVer.errors import ExtractionError
from faceVer.matching import Matcher, Thresholds
from faceVer.media.image import WORKING_SIDE, decode, decode_down
from faceVer.stages import saw_faces, stage
from faceVer.template import TemplateCodec, settle
from faceVer.types import Comparison, Image, ModelInfo, Subject
from faceVer.vision.align import CROP, detailed
from faceVer.vision.detect import Detector, probe_picture
from faceVer.vision.look import SubjectRules
from faceVer.vision.packs import Models, load_models
from faceVer.vision.session import RUNTIME
from faceVer.vision.subject import enlarged, find_subject
from faceVer.vision.usable import UsableRules, usable_crop

QUICK_SIDE = 640
"""With quick detection pictures of twice this many pixels or more are decoded at a fraction of their size first."""

Vector = NDArray[np.float32]


class FaceEngine:
    """Samples and templates in, templates and comparisons out. Errors: see faceVer.errors."""

    def __init__(self, models: Models, settings: Settings) -> None:
        cv2.setNumThreads(1)  # requests run in parallel, not the parts of one
        self._models = models
        self._settings = settings
        self._rules = SubjectRules.from_settings(settings)
        self._usable = UsableRules.from_settings(settings)
        self._codec = TemplateCodec(models.identity, models.embedder.dimension, settings.template_key)
        approve, operator = settings.approve_threshold, settings.operator_threshold
        self.matcher = Matcher(models.calibration, Thresholds(approve, approve if operator is None else operator))

    @classmethod
    def load(cls, settings: Settings) -> FaceEngine:
        """Load the configured pack. Raises SetupError."""
        return cls(load_models(settings), settings)

    @property
    def infos(self) -> tuple[ModelInfo, ...]:
        """The loaded models."""
        return self._models.infos

    @property
    def detector(self) -> Detector:
        """The pack's face detector, for whoever looks at frames."""
        return self._models.detector

    @property
    def runtime(self) -> str:
        """The inference runtime and its version."""
        return RUNTIME

    def subject(self, image: Image) -> Subject:
        """The face the picture is about. Raises NoFaceError, SeveralFacesError."""
        with stage("detect"):
            subject = find_subject(self._models.detector, image, self._rules)
        saw_faces(1)
        return subject

    def embed_image(self, image: Image) -> Vector:
        """(D,) float32 unit vector of the picture's subject. Raises FaceError kinds, InferenceError."""
        return self._embed_subject(self.subject(image))

    def embed(self, sample: bytes) -> Vector:
        """(D,) float32 unit vector of an image file's subject. Raises SampleError, FaceError kinds, InferenceError."""
        side = QUICK_SIDE if self._rules.quick else WORKING_SIDE
        with stage("decode"):
            image, whole = decode_down(sample, side, max_pixels=self._settings.max_pixels)
        subject = self.subject(image)
        if self._rules.quick and image.shape[:2] != whole and not detailed(subject.face.landmarks):
            with stage("decode"):
                subject = enlarged(subject, decode(sample, max_pixels=self._settings.max_pixels))
        return self._embed_subject(subject)

    def _embed_subject(self, subject: Subject) -> Vector:
        with stage("align"):
            crop = usable_crop(subject, self._usable)
        with stage("embed"):
            return self._models.embedder.embed(crop)

    def encode(self, vector: Vector) -> bytes:
        """The binary template of a vector."""
        with stage("template"):
            return self._codec.encode(vector)

    def decode(self, template: bytes) -> Vector:
        """The vector of a binary template. Raises TemplateError."""
        with stage("template"):
            return self._codec.decode(template)

    def match(self, probe: Vector, gallery: Sequence[Vector]) -> list[Comparison]:
        """One vector against N, in their order; the same scores as if templates had lain between."""
        with stage("match"):
            return self.matcher.compare_many(settle(probe), settle(np.stack(list(gallery))))

    def extract(self, sample: bytes) -> bytes:
        """The binary template of an image file's subject."""
        return self.encode(self.embed(sample))

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
        return self._against_many(settle(vector), templates)

    def _against_many(self, vector: Vector, templates: Sequence[bytes]) -> list[Comparison]:
        with stage("match"):
            return self.matcher.compare_blocks(vector, self._codec.blocks(templates))

    def probe(self) -> None:
        """Run the models on a synthetic picture, as the health method asks. Raises InferenceError."""
        image = probe_picture(CROP)
        self._models.detector.detect(image, self._rules.size)
        # A ramp is no face; that the model says so is what a working model does.
        with contextlib.suppress(ExtractionError):
            self._models.embedder.embed(image)
