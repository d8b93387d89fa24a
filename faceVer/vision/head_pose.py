"""Head pose: Hopenet, Ruiz et al., "Fine-Grained Head Pose Estimation Without Keypoints", arXiv 1710.00925.

Code: github.com/natanielruiz/deep-head-pose.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faceVer.domain.values import Face, Image
from faceVer.inference.backend import LoadedModel
from faceVer.vision.crops import crop_rectangle, softmax

SIDE, GROWTH = 224, 1.5
# 66 bins of 3 degrees from -99.
BIN, FIRST = 3.0, -99.0
# Of ImageNet: RGB, of pixels in 0..1.
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)


class HeadPoseModel:
    """Input: RGB, (N, 3, 224, 224). Outputs: logits of 66 bins for yaw, pitch and roll."""

    def __init__(self, model: LoadedModel) -> None:
        self._model = model

    def predict(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(N, 224, 224, 3) uint8 RGB -> (N, 2) yaw and pitch in degrees. Raises InferenceError."""
        pixels = (crops.astype(np.float32) / 255 - MEAN) / STD
        outputs = self._model.run(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32))
        angles = [softmax(raw) @ np.arange(raw.shape[1]) * BIN + FIRST for raw in outputs[:2]]
        return np.stack(angles, axis=1)

    def angles(self, image: Image, face: Face) -> tuple[float, float]:
        """(yaw, pitch) in degrees; 0, 0 looks into the camera, up is positive. Raises InferenceError."""
        wide, high = face.width * GROWTH, face.height * GROWTH
        x, y = face.centre
        crop = crop_rectangle(image, x - wide / 2, y - high / 2, wide, high, SIDE)
        yaw, pitch = self.predict(crop[None])[0]
        return float(yaw), float(pitch)
