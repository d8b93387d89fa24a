"""CenterFace: Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", arXiv 1911.03599.

Weights and reference code: github.com/Star-Clouds/CenterFace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceVer.vision.detection.one_pass import Candidates, OnePassDetector

# The output grid has one cell per 4 input pixels.
STRIDE = 4


class CenterFace(OnePassDetector):
    """See the module for paper and repository. Input: RGB, 0..255 float, no normalization, any multiple of 32.

    Outputs at stride 4: heatmap (N, 1, h, w); log box height and width over 4; offsets (y, x); five landmarks as
    (y, x) fractions of the box from its top left corner.
    """

    def _candidates(self, outputs: Sequence[NDArray[Any]], width: int) -> Candidates:
        heat, sizes, offsets, points = outputs
        rows, columns = np.nonzero(heat[0] > self._threshold)
        scores: NDArray[np.float32] = heat[0, rows, columns]
        high, wide = np.exp(sizes[:, rows, columns]) * STRIDE
        top = (rows + offsets[0, rows, columns] + 0.5) * STRIDE - high / 2
        left = (columns + offsets[1, rows, columns] + 0.5) * STRIDE - wide / 2
        boxes = np.stack([left, top, left + wide, top + high], axis=1).astype(np.float32)
        marks = points[:, rows, columns].reshape(5, 2, -1)
        y, x = marks[:, 0] * high + top, marks[:, 1] * wide + left
        return Candidates(boxes, np.stack([x, y], axis=-1).transpose(1, 0, 2).astype(np.float32), scores)
