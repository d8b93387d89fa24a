"""Values that travel through the house: frozen, slotted, with their units. They import nothing of ours."""

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
    """One picture of a medium.

    image: see `Image`. index: its place in the medium, from 0. time: seconds from the medium's start (0.0 where it has
    no clock: photos, archives). name: the archive member's name, else "".
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
    """One detected face, in pixels of the picture it was found in.

    box: (4,) float32, left, top, right, bottom; may reach past the picture's edge.
    landmarks: (5, 2) float32, x and y of: the eye on the picture's left, the one on its right, nose tip, the mouth's
    left corner, its right corner (insightface's order).
    confidence: 0..1, the detector's own.
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
    """The face a picture is about, in the picture it was found in (turned or padded where that was needed).

    image: see `Image`; `face` is in its pixels. turned: degrees counter-clockwise the upright picture was turned by.
    """

    image: Image
    face: Face
    turned: int = 0


class Comparison(NamedTuple):
    """The outcome of one comparison; a tuple, since a request makes ten thousand of them.

    cosine: -1..1, of the two templates. score: 0..1, the calibrated comparison score. decision: by the thresholds.
    """

    cosine: float
    score: float
    decision: Decision


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A loaded model as `/version` names it. sha256: of the file it was prepared from, hex. licence: "" = not told."""

    task: str
    name: str
    version: str
    sha256: str
    licence: str = ""
