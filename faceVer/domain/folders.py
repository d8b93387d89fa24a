"""What a folder document is made of: facts about media, what an analysis was asked for, what came out of it.

Frozen; scores are checked here, so that no NaN or out-of-range number can reach a decision or a document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

MediaKind = Literal["image", "video", "shots_set"]

# The reference's own codes and words (API page "Rules of Assigning Analyses", "Tag-Related Errors").
PROCESSING_ERROR = 202
TAGS_ERROR = 5
NO_FACE = "Could not locate face on source media [{media_id}]"
TOO_FEW_MEDIA = "Biometry. Analysis requires at least 2 media objects to process"
NO_QUALITY_MEDIA = "Invalid/missed tag values to process quality check"


class AnalysisType(StrEnum):
    """The analyses this server runs, as documents spell them."""

    QUALITY = "QUALITY"
    BIOMETRY = "BIOMETRY"


@dataclass(frozen=True, slots=True)
class MediaFact:
    """One medium of a request, as read.

    media_id: its UUID in the document. key: its part's name, unique in the request. filename: as sent, may be empty.
    md5: hex. size: bytes. mime: by its content. width, height: pixels, upright. duration: seconds, fps: frames per
    second, both None where there is no clock. tags: as requested. created, updated: Unix seconds, received / read.
    """

    media_id: str
    kind: MediaKind
    key: str
    filename: str
    md5: str
    size: int
    mime: str
    width: int
    height: int
    created: float
    updated: float
    duration: float | None = None
    fps: float | None = None
    tags: tuple[str, ...] = ()
    meta_data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BestShot:
    """The best frame of a medium. jpeg: the encoded picture. width, height: its pixels."""

    jpeg: bytes = field(repr=False)
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class QualityConfs:
    """What decides a quality analysis. threshold_spoofing: 0..1, the highest chance of an attack that passes."""

    threshold_spoofing: float
    extract_best_shot: bool = False


@dataclass(frozen=True, slots=True)
class BiometryConfs:
    """What decides a biometry analysis: SUCCESS from threshold_max, DECLINED below threshold_min, both 0..1."""

    threshold_min: float
    threshold_max: float

    def __post_init__(self) -> None:
        if not self.threshold_min <= self.threshold_max:
            raise ValueError("threshold_min must not be above threshold_max")


Confs = QualityConfs | BiometryConfs


@dataclass(frozen=True, slots=True)
class MediaScore:
    """The chance (0..1) that the medium of that key shows an attack, and its best shot where one was asked for."""

    key: str
    confidence_spoofing: float
    best_shot: BestShot | None = None

    def __post_init__(self) -> None:
        _unit(self.confidence_spoofing)


@dataclass(frozen=True, slots=True)
class PairScore:
    """The comparison score (0..1) of the faces of two media, by their keys."""

    left: str
    right: str
    score: float

    def __post_init__(self) -> None:
        _unit(self.score)


@dataclass(frozen=True, slots=True)
class QualityOutcome:
    """A finished quality analysis: one score per medium, in the order of the source media."""

    scores: tuple[MediaScore, ...]

    def __post_init__(self) -> None:
        if not self.scores:
            raise ValueError("a quality outcome needs at least one score")


@dataclass(frozen=True, slots=True)
class BiometryOutcome:
    """A finished biometry analysis: every pair of source media."""

    pairs: tuple[PairScore, ...]

    def __post_init__(self) -> None:
        if not self.pairs:
            raise ValueError("a biometry outcome needs at least one pair")

    @property
    def min_confidence(self) -> float:
        return min(pair.score for pair in self.pairs)

    @property
    def max_confidence(self) -> float:
        return max(pair.score for pair in self.pairs)

    @property
    def keys(self) -> tuple[str, ...]:
        """The media compared, in the order they first appear."""
        return tuple(dict.fromkeys(key for pair in self.pairs for key in (pair.left, pair.right)))

    def of(self, key: str) -> BiometryOutcome:
        """The pairs one medium is part of."""
        return BiometryOutcome(tuple(pair for pair in self.pairs if key in (pair.left, pair.right)))


@dataclass(frozen=True, slots=True)
class Failure:
    """An analysis that could not finish."""

    error_code: int
    error_message: str


Outcome = QualityOutcome | BiometryOutcome | Failure


def no_face(media_id: str) -> Failure:
    """The failure of an analysis one of whose media shows no face."""
    return Failure(PROCESSING_ERROR, NO_FACE.format(media_id=media_id))


@dataclass(frozen=True, slots=True)
class AnalysisRecord:
    """One analysis as a document shows it.

    source: the media it used. outcome: None while it runs. created, updated: Unix seconds, begun / ended.
    """

    analysis_id: str
    confs: Confs
    source: tuple[MediaFact, ...]
    outcome: Outcome | None
    created: float
    updated: float
    meta_data: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wrong = BiometryOutcome if isinstance(self.confs, QualityConfs) else QualityOutcome
        if isinstance(self.outcome, wrong):
            raise TypeError("the outcome is of another type than the analysis")

    @property
    def type(self) -> AnalysisType:
        return AnalysisType.QUALITY if isinstance(self.confs, QualityConfs) else AnalysisType.BIOMETRY


@dataclass(frozen=True, slots=True)
class Folder:
    """One request. group_id: of its analyses. created: Unix seconds, when the request began to be read."""

    folder_id: str
    group_id: str
    created: float
    media: tuple[MediaFact, ...]
    meta_data: Mapping[str, Any] = field(default_factory=dict)
    resolution_endpoint: str | None = None


def _unit(score: float) -> None:
    if not 0.0 <= score <= 1.0:  # so written that NaN is refused too
        raise ValueError("a score must be in 0..1")
