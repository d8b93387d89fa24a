"""Liveness models and media for tests; models are loaded once per run."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from faceVer.domain.values import Image
from faceVer.settings.loader import load_settings
from faceVer.vision.liveness.models import LivenessModels
from tests import support_faces as faces
from tests.support_models import load_liveness_models


@cache
def liveness() -> LivenessModels:
    """The real models, which `make weights` downloads."""
    return load_liveness_models(load_settings({}))


def selfie(number: int | None = None, *, width: int = 300, height: int = 400, shift: int = 0) -> Image:
    """(height, width, 3) RGB with one real face, `shift` pixels right of the middle. number: one of the six people of
    `support_faces`, None = the astronaut."""
    picture = faces.astronaut().crop((90, 0, 390, 300)) if number is None else faces.person(number)
    side = min(width, height)
    canvas = np.full((height, width, 3), (140, 150, 160), np.uint8)
    top, left = (height - side) // 2, (width - side) // 2
    canvas[top : top + side, left : left + side] = np.asarray(picture.resize((side, side)))
    return np.ascontiguousarray(np.roll(canvas, shift, axis=1))


def blurred(image: Image, sigma: float = 9.0) -> Image:
    """The picture out of focus."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def blank(width: int = 60, height: int = 80) -> Image:
    """A picture without a face."""
    return np.asarray(faces.no_face((width, height)))


def pair(first: int = 0, second: int = 2) -> Image:
    """Two people side by side."""
    return np.hstack([selfie(first, width=300, height=300), selfie(second, width=300, height=300)])
