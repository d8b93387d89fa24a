"""What one frame of a video says of a face: numbers that gestures are read from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceVer.vision.frame_quality import NEUTRAL_PITCH
from faceVer.vision.landmarks import EYES

# Points of the iBUG scheme.
NOSE_TIP, MOUTH_CORNERS, INNER_BROWS = 30, (48, 54), slice(20, 24)
MOUTH = slice(48, 60)
NAN = math.nan
FRONTAL_YAW, FRONTAL_PITCH = 20.0, 25.0
"""Degrees from straight ahead within which a face looks into the camera: those are held low or high."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Proportions of a face by its landmarks; a change of distance or of the camera's roll leaves all but size as is.

    size: pixels. aspect: distance from the eyes to the mouth by that between the eyes. mouth: distance of its corners
    by that of the eyes. brows: height of the inner brows over the line between the eyes, by their distance. nose_x,
    nose_y: the nose's tip in the axes that the eyes and the mouth span, 0 between the eyes, 1 at the other eye or at
    the mouth. Views of a flat picture from any side leave them as they are; of a head, which has relief, they do not.
    """

    size: float = NAN
    aspect: float = NAN
    mouth: float = NAN
    brows: float = NAN
    nose_x: float = NAN
    nose_y: float = NAN


@dataclass(frozen=True, slots=True)
class Sample:
    """One frame. index, time: see `values.Frame`. Numbers that were not measured are NaN; without a face all are.

    box: left, top, right, bottom in pixels; None = no face. yaw, pitch: degrees, see `HeadPoseModel`; a head turned to
    the person's right has a positive yaw, one that looks up a positive pitch. eyes: 0..1, by
    `EyeStateModel.most_open`.
    """

    index: int
    time: float
    box: tuple[float, float, float, float] | None = None
    yaw: float = NAN
    pitch: float = NAN
    eyes: float = NAN
    shape: Shape = Shape()

    @property
    def found(self) -> bool:
        return self.box is not None


def is_frontal(yaw: float, pitch: float) -> bool:
    """Degrees, see `Sample`."""
    return abs(yaw) < FRONTAL_YAW and abs(pitch - NEUTRAL_PITCH) < FRONTAL_PITCH


def shape_of(points: NDArray[np.float32]) -> Shape:
    """points: (68, 2), pixels. Of a face in profile, whose axes fall together, only NaN."""
    left, right = (points[eye].mean(axis=0).astype(np.float64) for eye in EYES)
    mouth, nose = points[MOUTH].mean(axis=0).astype(np.float64), points[NOSE_TIP].astype(np.float64)
    middle, across = (left + right) / 2, right - left
    down = mouth - middle
    distance, height = float(np.hypot(*across)), float(np.hypot(*down))
    area = float(across[0] * down[1] - across[1] * down[0])
    if distance < 1 or height < 1 or area < 0.2 * distance * height:
        return Shape()
    nose_x, nose_y = np.linalg.solve(np.stack([across, down], axis=1), nose - middle)
    corners = points[MOUTH_CORNERS[1]] - points[MOUTH_CORNERS[0]]
    over = middle - points[INNER_BROWS].mean(axis=0)
    return Shape(
        size=math.sqrt(distance * height),
        aspect=height / distance,
        mouth=float(np.hypot(*corners)) / distance,
        brows=float(over @ down) / height / distance,
        nose_x=float(nose_x),
        nose_y=float(nose_y),
    )
