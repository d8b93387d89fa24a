"""What the client returns: frozen values. Templates and pictures are kept out of their reprs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

APPROVED = "approved"
SUCCESS = "SUCCESS"


@dataclass(frozen=True, slots=True)
class Model:
    """A model the server has loaded."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Version:
    """core: the server's version. tfss: the inference runtime and its version."""

    core: str
    tfss: str
    models: tuple[Model, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """status: 0 works, 3 does not. message: why not."""

    status: int
    message: str

    @property
    def ok(self) -> bool:
        return self.status == 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """score: 0..1. decision: "approved", "operator_required" or "declined"."""

    score: float
    decision: str

    @property
    def approved(self) -> bool:
        return self.decision == APPROVED


@dataclass(frozen=True, slots=True)
class Verification:
    """score: 0..1, of the image and the template. template: the one made from the image."""

    score: float
    template: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Match:
    """One of N. filename: as the server answers it. index: place among the N, from 0. The rest: see Comparison."""

    filename: str
    score: float
    decision: str
    index: int

    @property
    def approved(self) -> bool:
        return self.decision == APPROVED


@dataclass(frozen=True, slots=True)
class Liveness:
    """passed: taken for bona fide. score: 0..1, the chance of a presentation attack."""

    passed: bool
    score: float


@dataclass(frozen=True, slots=True)
class BestShot:
    """The best frame of a video or an archive. image: JPEG bytes. width, height: pixels, None where not told."""

    media_id: str
    image: bytes = field(repr=False)
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Medium:
    """A medium of a folder.

    name: what `analyse` was given it as; "" where the document does not keep the order it was sent in. kind: such as
    VIDEO_FOLDER. info: of the file (md5, size, mime-type, width, height, duration, FPS), as far as told.
    """

    media_id: str
    name: str
    kind: str
    original_name: str
    tags: tuple[str, ...] = ()
    info: Mapping[str, Any] = field(default_factory=dict, hash=False)
    meta_data: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class MediumResult:
    """What an analysis says of one medium: numbers in 0..1, None where it says nothing."""

    media_id: str
    confidence_spoofing: float | None = None
    min_confidence: float | None = None
    max_confidence: float | None = None
    best_shots: tuple[BestShot, ...] = ()


@dataclass(frozen=True, slots=True)
class Analysis:
    """An analysis of a folder.

    type: QUALITY, BIOMETRY or another product's. state: FINISHED, FAILED, PROCESSING. resolution: SUCCESS, DECLINED,
    OPERATOR_REQUIRED, FAILED, PROCESSING. min_confidence, max_confidence: 0..1, of biometry. error_code, error_message:
    of a failed one. media_ids: what it was run on.
    """

    analysis_id: str
    type: str
    state: str
    resolution: str
    error_code: int | None = None
    error_message: str | None = None
    min_confidence: float | None = None
    max_confidence: float | None = None
    media_ids: tuple[str, ...] = ()
    results: tuple[MediumResult, ...] = ()
    meta_data: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def passed(self) -> bool:
        return self.resolution == SUCCESS

    @property
    def confidence_spoofing(self) -> float | None:
        """The highest over its media; None where there is none."""
        told = [one.confidence_spoofing for one in self.results if one.confidence_spoofing is not None]
        return max(told, default=None)


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder document. state: FINISHED, FAILED, … resolution: the worst of its analyses.

    time_created, time_updated: Unix seconds, None where not told. raw: the document as it came.
    """

    folder_id: str
    state: str
    resolution: str
    media: tuple[Medium, ...]
    analyses: tuple[Analysis, ...]
    time_created: float | None = None
    time_updated: float | None = None
    meta_data: Mapping[str, Any] = field(default_factory=dict, hash=False)
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def passed(self) -> bool:
        return self.resolution == SUCCESS

    @property
    def best_shots(self) -> tuple[BestShot, ...]:
        return tuple(shot for analysis in self.analyses for one in analysis.results for shot in one.best_shots)

    def medium(self, media_id: str) -> Medium:
        """The medium of that id. Raises KeyError."""
        for medium in self.media:
            if medium.media_id == media_id:
                return medium
        raise KeyError(media_id)
