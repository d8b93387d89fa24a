"""YuNet: Wu, Peng, Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 20, 2023.

Weights and reference code: github.com/ShiqiYu/libfacedetection, github.com/opencv/opencv_zoo.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceVer.vision.detection.one_pass import Candidates, OnePassDetector

STRIDES = (8, 16, 32)
# Its boxes are narrower and higher than CenterFace's, by 3 and 1 % on press photos, by 6 and 4 % on a selfie video (the
# medians). Rules and liveness crops were measured with those: width and height are multiplied by these.
BOX_SCALE = np.array([1.04, 0.98], np.float32)


class YuNet(OnePassDetector):
    """See the module for paper and repository. Input: BGR, 0..255 float, no normalization, any multiple of 32.

    Outputs, each at strides 8, 16 and 32, one row a cell: class (N, cells, 1), objectness (N, cells, 1), box
    (N, cells, 4: centre from the cell's corner, log size) and five landmarks (N, cells, 10: x, y from the cell's
    corner), in cells.

    The confidence is the product of class and objectness, not its root as in the reference code: it then lies where
    CenterFace's does (faces of lfw-dev: 0.83 and 0.85 at the 5th percentile), so one set of limits serves both.
    """

    BGR = True
    # It needs larger copies than CenterFace for small faces, most of all for tilted ones, and has the time for them:
    # with 320 pixels for 192 it finds nearly as many (docs/decisions/0013-open-2.md).
    ENLARGED, reliable_side = 5 / 3, 18.0

    def _candidates(self, outputs: Sequence[NDArray[Any]], width: int) -> Candidates:
        found = []
        for level, stride in enumerate(STRIDES):
            classes, objects, boxes, points = outputs[level :: len(STRIDES)]
            scores = classes[:, 0] * objects[:, 0]
            cells = np.nonzero(scores > self._threshold)[0]
            corner = np.stack(np.divmod(cells, width // stride)[::-1], axis=1).astype(np.float32)
            centre, half = corner + boxes[cells, :2], np.exp(boxes[cells, 2:]) * BOX_SCALE / 2
            box = np.concatenate([centre - half, centre + half], axis=1) * stride
            found.append((box, (points[cells].reshape(-1, 5, 2) + corner[:, None]) * stride, scores[cells]))
        return Candidates(*(np.concatenate(values) for values in zip(*found, strict=True)))
