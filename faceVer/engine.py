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
from faceVer.media.image import decode
from faceVer.template import TemplateCodec, settle
from faceVer.types import Comparison, Image, ModelInfo, Subject
from faceVer.vision.align import CROP
from faceVer.vision.detect import Detector, probe_picture
from faceVer.vision.packs import Models, load_models
from faceVer.vision.session import RUNTIME
from faceVer.vision.subject import SubjectRules, find_subject
from faceVer.vision.usable import UsableRules, usable_crop

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
        return find_subject(self._models.detector, image, self._rules)

    def embed_image(self, image: Image) -> Vector:
        """(D,) float32 unit vector of the picture's subject. Raises FaceError kinds, InferenceError."""
        return self._models.embedder.embed(usable_crop(self.subject(image), self._usable))

    def embed(self, sample: bytes) -> Vector:
        """(D,) float32 unit vector of an image file's subject. Raises SampleError, FaceError kinds, InferenceError."""
        return self.embed_image(decode(sample, max_pixels=self._settings.max_pixels))

    def encode(self, vector: Vector) -> bytes:
        """The binary template of a vector."""
        return self._codec.encode(vector)

    def decode(self, template: bytes) -> Vector:
        """The vector of a binary template. Raises TemplateError."""
        return self._codec.decode(template)

    def match(self, probe: Vector, gallery: Sequence[Vector]) -> list[Comparison]:
        """One vector against N, in their order; the same scores as if templates had lain between."""
        return self.matcher.compare_many(settle(probe), settle(np.stack(list(gallery))))

    def extract(self, sample: bytes) -> bytes:
        """The binary template of an image file's subject."""
        return self.encode(self.embed(sample))

    def compare(self, feature: bytes, template: bytes) -> Comparison:
        """Two templates, 1:1. Raises TemplateError."""
        return self.matcher.compare(self.decode(feature), self.decode(template))

    def compare_n(self, template: bytes, templates: Sequence[bytes]) -> list[Comparison]:
        """One template against N, in their order. Raises TemplateError."""
        return self.matcher.compare_many(self.decode(template), self._codec.decode_many(templates))

    def verify_n(self, vector: Vector, templates: Sequence[bytes]) -> list[Comparison]:
        """One vector against N templates, in their order. Raises TemplateError."""
        return self.matcher.compare_many(settle(vector), self._codec.decode_many(templates))

    def probe(self) -> None:
        """Run the models on a synthetic picture, as the health method asks. Raises InferenceError."""
        image = probe_picture(CROP)
        self._models.detector.detect(image, self._rules.size)
        # A ramp is no face; that the model says so is what a working model does.
        with contextlib.suppress(ExtractionError):
            self._models.embedder.embed(image)
