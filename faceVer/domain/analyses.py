"""Analyses: their thresholds, outcomes and statuses. Wire codes and messages are not here.

All classes are frozen. They check scores, so that no NaN or out-of-range number reaches a decision or a document. The
tag of a struct names its type where it is stored as one of several alternatives.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NamedTuple

from msgspec import Struct

from faceVer.domain.gestures import GestureResult


class AnalysisType(StrEnum):
    """The analyses this server runs, as documents spell them."""

    QUALITY = "QUALITY"
    BIOMETRY = "BIOMETRY"


class QualityThresholds(Struct, frozen=True, tag_field="type", tag="QUALITY"):
    """What decides a quality analysis. threshold_spoofing: 0..1, the highest PAD score that passes. check_gesture:
    whether videos must show the gestures that their tags name.
    """

    type: ClassVar[AnalysisType] = AnalysisType.QUALITY
    threshold_spoofing: float
    extract_best_shot: bool = False
    check_gesture: bool = False


class BiometryThresholds(Struct, frozen=True, tag_field="type", tag="BIOMETRY"):
    """What decides a biometry analysis: SUCCESS from threshold_max, DECLINED below threshold_min, both 0..1."""

    type: ClassVar[AnalysisType] = AnalysisType.BIOMETRY
    threshold_min: float
    threshold_max: float

    def __post_init__(self) -> None:
        if not self.threshold_min <= self.threshold_max:
            raise ValueError("threshold_min must not be above threshold_max")


Thresholds = QualityThresholds | BiometryThresholds


class JpegImage(Struct, frozen=True, tag_field="kind", tag="jpeg"):
    """An encoded picture. width, height: pixels."""

    jpeg: bytes
    width: int
    height: int

    def __repr__(self) -> str:  # without the picture: it is large, and of a person
        return f"JpegImage(width={self.width}, height={self.height})"


class StoredImage(Struct, frozen=True, tag_field="kind", tag="stored"):
    """A picture in the file storage. key: of the file. md5: hex. size: bytes. width, height: pixels."""

    key: str
    md5: str
    size: int
    width: int
    height: int
    mime: str = "image/jpeg"


class FaceMeasures(Struct, frozen=True):
    """What was measured of the face in a frame; docs/best-shot.md says how.

    quality: 0..1, 1 = best. sharpness: variance of the Laplacian. yaw, pitch, roll: degrees. eyes_open: 0..1, mean of
    both eyes. eye_opening: height by width of their outlines. brightness: mean luma, 0..255. clipped: share of pixels
    that are black or white, 0..1. size: side of the face's box in pixels of the frame. inside: share of the face with
    its surroundings that lies in the frame, 0..1.
    """

    quality: float
    sharpness: float
    yaw: float
    pitch: float
    roll: float
    eyes_open: float
    eye_opening: float
    brightness: float
    clipped: float
    size: float
    inside: float


@dataclass(frozen=True, slots=True)
class BestShot:
    """The best frame of a media item, for one analysis. media_id: the id of the best shot itself."""

    media_id: str
    image: JpegImage | StoredImage


@dataclass(frozen=True, slots=True)
class MediaScore:
    """The PAD score of a media item (0..1, 1 = attack), and its best shot with its measures where one was requested.

    gestures: the result of each gesture that its tags name, where they are checked.
    """

    media_id: str
    pad_score: float
    best_shot: BestShot | None = None
    measures: FaceMeasures | None = None
    gestures: tuple[GestureResult, ...] = ()

    def __post_init__(self) -> None:
        _check_score(self.pad_score)


@dataclass(frozen=True, slots=True)
class PairScore:
    """The comparison score (0..1) of the faces of two media, by their ids."""

    left: str
    right: str
    score: float

    def __post_init__(self) -> None:
        _check_score(self.score)


class QualityOutcome(Struct, frozen=True, tag_field="type", tag="QUALITY"):
    """A finished quality analysis: one score per media item, in the order of the source media."""

    type: ClassVar[AnalysisType] = AnalysisType.QUALITY
    scores: tuple[MediaScore, ...]

    def __post_init__(self) -> None:
        if not self.scores:
            raise ValueError("a quality outcome needs at least one score")


class BiometryOutcome(Struct, frozen=True, tag_field="type", tag="BIOMETRY"):
    """A finished biometry analysis: every pair of source media."""

    type: ClassVar[AnalysisType] = AnalysisType.BIOMETRY
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

    def by_media(self) -> dict[str, BiometryOutcome]:
        """The pairs that include each media item, by its id, in the order the media first appear. One pass."""
        found: dict[str, list[PairScore]] = {}
        for pair in self.pairs:
            for media_id in (pair.left, pair.right):
                found.setdefault(media_id, []).append(pair)
        return {media_id: BiometryOutcome(tuple(pairs)) for media_id, pairs in found.items()}


class FailureKind(StrEnum):
    """Why an analysis could not be made."""

    NO_FACE = "no_face"
    SEVERAL_PERSONS = "several_persons"
    TOO_FEW_MEDIA = "too_few_media"
    """Fewer media than biometry compares."""
    NO_QUALITY_MEDIA = "no_quality_media"
    """The tags exclude all media from a quality analysis."""
    PROCESSING = "processing"
    """The analysis ended by an error of the server, in each of its tries."""


class Failure(Struct, frozen=True, tag_field="type", tag="FAILURE"):
    """An analysis that could not be made. media_id: the media item that made it fail; None where no single one did."""

    kind: FailureKind
    media_id: str | None = None


Outcome = QualityOutcome | BiometryOutcome | Failure


class AnalysisState(StrEnum):
    """`state` of an analysis."""

    PROCESSING = "PROCESSING"
    FAILED = "FAILED"
    FINISHED = "FINISHED"


class Resolution(StrEnum):
    """`resolution_status` of an analysis and `system_resolution` of a folder, worst first.

    INITIAL is a folder's only: no analysis has it.
    """

    INITIAL = "INITIAL"
    PROCESSING = "PROCESSING"
    FAILED = "FAILED"
    DECLINED = "DECLINED"
    OPERATOR_REQUIRED = "OPERATOR_REQUIRED"
    SUCCESS = "SUCCESS"


class AnalysisStatus(NamedTuple):
    """`state` and `resolution_status` of one analysis."""

    state: AnalysisState
    resolution: Resolution


def _check_score(score: float) -> None:
    if not 0.0 <= score <= 1.0:  # written so that NaN fails the check, too
        raise ValueError("a score must be in 0..1")
