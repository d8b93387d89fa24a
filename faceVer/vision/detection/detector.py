"""The protocol of face detectors, and what they share."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np

from faceVer.domain.values import Face, FloatArray, Image

# Overlap (intersection over union) from which two boxes are one face; the value CenterFace was published with.
NMS_IOU = 0.3
# A detector's input sides are multiples of this: five halvings.
MULTIPLE = 32
# The least box side of a face that CenterFace finds reliably, for detectors that were not measured.
RELIABLE_SIDE = 20.0
# Boxes thinner than this, in pixels of the copy given to the detector, are no faces; later steps divide by their sides.
MIN_BOX = 1.0


class Detector(Protocol):
    """Finds faces in a copy of the image whose longer side is at most `size` pixels."""

    @property
    def reliable_side(self) -> float:
        """Least box side, in pixels of a copy of `size`, of a face that is found reliably."""
        ...

    @property
    def aligner(self) -> Detector | None:
        """The detector whose landmarks in a close copy of the subject are used; None where its own are good enough."""
        ...

    def detect(self, image: Image, size: int) -> list[Face]:
        """image: (H, W, 3) uint8 RGB. The faces above the threshold, most confident first, in the image's pixels.

        Raises InferenceError.
        """
        ...


def probe_image(side: int) -> Image:
    """(side, side, 3) uint8 RGB of two ramps, without a face: the input of health checks."""
    ramp = np.linspace(0, 255, side, dtype=np.uint8)
    return np.ascontiguousarray(np.stack(np.broadcast_arrays(ramp[:, None], ramp[None, :], np.uint8(128)), axis=-1))


def reduced(image: Image, size: float, largest: float = 1.0) -> tuple[Image, float]:
    """The image with its longer side at most `size`, and the factor it was scaled by: at most `largest`."""
    height, width = image.shape[:2]
    scale = size / max(height, width)
    if scale >= largest == 1:
        return image, 1.0
    scale = min(scale, largest)
    shape = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(image, shape, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR), scale


def non_maximum_suppression(boxes: FloatArray, scores: FloatArray, limit: float = NMS_IOU) -> list[int]:
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
