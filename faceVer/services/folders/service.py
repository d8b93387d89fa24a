"""The folder use case without HTTP: media and a payload in, the folder document out. And the single-image detect.

One medium is in memory at a time: it is decoded, everything any analysis needs of it is taken, and its frames go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from faceVer.domain.errors import FaceError, NoFaceError, SampleError, SeveralFacesError, TooLargeError
from faceVer.domain.folders import (
    AnalysisRecord,
    BestShot,
    Confs,
    Failure,
    Folder,
    MediaFact,
    MediaScore,
    Outcome,
    QualityConfs,
    QualityOutcome,
    no_face,
)
from faceVer.domain.values import Face, Frame, ModelInfo, Upload
from faceVer.media.image import decode
from faceVer.media.limits import MediaLimits
from faceVer.media.sniffing import identify
from faceVer.observability.timings import stage
from faceVer.services.faces import FaceEngine, Vector
from faceVer.services.folders.biometry import BiometryService, Known
from faceVer.services.folders.document import Stamps, folder_document
from faceVer.services.folders.inspection import Inspection, Seen, inspection
from faceVer.services.folders.media_item import decode_medium, draft, open_medium
from faceVer.services.folders.payload import Payload, parse_payload
from faceVer.services.folders.quality import QualityService, SpoofScore, several_faces
from faceVer.services.folders.selection import Selection, has_best_shot, select
from faceVer.services.folders.strict_json import name_of
from faceVer.services.rules import media_limits
from faceVer.settings.model import Settings
from faceVer.vision.detection.centerface import probe_picture
from faceVer.vision.detection.frames import Sighting, crowded
from faceVer.vision.liveness.models import LivenessModels, load_liveness

PROBE_SIDE = 128
INSPECTED = b'{"analyses": [{"type": "quality", "params": {"extract_best_shot": true}}]}'
"""The payload of an inspection: one quality analysis with a best shot."""


@dataclass(frozen=True, slots=True)
class _Task:
    """One analysis of a request: what decides it and the media it uses."""

    confs: Confs
    selection: Selection
    meta_data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Findings:
    """What was taken from one medium; None = nobody asked for it, or `trouble` says why it cannot be had.

    trouble: of the medium as a whole. vector_trouble: of its template only. seen: where it is to be shown.
    """

    fact: MediaFact
    spoof: SpoofScore | None = None
    best_shot: BestShot | None = None
    vector: Vector | None = None
    trouble: Failure | None = None
    vector_trouble: Failure | None = None
    seen: Seen | None = None


class FolderService:
    """Liveness and folder analyses on the engine's models. Synchronous, stateless, for any number of threads."""

    def __init__(
        self, engine: FaceEngine, liveness: LivenessModels, settings: Settings, stamps: Stamps | None = None
    ) -> None:
        self._settings = settings
        self._stamps = stamps or Stamps()
        self._models = liveness
        self._quality = QualityService(engine, liveness, settings)
        self._biometry = BiometryService(engine, settings)

    @classmethod
    def load(cls, engine: FaceEngine, settings: Settings) -> FolderService:
        """Load the liveness models beside a running engine. Raises SetupError."""
        return cls(engine, load_liveness(settings), settings)

    @property
    def infos(self) -> tuple[ModelInfo, ...]:
        """The models loaded for liveness, apart from the engine's."""
        return self._models.infos

    def detect_image(self, data: bytes) -> tuple[bool, float]:
        """(passed, score) of a single photo. score: the chance of an attack, 0..1, 6 digits; passed: not above the
        threshold. Raises SampleError, NoFaceError, SeveralFacesError, InferenceError."""
        with stage("decode"):
            image = decode(data, max_pixels=self._settings.media.max_pixels)
        score = self._quality.spoof(self._quality.sight_photo(image)).attack
        return score <= self._settings.liveness.spoofing_threshold, score

    def evidence(self, data: bytes) -> SpoofScore:
        """The score of an image, video or archive with every frame's part in it.

        Raises SampleError, NoFaceError, SeveralFacesError, InferenceError.
        """
        kind, _ = identify(data)
        frames, _ = decode_medium(data, "shots_set" if kind == "archive" else kind, media_limits(self._settings))
        sightings = self._sight(frames, still=kind == "image")
        return self._quality.spoof(sightings)

    def run(self, uploads: Sequence[Upload], payload: bytes | None) -> dict[str, Any]:
        """The folder document of a request.

        Raises TooLargeError, SampleError (no medium, one name twice, a file that cannot be read), PayloadError,
        InferenceError. Media without a usable face are told in the document.
        """
        return self._work(uploads, payload)[0]

    def inspect(self, upload: Upload) -> Inspection:
        """What `run` answers for one medium and a quality analysis with a best shot, and how its score came about.

        Raises what `run` raises.
        """
        document, findings = self._work([upload], INSPECTED, show=True)
        found = findings[upload.name]
        return inspection(document, found.seen, found.spoof)

    def _work(
        self, uploads: Sequence[Upload], payload: bytes | None, *, show: bool = False
    ) -> tuple[dict[str, Any], dict[str, _Findings]]:
        """(the folder document, what was taken from each medium). show: its frames, too."""
        created = self._stamps.now()
        self._check(uploads)
        asked = parse_payload(payload, [upload.name for upload in uploads])
        drafts = [
            draft(
                upload,
                self._stamps.new_id(),
                created,
                asked.media_tags.get(upload.name, ()),
                asked.media_meta_data.get(upload.name, {}),
            )
            for upload in uploads
        ]
        tasks = self._plan(asked, drafts)
        begun = self._stamps.now()
        limits = media_limits(self._settings, len(uploads))
        findings = {
            fact.key: self._examine(upload, fact, tasks, limits, show=show)
            for upload, fact in zip(uploads, drafts, strict=True)
        }
        ended = max(self._stamps.now(), begun)
        records = [
            AnalysisRecord(
                analysis_id=self._stamps.new_id(),
                confs=task.confs,
                source=tuple(findings[fact.key].fact for fact in task.selection.media),
                outcome=self._outcome(task, findings),
                created=begun,
                updated=ended,
                meta_data=task.meta_data,
            )
            for task in tasks
        ]
        folder = Folder(
            folder_id=self._stamps.new_id(),
            group_id=self._stamps.new_id(),
            created=created,
            media=tuple(found.fact for found in findings.values()),
            meta_data=asked.meta_data,
            resolution_endpoint=asked.resolution_endpoint,
        )
        return folder_document(folder, records, self._stamps), findings

    def probe(self) -> None:
        """Run detection and the liveness models on a synthetic picture, as the health method asks.

        Raises InferenceError.
        """
        image = probe_picture(PROBE_SIDE)
        self._quality.detector.detect(image, PROBE_SIDE)
        box = np.array([32, 32, 96, 96], dtype=np.float32)
        marks = np.array([[50, 55], [78, 55], [64, 70], [54, 82], [74, 82]], dtype=np.float32)
        self._models.spoof.attack(image, Face(box, marks, 1.0), count=1)

    def _check(self, uploads: Sequence[Upload]) -> None:
        """What can be told before anything is decoded. Raises TooLargeError, SampleError."""
        settings = self._settings
        if not uploads:
            raise SampleError("the request has no media", exposed="media")
        if len(uploads) > settings.limits.max_media:
            raise TooLargeError(f"{len(uploads)} media files; at most {settings.limits.max_media} are allowed")
        for upload in uploads:
            if len(upload.data) > settings.limits.max_file_bytes:
                raise TooLargeError(
                    f"a media file of {len(upload.data)} bytes; {settings.limits.max_file_bytes} are allowed"
                )
            identify(upload.data)
        names = [upload.name for upload in uploads]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise SampleError(f"two media files have the name {twice!r}", exposed=name_of(twice))

    def _plan(self, asked: Payload, media: Sequence[MediaFact]) -> list[_Task]:
        settings = self._settings
        return [
            _Task(
                analysis.confs(
                    settings.liveness.spoofing_threshold,
                    settings.comparison.approve_threshold,
                    settings.comparison.operator_threshold,
                ),
                select(analysis.type, media, analysis.source_media),
                analysis.meta_data,
            )
            for analysis in asked.analyses
        ]

    def _examine(
        self, upload: Upload, fact: MediaFact, tasks: Sequence[_Task], limits: MediaLimits, *, show: bool
    ) -> _Findings:
        """Decode a medium and take what the analyses need of it. Raises SampleError, InferenceError."""
        opened = open_medium(upload, fact, limits, self._stamps.now())
        seen = Seen(opened.frames) if show else None
        fact, still = opened.fact, opened.fact.kind == "image"
        uses = [task.confs for task in tasks if not task.selection.failure and _holds(task.selection, fact)]
        quality = [confs for confs in uses if isinstance(confs, QualityConfs)]
        biometry = len(quality) < len(uses)
        if not uses:
            return _Findings(fact)
        try:
            sightings = self._sight(opened.frames, still=still)
        except NoFaceError:
            return _Findings(fact, trouble=no_face(fact.media_id), seen=seen)
        except SeveralFacesError:
            return _Findings(fact, trouble=several_faces(fact.media_id), seen=seen)
        seen = Seen(opened.frames, sightings) if show else None
        wants_shot = has_best_shot(fact) and any(confs.extract_best_shot for confs in quality)
        ranked = self._quality.ranked(sightings) if wants_shot or (biometry and not still) else []
        known: Known = {}
        if ranked and not self._biometry.one_person(ranked, known):
            return _Findings(fact, trouble=several_faces(fact.media_id), seen=seen)
        vector, vector_trouble = None, None
        if biometry:
            try:
                vector = (
                    self._biometry.photo_vector(sightings[0]) if still else self._biometry.frames_vector(ranked, known)
                )
            except FaceError:
                vector_trouble = no_face(fact.media_id)
        return _Findings(
            fact,
            spoof=self._quality.spoof(sightings) if quality else None,
            best_shot=self._quality.best_shot(ranked) if wants_shot else None,
            vector=vector,
            vector_trouble=vector_trouble,
            seen=seen,
        )

    def _sight(self, frames: Sequence[Frame], *, still: bool) -> list[Sighting]:
        """Raises NoFaceError; SeveralFacesError where a second person is there for good."""
        if still:
            return self._quality.sight_photo(frames[0].image)
        sightings = self._quality.sight_frames(frames)
        if not sightings:
            raise NoFaceError("no frame shows a face")
        if crowded(sightings):
            raise SeveralFacesError("more than half of the frames show a second face")
        return sightings

    def _outcome(self, task: _Task, findings: Mapping[str, _Findings]) -> Outcome:
        """The outcome of one analysis; the first medium in trouble, in order, fails it."""
        if task.selection.failure:
            return task.selection.failure
        used = [findings[fact.key] for fact in task.selection.media]
        quality = isinstance(task.confs, QualityConfs)
        for found in used:
            failure = found.trouble or (None if quality else found.vector_trouble)
            if failure:
                return failure
        if isinstance(task.confs, QualityConfs):
            shot = task.confs.extract_best_shot
            return QualityOutcome(
                tuple(
                    MediaScore(found.fact.key, found.spoof.attack, found.best_shot if shot else None)
                    for found in used
                    if found.spoof is not None
                )
            )
        return self._biometry.compare({found.fact.key: found.vector for found in used if found.vector is not None})


def _holds(selection: Selection, fact: MediaFact) -> bool:
    return any(medium.key == fact.key for medium in selection.media)
