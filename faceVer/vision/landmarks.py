"""Facial landmarks: 68 points of the iBUG 300-W scheme (Sagonas et al., 2013) by a small MobileFaceNet.

Source: github.com/Faceplugin-ltd/Open-Source-Face-Recognition-SDK.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faceVer.domain.values import Face, Image
from faceVer.inference.backend import LoadedModel
from faceVer.vision.crops import crop_rectangle, to_gray

POINTS = 68
SIDE = 64
# Five ways to cut the model's crop were compared on liveness-dev against the detector's landmarks: a square of the
# box's mean side, moved down by this share of its height, differs least.
DROP = 0.05
EYES = (slice(36, 42), slice(42, 48))
"""Six points around each eye, clockwise from its left corner."""


class LandmarkModel:
    """Input: gray / 256, (N, 1, 64, 64). Output: x and y as shares of the crop's side."""

    def __init__(self, model: LoadedModel) -> None:
        self._model = model

    def predict(self, crops: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, 64, 64) luma 0..255 -> (N, 68, 2), x and y as shares of the crop. Raises InferenceError."""
        outputs = self._model.run((crops / np.float32(256))[:, None])[0]
        return np.asarray(outputs.reshape(-1, POINTS, 2), dtype=np.float32)

    def points(self, image: Image, face: Face) -> NDArray[np.float32]:
        """(68, 2) float32, x and y in pixels of `image`. Raises InferenceError."""
        side = max((face.width + face.height) / 2, 2.0)
        x, y = face.centre
        left, top = x - side / 2, y - side / 2 + DROP * face.height
        crop = to_gray(crop_rectangle(image, left, top, side, side, SIDE))
        return np.asarray(self.predict(crop[None])[0] * side + [left, top], dtype=np.float32)


def eye_opening(eye: NDArray[np.float32]) -> float:
    """Height by width of an eye's opening. eye: (6, 2), clockwise from its left corner."""
    heights = np.linalg.norm(eye[1] - eye[5]) + np.linalg.norm(eye[2] - eye[4])
    return float(heights / 2 / max(float(np.linalg.norm(eye[0] - eye[3])), 1e-6))
