"""What is found in one medium: complete values, without images or models, so that they can be stored."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from faceVer.domain.analyses import FailureKind, JpegImage

Vector = NDArray[np.float32]
"""(D,) float32 unit vector of a face."""


@dataclass(frozen=True, slots=True)
class FrameScore:
    """One frame's part in a PAD score.

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
    """The PAD score of a medium, 0..1, high for an attack, rounded to 6 digits, and the frames it comes from."""

    score: float
    frames: tuple[FrameScore, ...]


@dataclass(frozen=True, slots=True)
class FramePreview:
    """One frame as a small picture, for the console.

    index, time, name: see domain.values.Frame. image: the frame, upright. score: its part in the PAD score. box: the
    subject's left, top, right, bottom as fractions of the width and the height, None where there is no score. turned:
    whether the frame was turned to detect the face, and so does not lie as the medium does.
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
    """Of one medium; None = not requested, or a failure says why it is missing.

    decoded: Unix seconds, when it was decoded. width, height, duration, fps: see MediaItem. failure: of every analysis
    that uses the medium; vector_failure: of those that compare faces. vector: little-endian float32, see `vector_of`.
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
    vector: bytes | None = field(default=None, repr=False)
    previews: tuple[FramePreview, ...] = ()


def to_bytes(vector: Vector) -> bytes:
    """A vector as `Findings` hold it."""
    return vector.astype("<f4").tobytes()


def to_vector(data: bytes) -> Vector:
    """The vector that `to_bytes` was given."""
    return np.frombuffer(data, "<f4")
