"""Face detectors: a picture in, faces out, in that picture's pixels."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from faceVer.domain.values import Face, FloatArray, Image
from faceVer.inference.onnx import Session

# Overlap (intersection over union) from which two boxes are one face; the value CenterFace was published with.
NMS_IOU = 0.3
# CenterFace's output grid: one cell per 4 input pixels, input sides in multiples of 32 (five halvings).
STRIDE, MULTIPLE = 4, 32
# Boxes thinner than this, in pixels of the looked-at copy, are no faces; what follows divides by their sides.
LEAST_BOX = 1.0


class Detector(Protocol):
    """Finds faces in a copy of the picture whose longer side is at most `size` pixels."""

    def detect(self, image: Image, size: int) -> list[Face]:
        """image: (H, W, 3) uint8 RGB. The faces above the threshold, most confident first, in the image's pixels."""
        ...


def probe_picture(side: int) -> Image:
    """(side, side, 3) RGB of two ramps: what health checks are run on. It shows no face."""
    ramp = np.linspace(0, 255, side, dtype=np.uint8)
    return np.ascontiguousarray(np.stack(np.broadcast_arrays(ramp[:, None], ramp[None, :], np.uint8(128)), axis=-1))


def shrink(image: Image, size: int) -> tuple[Image, float]:
    """The picture with its longer side at most `size`, and the factor it was scaled by (<= 1)."""
    height, width = image.shape[:2]
    scale = size / max(height, width)
    if scale >= 1:
        return image, 1.0
    shape = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(image, shape, interpolation=cv2.INTER_AREA), scale


def suppress(boxes: FloatArray, scores: FloatArray, limit: float = NMS_IOU) -> list[int]:
    """Greedy non-maximum suppression. boxes: (N, 4) xyxy; scores: (N,). Kept rows, best first."""
    left, top, right, bottom = boxes.T
    area = (right - left) * (bottom - top)
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while order.size:
        best, rest = int(order[0]), order[1:]
        kept.append(best)
        wide = np.minimum(right[best], right[rest]) - np.maximum(left[best], left[rest])
        high = np.minimum(bottom[best], bottom[rest]) - np.maximum(top[best], top[rest])
        shared = np.maximum(wide, 0) * np.maximum(high, 0)
        order = rest[shared < limit * (area[best] + area[rest] - shared)]
    return kept


class CenterFace:
    """CenterFace (star-clj/CenterFace): RGB, 0..255 float, no normalization, any multiple of 32.

    Outputs at stride 4: heatmap (1, 1, h, w); log box height and width over 4; offsets (y, x); five landmarks as
    (y, x) fractions of the box from its top left corner.
    """

    def __init__(self, session: Session, threshold: float) -> None:
        self._session = session
        self._threshold = threshold

    def detect(self, image: Image, size: int) -> list[Face]:
        small, scale = shrink(image, size)
        height, width = small.shape[:2]
        below, right = -height % MULTIPLE, -width % MULTIPLE
        padded = cv2.copyMakeBorder(small, 0, below, 0, right, cv2.BORDER_CONSTANT, value=(0, 0, 0))
        # OpenCV splits channels into floats several times as fast as numpy copies a transposed view.
        tensor = np.asarray(cv2.dnn.blobFromImage(padded), dtype=np.float32)
        heat, sizes, offsets, points = (output[0] for output in self._session.run(tensor))
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
        real = (high > LEAST_BOX) & (wide > LEAST_BOX)
        boxes, landmarks, scores = boxes[real], landmarks[real], scores[real]
        return [Face(boxes[k] * factor, landmarks[k] * factor, float(scores[k])) for k in suppress(boxes, scores)]
