"""The results of the client: frozen values. Their reprs omit templates and images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

APPROVED = "approved"
SUCCESS = "SUCCESS"


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the server."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Version:
    """core: version of the server. tfss: name and version of the inference runtime."""

    core: str
    tfss: str
    models: tuple[Model, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """status: 0 = operative, 3 = not. message: the reason."""

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
    """score: 0..1, of the image and the template. template: the template of the image."""

    score: float
    template: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Match:
    """One of N. filename: from the response. index: position among the N, from 0. Other fields: see Comparison."""

    filename: str
    score: float
    decision: str
    index: int

    @property
    def approved(self) -> bool:
        return self.decision == APPROVED


@dataclass(frozen=True, slots=True)
class Liveness:
    """passed: classified as bona fide. score: the PAD score, 0..1; 1 = attack."""

    passed: bool
    score: float


@dataclass(frozen=True, slots=True)
class BestShot:
    """The best frame of a video or an archive.

    image: JPEG bytes; empty where the server stores it. width, height: pixels, None where not stated. url: of a stored
    one. measures: by name, what the server measured of the face (docs/best-shot.md); empty from older servers.
    """

    media_id: str
    image: bytes = field(repr=False)
    width: int | None = None
    height: int | None = None
    url: str = ""
    measures: Mapping[str, float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Medium:
    """A media file of a folder.

    name: the one given to `analyse`; "" where the document does not keep the order of the request. kind: such as
    VIDEO_FOLDER. info: of the file (md5, size, mime-type, width, height, duration, FPS), as far as stated. url,
    thumbnail_url: addresses of a stored file; "" where there is none.
    """

    media_id: str
    name: str
    kind: str
    original_name: str
    tags: tuple[str, ...] = ()
    info: Mapping[str, Any] = field(default_factory=dict, hash=False)
    meta_data: Mapping[str, Any] = field(default_factory=dict, hash=False)
    url: str = ""
    thumbnail_url: str = ""


@dataclass(frozen=True, slots=True)
class MediumResult:
    """The result of an analysis for one media file. Numbers: 0..1, None where not stated."""

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
    of a failed one. media_ids: the media files it analysed. group_id: of the analyses requested together.
    resolution_operator: an operator's result.
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
    group_id: str = ""
    resolution_operator: str | None = None

    @property
    def passed(self) -> bool:
        return self.resolution == SUCCESS

    @property
    def confidence_spoofing(self) -> float | None:
        """The highest of its media files; None where there is none."""
        scores = [one.confidence_spoofing for one in self.results if one.confidence_spoofing is not None]
        return max(scores, default=None)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder document. state: FINISHED, FAILED, … resolution: the worst of its analyses.

    time_created, time_updated: Unix seconds, None where not stated. raw: the document as received.
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
        """The media file with that id. Raises KeyError."""
        for medium in self.media:
            if medium.media_id == media_id:
                return medium
        raise KeyError(media_id)
