"""Head pose and eyes of a face: what the best shot needs beyond the detector's five landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from faceVer.domain.values import Face, Image
from faceVer.inference.onnx import Session
from faceVer.vision.alignment import tilt

# Five ways to cut the landmark model's crop were compared on liveness-dev against the detector's landmarks: a square of
# the box's mean side, moved down by this share of its height, differs least.
LANDMARK_SIDE, LANDMARK_DROP = 64, 0.05
# The model's publisher cuts an eye this many times as large as it is wide.
EYE_SIDE, EYE_GROWTH = 24, 1.6
CLOSED = 0
"""The class of closed eyes among the eye model's two."""
POSE_SIDE, POSE_GROWTH = 224, 1.5
# Hopenet's bins: 66 of 3 degrees from -99; the mean and deviation are ImageNet's, RGB, of pixels in 0..1.
BIN, FIRST = 3.0, -99.0
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)

# The 68 points of the iBUG scheme: six around each eye, clockwise from its left corner.
EYES = (slice(36, 42), slice(42, 48))


@dataclass(frozen=True, slots=True)
class Measures:
    """yaw, pitch, roll: degrees; 0, 0, 0 looks into the camera, up is positive. eyes_open: chance, 0..1, mean of both.

    eye_ratio: height by width of the eyes' openings, mean of both: about 0.15 closed, 0.3 open.
    """

    yaw: float
    pitch: float
    roll: float
    eyes_open: float
    eye_ratio: float


class FaceGauge:
    """Three small models of the pack (see the manifest): landmarks68, eyestate, headpose. Raises InferenceError."""

    def __init__(self, landmarks: Session, eyes: Session, pose: Session) -> None:
        self._landmarks, self._eyes, self._pose = landmarks, eyes, pose

    def measure(self, image: Image, face: Face) -> Measures:
        """image: see types.Image; `face` is in its pixels."""
        points = self.points(image, face)
        yaw, pitch = self._angles(image, face)
        opened = np.mean([self._opened(image, points[eye]) for eye in EYES])
        ratio = np.mean([eye_ratio(points[eye]) for eye in EYES])
        return Measures(yaw, pitch, tilt(face.landmarks), float(opened), float(ratio))

    def points(self, image: Image, face: Face) -> NDArray[np.float32]:
        """(68, 2) float32, x and y in pixels of `image`, the iBUG scheme."""
        side = max((face.width + face.height) / 2, 2.0)
        x, y = face.centre
        left, top = x - side / 2, y - side / 2 + LANDMARK_DROP * face.height
        gray = _gray(cut(image, left, top, side, side, LANDMARK_SIDE))
        raw = self._landmarks.run((gray / np.float32(256))[None, None])[0]
        return np.asarray(raw.reshape(68, 2) * side + [left, top], dtype=np.float32)

    def _opened(self, image: Image, eye: NDArray[np.float32]) -> float:
        side = max(float(np.ptp(eye[:, 0])) * EYE_GROWTH, 4.0)
        x, y = eye[[1, 2, 4, 5]].mean(axis=0)
        gray = _gray(cut(image, float(x) - side / 2, float(y) - side / 2, side, side, EYE_SIDE)) / np.float32(255)
        # The model is surer of some eyes than of their mirror images; the mean of both errs less.
        both = (gray, np.ascontiguousarray(gray[:, ::-1]))
        return float(1 - np.mean([_softmax(self._eyes.run(crop[None, None])[0][0])[CLOSED] for crop in both]))

    def _angles(self, image: Image, face: Face) -> tuple[float, float]:
        wide, high = face.width * POSE_GROWTH, face.height * POSE_GROWTH
        x, y = face.centre
        crop = cut(image, x - wide / 2, y - high / 2, wide, high, POSE_SIDE)
        pixels = (crop.astype(np.float32) / 255 - MEAN) / STD
        outputs = self._pose.run(np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32))
        yaw, pitch = (float(_softmax(raw[0]) @ np.arange(raw.shape[1])) * BIN + FIRST for raw in outputs[:2])
        return yaw, pitch


def eye_ratio(eye: NDArray[np.float32]) -> float:
    """Height by width of an eye's opening. eye: (6, 2), clockwise from its left corner."""
    heights = np.linalg.norm(eye[1] - eye[5]) + np.linalg.norm(eye[2] - eye[4])
    return float(heights / 2 / max(float(np.linalg.norm(eye[0] - eye[3])), 1e-6))


def cut(image: Image, left: float, top: float, width: float, height: float, side: int) -> Image:
    """(side, side, 3): a rectangle of `image`, in its pixels; past the picture's edge the edge is repeated."""
    rows, columns = image.shape[:2]
    # A rectangle far outside must not become a huge border.
    x0, x1 = (int(np.clip(round(v), -columns, 2 * columns)) for v in (left, left + width))
    y0, y1 = (int(np.clip(round(v), -rows, 2 * rows)) for v in (top, top + height))
    x1, y1 = max(x1, x0 + 1), max(y1, y0 + 1)
    inner_x = slice(min(max(x0, 0), columns - 1), max(min(x1, columns), 1))
    inner_y = slice(min(max(y0, 0), rows - 1), max(min(y1, rows), 1))
    region = image[inner_y, inner_x]
    above, below = max(inner_y.start - y0, 0), max(y1 - inner_y.stop, 0)
    before, after = max(inner_x.start - x0, 0), max(x1 - inner_x.stop, 0)
    if above or below or before or after:
        region = cv2.copyMakeBorder(region, above, below, before, after, cv2.BORDER_REPLICATE)
    shrinks = region.shape[0] > side and region.shape[1] > side
    crop: Image = cv2.resize(region, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return crop


def _gray(crop: Image) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), dtype=np.float32)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    chances: NDArray[np.float64] = np.exp(logits.astype(np.float64) - float(logits.max()))
    return np.asarray(chances / chances.sum(), dtype=np.float64)
