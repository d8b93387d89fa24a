"""Values that all layers share: frozen, slotted, with their units. They import nothing else of FaceVer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""(height, width, 3) uint8, RGB, C-contiguous, upright (EXIF orientation already applied)."""

FloatArray = NDArray[np.floating[Any]]

Decision = Literal["approved", "operator_required", "declined"]


@dataclass(frozen=True, slots=True)
class Upload:
    """One media file of a request as it arrived, transfer encoding already undone."""

    name: str
    data: bytes
    filename: str = ""
    content_type: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One image of a media item.

    image: see `Image`. index: its position in the item, from 0. time: seconds from the item's start (0.0 in photos and
    archives). name: the archive member's name, else "".
    """

    image: Image
    index: int = 0
    time: float = 0.0
    name: str = ""

    @property
    def width(self) -> int:
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        return int(self.image.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One detected face, in pixels of the image it was found in.

    box: (4,) float32, left, top, right, bottom; may exceed the image.
    landmarks: (5, 2) float32, x and y of: the eye on the image's left, the one on its right, nose tip, the mouth's
    left corner, its right corner (InsightFace's order).
    confidence: 0..1, as the detector gives it.
    """

    box: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    confidence: float

    @property
    def width(self) -> float:
        return float(self.box[2] - self.box[0])

    @property
    def height(self) -> float:
        return float(self.box[3] - self.box[1])

    @property
    def side(self) -> float:
        """The box's side: the square root of its area, so that a turned head does not change it much."""
        return float(np.sqrt(max(self.width, 0.0) * max(self.height, 0.0)))

    @property
    def centre(self) -> tuple[float, float]:
        return float(self.box[0] + self.box[2]) / 2, float(self.box[1] + self.box[3]) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """The subject's face: the one that a template is made of.

    image: see `Image`; `face` is in its pixels. turned: degrees counter-clockwise by which the image was rotated to
    find the face.
    """

    image: Image
    face: Face
    turned: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class FrameDetection:
    """The subject's face in one frame.

    image: see `Image`; `face` is in its pixels (the frame's, or those of the frame rotated upright).
    alone: no second person was found in the frame. fine: a finer copy was searched for small faces, too.
    """

    frame: Frame
    image: Image
    face: Face
    alone: bool = True
    fine: bool = True


class Comparison(NamedTuple):
    """The outcome of one comparison; a tuple, since one request makes up to 10,000.

    cosine: -1..1, of the two templates. score: 0..1, the calibrated comparison score. decision: by the thresholds.
    """

    cosine: float
    score: float
    decision: Decision


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A loaded model as `/version` names it. sha256: of its source file, hex. licence: "" = unknown."""

    task: str
    name: str
    version: str
    sha256: str
    licence: str = ""
