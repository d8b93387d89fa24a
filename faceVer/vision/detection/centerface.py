"""CenterFace: Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", arXiv 1911.03599.

Weights and reference code: github.com/Star-Clouds/CenterFace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from faceVer.domain.values import Face, Image
from faceVer.inference.backend import LoadedModel
from faceVer.vision.detection.detector import MIN_BOX, MULTIPLE, non_maximum_suppression, reduced

# The output grid has one cell per 4 input pixels.
STRIDE = 4


class _Input(NamedTuple):
    """tensor: (1, 3, H, W) float32, sides in multiples of 32. scale: of the image's pixels to the tensor's, <= 1."""

    tensor: NDArray[np.float32]
    scale: float


class CenterFace:
    """See the module for paper and repository. Input: RGB, 0..255 float, no normalization, any multiple of 32.

    Outputs at stride 4: heatmap (N, 1, h, w); log box height and width over 4; offsets (y, x); five landmarks as
    (y, x) fractions of the box from its top left corner.
    """

    def __init__(self, model: LoadedModel, threshold: float) -> None:
        """threshold: least confidence of a face, 0..1."""
        self._model = model
        self._threshold = threshold

    def detect(self, image: Image, size: int) -> list[Face]:
        """The faces of one image. See `Detector`."""
        return self.detect_batch([image], size)[0]

    def detect_batch(self, images: Sequence[Image], size: int) -> list[list[Face]]:
        """The faces of each image. Images whose copies have the same shape run as one batch, in the given order."""
        inputs = [_prepare(image, size) for image in images]
        found: list[list[Face]] = [[] for _ in images]
        for shape in dict.fromkeys(one.tensor.shape for one in inputs):
            members = [number for number, one in enumerate(inputs) if one.tensor.shape == shape]
            tensors = [inputs[number].tensor for number in members]
            outputs = self._model.run(tensors[0] if len(tensors) == 1 else np.concatenate(tensors))
            for row, number in enumerate(members):
                found[number] = self._faces([output[row] for output in outputs], inputs[number].scale)
        return found

    def _faces(self, outputs: Sequence[NDArray[Any]], scale: float) -> list[Face]:
        """The faces in one item's outputs, in pixels of the image."""
        heat, sizes, offsets, points = outputs
        rows, columns = np.nonzero(heat[0] > self._threshold)
        if not rows.size:
            return []
        scores: NDArray[np.float32] = heat[0, rows, columns]
        high, wide = np.exp(sizes[:, rows, columns]) * STRIDE
        top = (rows + offsets[0, rows, columns] + 0.5) * STRIDE - high / 2
        left = (columns + offsets[1, rows, columns] + 0.5) * STRIDE - wide / 2
        boxes = np.stack([left, top, left + wide, top + high], axis=1).astype(np.float32)
        marks = points[:, rows, columns].reshape(5, 2, -1)
        y, x = marks[:, 0] * high + top, marks[:, 1] * wide + left
        landmarks = np.stack([x, y], axis=-1).transpose(1, 0, 2).astype(np.float32)
        factor = np.float32(1 / scale)
        real = (high > MIN_BOX) & (wide > MIN_BOX)
        boxes, landmarks, scores = boxes[real], landmarks[real], scores[real]
        kept = non_maximum_suppression(boxes, scores)
        return [Face(boxes[k] * factor, landmarks[k] * factor, float(scores[k])) for k in kept]


def _prepare(image: Image, size: int) -> _Input:
    small, scale = reduced(image, size)
    height, width = small.shape[:2]
    padded = cv2.copyMakeBorder(
        small, 0, -height % MULTIPLE, 0, -width % MULTIPLE, cv2.BORDER_CONSTANT, value=(0, 0, 0)
    )
    # OpenCV splits channels into floats several times as fast as numpy copies a transposed view.
    return _Input(np.asarray(cv2.dnn.blobFromImage(padded), dtype=np.float32), scale)
