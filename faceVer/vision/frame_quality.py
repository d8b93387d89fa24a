"""How good a picture of a face is: six terms, each 0..1 and a pure function, and their weighted geometric mean.

The numbers below are anchored on lfw-dev (press photos; 5th, 50th, 95th percentile) and liveness-dev (selfie videos);
docs/best-shot.md gives the formula and describes each term.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields

import cv2
import numpy as np

from faceVer.domain.analyses import FaceMeasures
from faceVer.domain.values import Face, FloatArray, Image
from faceVer.vision.alignment import align, sharpness
from faceVer.vision.face_attributes import FaceAttributes

# Sharpness of the aligned crop: lfw-dev 79, 142, 324; a selfie video 72, 401, 604; a screen, out of focus, 12, 25, 91.
BLURRED, CRISP = 10.0, 600.0
# Degrees at which a term falls to 0; a face turned half as far keeps three quarters of it.
YAW_LIMIT, PITCH_LIMIT, ROLL_LIMIT = 45.0, 40.0, 45.0
# What the pose model says of faces that look straight ahead: the median of lfw-dev is -6, of a selfie video -12.
NEUTRAL_PITCH = -8.0
# Openings of eyes, height by width: lfw-dev 0.18, 0.28, 0.38.
EYE_SHUT, EYE_OPEN = 0.15, 0.25
# Mean luma of the face, 0..255: lfw-dev 86, 132, 163. The plateau is wide, so that no skin tone is marked down.
DARK, DIM, BRIGHT, GLARING = 20.0, 60.0, 190.0, 245.0
# Luma taken as clipped, and the share of such pixels that makes the term 0; 95 of 100 of lfw-dev have 3 % at most.
CLIP_LOW, CLIP_HIGH, CLIP_SHARE = 6, 249, 0.4
# Box sides in pixels: above about 160 a 112-pixel crop shows no more detail.
SMALL, LARGE = 30.0, 160.0
# The box grown by this much holds ears, chin and most hair.
MARGIN, MOST_CUT = 1.2, 0.35
# What no term falls below in the product, so that one of them alone does not hide all others.
FLOOR = 0.02
WEIGHTS: Mapping[str, float] = {"sharpness": 0.2, "pose": 0.3, "eyes": 0.2, "exposure": 0.1, "size": 0.1, "inside": 0.1}

# Yaw in degrees by the nose's offset from between the eyes, over their distance: fitted on a turning head (r = 0.98).
YAW_PER_OFFSET = 98.0


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """Each term 0..1, 1 = as good as it gets."""

    sharpness: float
    pose: float
    eyes: float
    exposure: float
    size: float
    inside: float

    @property
    def total(self) -> float:
        """The weighted geometric mean of the terms, 0..1: a picture is about as good as its worst side."""
        terms = np.maximum(astuple(self), FLOOR)
        weights = [WEIGHTS[term.name] for term in fields(self)]
        return float(np.exp(np.dot(np.log(terms), weights) / sum(weights)))


def quality(image: Image, face: Face, attributes: FaceAttributes) -> tuple[FaceQuality, FaceMeasures]:
    """The terms, and the values they are made of.

    image: see values.Image; face: in its pixels. Raises ExtractionError where the landmarks span no area.
    """
    crop = align(image, face.landmarks)
    crispness, (brightness, clipped), inside = sharpness(crop), light(crop), share_inside(face, image)
    terms = FaceQuality(
        sharpness=sharpness_term(crispness),
        pose=pose_term(attributes.yaw, attributes.pitch, attributes.roll),
        eyes=eyes_term(attributes.eyes_open, attributes.eye_ratio),
        exposure=exposure_term(brightness, clipped),
        size=size_term(face.side),
        inside=inside_term(inside),
    )
    measures = FaceMeasures(
        quality=terms.total,
        sharpness=crispness,
        yaw=attributes.yaw,
        pitch=attributes.pitch,
        roll=attributes.roll,
        eyes_open=attributes.eyes_open,
        eye_opening=attributes.eye_ratio,
        brightness=brightness,
        clipped=clipped,
        size=face.side,
        inside=inside,
    )
    return terms, measures


def sharpness_term(value: float) -> float:
    """value: `alignment.sharpness` of the aligned crop. Logarithmic: twice as sharp counts the same anywhere."""
    return _ramp(float(np.log(max(value, 1e-6))), float(np.log(BLURRED)), float(np.log(CRISP)))


def pose_term(yaw: float, pitch: float, roll: float) -> float:
    """Degrees, as in `FaceAttributes`. 1 for a frontal face, 0 at any of the limits."""
    angles = (yaw / YAW_LIMIT, (pitch - NEUTRAL_PITCH) / PITCH_LIMIT, roll / ROLL_LIMIT)
    return float(np.prod([max(0.0, 1 - angle * angle) for angle in angles]))


def eyes_term(opened: float, ratio: float) -> float:
    """opened: the eye model's chance; ratio: the eyes' height by width. Half of each: they err on different faces."""
    return (min(max(opened, 0.0), 1.0) + _ramp(ratio, EYE_SHUT, EYE_OPEN)) / 2


def light(crop: Image) -> tuple[float, float]:
    """(mean luma, share of clipped pixels) of a face. crop: (112, 112, 3) RGB, aligned."""
    luma = cv2.cvtColor(np.ascontiguousarray(crop[20:104, 20:92]), cv2.COLOR_RGB2GRAY)
    return float(luma.mean()), float(np.mean((luma <= CLIP_LOW) | (luma >= CLIP_HIGH)))


def exposure_term(brightness: float, clipped: float) -> float:
    """See `light`. 1 where the face is neither dark nor glaring and little is clipped."""
    level = min(_ramp(brightness, DARK, DIM), 1 - _ramp(brightness, BRIGHT, GLARING))
    return level * max(0.0, 1 - clipped / CLIP_SHARE)


def size_term(side: float) -> float:
    """side: of the face's box, in pixels of the picture."""
    return _ramp(side, SMALL, LARGE)


def inside_term(share: float) -> float:
    """share: see `share_inside`. 0 where `MOST_CUT` lies outside."""
    return _ramp(share, 1 - MOST_CUT, 1.0)


def share_inside(face: Face, image: Image) -> float:
    """Which share of the face's box with its margin lies inside the picture, 0..1."""
    height, width = image.shape[:2]
    x, y = face.centre
    half_wide, half_high = face.width * MARGIN / 2, face.height * MARGIN / 2
    wide = min(x + half_wide, width) - max(x - half_wide, 0.0)
    high = min(y + half_high, height) - max(y - half_high, 0.0)
    return float(min(1.0, max(0.0, wide) * max(0.0, high) / max(4 * half_wide * half_high, 1e-6)))


def approximate_yaw(landmarks: FloatArray) -> float:
    """Degrees, 0..90, the head is turned aside, from five landmarks (insightface's order) alone."""
    axis = landmarks[1] - landmarks[0]
    distance = max(float(np.hypot(*axis)), 1e-6)
    nose = landmarks[2] - (landmarks[0] + landmarks[1]) / 2
    return min(90.0, abs(float(nose @ axis)) / distance**2 * YAW_PER_OFFSET)


def _ramp(value: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high`, straight between."""
    return float(min(max((value - low) / (high - low), 0.0), 1.0))
