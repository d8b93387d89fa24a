"""Faces to templates and comparisons: the face engine, which all threads of a process share.

Any thread may call any method at any time; the engine keeps nothing between calls.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from faceVer.domain.errors import ExtractionError, FaceError, NoFaceError, TemplateError
from faceVer.domain.face_choice import FaceChoice
from faceVer.domain.values import Comparison, Face, Image, ModelInfo, Subject
from faceVer.inference.backend import Backend
from faceVer.inference.opening import open_backend
from faceVer.matching.readers import TemplateReaders
from faceVer.matching.scores import Matcher, Thresholds
from faceVer.matching.template import TemplateCodec, to_half_precision
from faceVer.media.decoder import Decoder
from faceVer.media.image import WORKING_SIDE
from faceVer.media.limits import PixelBudget
from faceVer.observability.timings import count_faces, stage
from faceVer.services.rules import decoder, detection_rules, media_limits, pack_selection, quality_gate_rules
from faceVer.services.templates import OWN, TemplateComparer, Vector
from faceVer.settings.model import Settings
from faceVer.vision.alignment import CROP, has_enough_detail
from faceVer.vision.detection.choice import choose_face
from faceVer.vision.detection.detector import Detector, probe_image
from faceVer.vision.detection.second_person import is_second_person, require_single_person
from faceVer.vision.detection.subject import detect_faces, in_larger_image
from faceVer.vision.older import OlderModel, load_older
from faceVer.vision.packs import Models, load_models
from faceVer.vision.quality_gate import aligned_crop

QUICK_SIDE = 640
"""With quick detection, larger images (twice this side or more) are first decoded at a reduced size."""


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

    decoder: what it and others read files with; by default in this process. older: models whose templates are read too.
    """

    def __init__(
        self, models: Models, settings: Settings, decoder: Decoder | None = None, older: Sequence[OlderModel] = ()
    ) -> None:
        cv2.setNumThreads(1)  # requests run in parallel, not the parts of one
        self._models = models
        self.decoder = decoder or Decoder()
        self._limits = replace(media_limits(settings), budget=None)
        self._rules = detection_rules(settings)
        self._gate = quality_gate_rules(settings)
        self.older = tuple(older)
        self._recognizers = (models.recognizer, *(one.recognizer for one in older))
        identities = (models.identity, *(one.identity for one in older))
        calibrations = (models.calibration, *(one.calibration for one in older))
        comparison = settings.comparison
        key, plain = comparison.template_key, comparison.accepts_plain_templates
        codecs = [
            TemplateCodec(identity, recognizer.dimension, key, accept_plain=plain)
            for identity, recognizer in zip(identities, self._recognizers, strict=True)
        ]
        approve, operator = comparison.approve_threshold, comparison.operator_threshold
        thresholds = Thresholds(approve, approve if operator is None else operator)
        matchers = [Matcher(calibration, thresholds) for calibration in calibrations]
        self.matcher = matchers[OWN]
        self.templates = TemplateComparer(TemplateReaders(codecs), matchers)

    @classmethod
    def load(cls, settings: Settings) -> FaceEngine:
        """Load the configured pack. Raises SetupError."""
        selection = pack_selection(settings)
        models = load_models(selection, open_backend(settings))
        return cls(models, settings, decoder(settings), load_older(selection, models))

    @property
    def infos(self) -> tuple[ModelInfo, ...]:
        """The loaded models, the older ones last."""
        return (*self._models.infos, *(info for one in self.older for info in one.infos))

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
        return self._embed_crop(self._crop(sample, budget, choice))

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

    def _crop(self, sample: bytes, budget: PixelBudget | None, choice: FaceChoice | None) -> Image:
        """The aligned face of an image file's subject, or of the chosen one. Raises as `embed`."""
        image, full_size = self._decode(sample, budget)
        subject = self.subject(image, choice, full_size[1] / image.shape[1])
        return self._align(self._at_full_size(subject, sample, image, full_size))

    def _align(self, subject: Subject) -> Image:
        with stage("align"):
            return aligned_crop(subject, self._gate)

    def _embed_subject(self, subject: Subject) -> Vector:
        return self._embed_crop(self._align(subject))

    def _embed_crop(self, crop: Image, place: int = OWN) -> Vector:
        """place: of the recognizer, the pack's own or an older one."""
        with stage("embed"):
            return np.asarray(self._recognizers[place].embed(crop[None])[0], dtype=np.float32)

    def encode(self, vector: Vector) -> bytes:
        """The binary template of a vector."""
        return self.templates.encode(vector)

    def check(self, template: bytes) -> None:
        """Raises TemplateError where a binary template cannot be read."""
        self.templates.decode(template)

    def is_own(self, template: bytes) -> bool:
        """Whether it can be read and is of the pack's model, not of an older one."""
        try:
            return self.templates.decode(template)[0] == OWN
        except TemplateError:
            return False

    def match(self, probe: Vector, gallery: Sequence[Vector]) -> list[Comparison]:
        """One vector against N, in their order; the scores that their templates would get."""
        with stage("match"):
            return self.matcher.compare_many(to_half_precision(probe), to_half_precision(np.stack(list(gallery))))

    def extract(self, sample: bytes, choice: FaceChoice | None = None) -> bytes:
        """The binary template of an image file's subject, or of the chosen face."""
        return self.encode(self.embed(sample, choice=choice))

    def compare(self, feature: bytes, template: bytes) -> Comparison:
        """Two templates, 1:1. Raises TemplateError."""
        return self.templates.compare(feature, template)

    def compare_n(self, template: bytes, templates: Sequence[bytes]) -> list[Comparison]:
        """One template against N, in their order. Raises TemplateError."""
        return self.templates.compare_n(template, templates)

    def verify(
        self, sample: bytes, templates: Sequence[bytes], choice: FaceChoice | None = None
    ) -> tuple[Vector, list[Comparison]]:
        """An image file against N templates: the vector of its subject, or of the chosen face, and the comparisons in
        the templates' order.

        Templates of an older model are compared with what that model makes of the same aligned face.
        Raises as `embed`, and TemplateError.
        """
        crop = self._crop(sample, None, choice)
        own = self._embed_crop(crop)

        def probe(place: int) -> Vector:
            return to_half_precision(own if place == OWN else self._embed_crop(crop, place))

        return own, self.templates.against(probe, templates)

    def probe(self) -> None:
        """Run the models on a synthetic image: the health check. Raises InferenceError."""
        image = probe_image(CROP)
        for detector in (self._models.detector, self._models.detector.aligner):
            if detector is not None:
                detector.detect(image, self._rules.size)
        for recognizer in self._recognizers:
            # The probe image shows no face; a working model reports that.
            with contextlib.suppress(ExtractionError):
                recognizer.embed(image[None])
