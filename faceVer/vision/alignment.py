"""Alignment: five landmarks -> the crop a recognition model was trained on."""

from __future__ import annotations

import cv2
import numpy as np
from insightface.utils import face_align
from numpy.typing import NDArray

from faceVer.domain.errors import ExtractionError
from faceVer.domain.values import FloatArray, Image

CROP = 112
"""Side of the aligned crop in pixels (the ArcFace template)."""
# Below this scale a bilinear warp skips source pixels (aliasing); the region is averaged down to SMOOTH first.
COARSE, SMOOTH = 0.67, 0.8


def align(image: Image, landmarks: FloatArray, matrix: NDArray[np.float64] | None = None) -> Image:
    """(112, 112, 3) uint8 RGB crop of `image` (see values.Image) with the landmarks on the ArcFace template.

    landmarks: (5, 2) pixels, InsightFace's order. matrix: the result of `estimate` for them, where it is known.
    Beyond the image's edge the crop is black.
    Raises ExtractionError where the landmarks span no area or lie outside the image.
    """
    points = np.asarray(landmarks, dtype=np.float32)
    matrix = estimate(points) if matrix is None else matrix
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < COARSE:
        image, points = _averaged(image, points, matrix, scale / SMOOTH)
        matrix = estimate(points)
    crop: Image = cv2.warpAffine(image, matrix, (CROP, CROP), borderValue=0.0)
    return crop


def estimate(landmarks: NDArray[np.float32]) -> NDArray[np.float64]:
    """(2, 3) similarity transform from image to crop pixels. Raises ExtractionError where there is none."""
    matrix: NDArray[np.float64] = np.asarray(face_align.estimate_norm(landmarks, CROP), dtype=np.float64)
    if not np.isfinite(matrix).all() or np.hypot(matrix[0, 0], matrix[1, 0]) < 1e-6:
        raise ExtractionError("the face's landmarks span no area")
    return matrix


def has_enough_detail(landmarks: FloatArray) -> bool:
    """Whether a larger image would add nothing to the crop: it would be averaged down to this size or below."""
    matrix = estimate(np.asarray(landmarks, dtype=np.float32))
    return float(np.hypot(matrix[0, 0], matrix[1, 0])) <= SMOOTH


def alignment_residual(landmarks: FloatArray, matrix: NDArray[np.float64] | None = None) -> float:
    """Mean distance, in crop pixels, of the fitted landmarks from the template: 1 to 3 for upright faces.

    matrix: as for `align`. Infinite where the landmarks span no area.
    """
    try:
        matrix = estimate(np.asarray(landmarks, dtype=np.float32)) if matrix is None else matrix
    except ExtractionError:
        return float("inf")
    fitted = np.asarray(landmarks, dtype=np.float64) @ matrix[:, :2].T + matrix[:, 2]
    return float(np.abs(fitted - face_align.arcface_dst).mean())


def tilt(landmarks: FloatArray) -> float:
    """Degrees, -180..180, between the vertical and the line from between the eyes to the mouth; 0 = upright."""
    down = (landmarks[3] + landmarks[4]) / 2 - (landmarks[0] + landmarks[1]) / 2
    return float(np.degrees(np.arctan2(down[0], down[1])))


def sharpness(crop: Image) -> float:
    """Variance of the Laplacian of the crop's luma (0..255): 20 to 400 for usable faces, below 6 for useless ones."""
    return float(cv2.Laplacian(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var())


def _averaged(
    image: Image, points: NDArray[np.float32], matrix: NDArray[np.float64], factor: float
) -> tuple[Image, NDArray[np.float32]]:
    """The part of the image under the crop, area-averaged by `factor` (< 1), and the landmarks in it."""
    corners = np.array([[0, 0], [CROP, 0], [0, CROP], [CROP, CROP]], dtype=np.float64)
    inverse = cv2.invertAffineTransform(matrix)
    reached = corners @ inverse[:, :2].T + inverse[:, 2]
    height, width = image.shape[:2]
    left, top = np.clip(np.floor(reached.min(axis=0)).astype(int) - 2, 0, [width, height])
    right, bottom = np.clip(np.ceil(reached.max(axis=0)).astype(int) + 2, 0, [width, height])
    if right - left < 2 or bottom - top < 2:
        raise ExtractionError("the face lies outside the picture")
    region = image[top:bottom, left:right]
    shape = max(1, round((right - left) * factor)), max(1, round((bottom - top) * factor))
    small = cv2.resize(region, shape, interpolation=cv2.INTER_AREA)
    ratio = np.array([shape[0] / (right - left), shape[1] / (bottom - top)])
    # Pixel centres: coordinate x of the image is the middle of a pixel that begins at x - 0.5.
    moved = (points - [left, top] + 0.5) * ratio - 0.5
    return small, moved.astype(np.float32)
