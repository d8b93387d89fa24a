"""The findings of one media item: complete values, without decoded images or models, so that they can be stored."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from faceVer.domain.analyses import FaceMeasures, FailureKind, JpegImage
from faceVer.domain.gestures import GestureResult

Vector = NDArray[np.float32]
"""(D,) float32 unit vector of a face."""


@dataclass(frozen=True, slots=True)
class FrameScore:
    """The PAD score of one frame and its weight in the mean.

    index, time, name: see domain.values.Frame. box: the subject's left, top, right, bottom in pixels of the frame,
    turned upright. pad_score: 0..1. weight: of the frame in the mean. alone: whether no second person was detected.
    """

    index: int
    time: float
    name: str
    box: tuple[float, float, float, float]
    pad_score: float
    weight: float
    alone: bool


@dataclass(frozen=True, slots=True)
class PadScore:
    """The PAD score of a media item (0..1, 1 = attack, rounded to 6 digits), and the frames it is the mean of."""

    score: float
    frames: tuple[FrameScore, ...]


@dataclass(frozen=True, slots=True)
class FramePreview:
    """One frame as a small picture, for the console.

    index, time, name: see domain.values.Frame. image: the frame, upright. score: its PAD score. box: the
    subject's left, top, right, bottom as fractions of the width and the height, None where there is no score. turned:
    whether the frame was turned to detect the face, so that its orientation differs from the media item's.
    """

    index: int
    time: float
    name: str
    image: JpegImage
    score: FrameScore | None = None
    box: tuple[float, float, float, float] | None = None
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """The findings of one media item. None = not requested, or missing for the reason in `failure`, `vector_failure`.

    decoded: Unix seconds, when it was decoded. width, height, duration, fps: see MediaItem. failure: of all analyses of
    the media item. vector_failure: of those that compare faces. measures: of the best shot.
    vector: (D,) little-endian float32, see `to_vector`.
    """

    media_id: str
    decoded: float
    width: int
    height: int
    duration: float | None = None
    fps: float | None = None
    failure: FailureKind | None = None
    vector_failure: FailureKind | None = None
    pad: PadScore | None = None
    best_shot: JpegImage | None = None
    measures: FaceMeasures | None = None
    vector: bytes | None = field(default=None, repr=False)
    previews: tuple[FramePreview, ...] = ()
    gestures: tuple[GestureResult, ...] = ()


def to_bytes(vector: Vector) -> bytes:
    """A vector as `Findings` hold it."""
    return vector.astype("<f4").tobytes()


def to_vector(data: bytes) -> Vector:
    """The vector that `to_bytes` was given."""
    return np.frombuffer(data, "<f4")
