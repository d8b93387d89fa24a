"""The quality gate: whether a template can be made of a face (docs/contract.md, Errors, 003001)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from faceVer.domain.errors import ExtractionError
from faceVer.domain.values import Image, Subject
from faceVer.vision.alignment import CROP, align, alignment_residual, estimate, sharpness

# A detector guesses the landmarks that lie outside a cut image. Where less than CUT of the aligned crop is image, they
# must fit a face better. Measured by cutting faces ever further (docs/faces.md): this rejects most of those whose
# template no longer resembles the uncut face's, not all of them.
CUT, CUT_RESIDUAL = 0.7, 3.9


@dataclass(frozen=True, slots=True)
class QualityGateRules:
    """The settings min_face, min_inside, max_misfit and min_sharpness."""

    min_face: int
    min_inside: float
    max_residual: float
    min_sharpness: float


def aligned_crop(subject: Subject, rules: QualityGateRules) -> Image:
    """The aligned crop of a subject, (112, 112, 3) uint8 RGB. Raises ExtractionError where no template can be made."""
    face = subject.face
    if face.side < rules.min_face:
        raise ExtractionError(f"the face is {face.side:.0f} pixels large, {rules.min_face} are needed")
    matrix = estimate(face.landmarks)
    share, off = coverage(subject.image, matrix), alignment_residual(face.landmarks, matrix)
    if share < rules.min_inside or off > rules.max_residual or (share < CUT and off > CUT_RESIDUAL):
        raise ExtractionError(f"the face is cut or hidden: {share:.0%} is in the picture, alignment residual {off:.1f}")
    crop = align(subject.image, face.landmarks, matrix)
    sharp = sharpness(crop)
    if sharp < rules.min_sharpness:
        raise ExtractionError(f"the face is blurred: sharpness {sharp:.1f}, {rules.min_sharpness:.1f} is needed")
    return crop


def coverage(image: Image, matrix: NDArray[np.float64]) -> float:
    """Share of the aligned crop that lies inside the image, 0..1. matrix: from image to crop (`alignment.estimate`)."""
    height, width = image.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64) @ matrix[:, :2].T + matrix[:, 2]
    square = np.array([[0, 0], [CROP, 0], [CROP, CROP], [0, CROP]], np.float32)
    area, _ = cv2.intersectConvexConvex(corners.astype(np.float32), square)
    return float(area) / CROP**2
