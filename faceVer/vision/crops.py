"""Square crops of an image, as models take them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from faceVer.domain.values import Image


def crop_rectangle(image: Image, left: float, top: float, width: float, height: float, side: int) -> Image:
    """(side, side, 3): a rectangle of `image`, in its pixels; beyond the image's edge the edge is repeated."""
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


def to_gray(crop: Image) -> NDArray[np.float32]:
    """(H, W) luma, 0..255."""
    return np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), dtype=np.float32)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, K) -> (N, K), each row's sum 1."""
    shares: NDArray[np.float64] = np.exp(
        logits.astype(np.float64) - logits.max(axis=1, keepdims=True).astype(np.float64)
    )
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float64)
