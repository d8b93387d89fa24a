"""Eye state: whether an eye is open, by a small classifier (its publisher names no paper)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from faceVer.domain.values import Image
from faceVer.inference.backend import LoadedModel
from faceVer.vision.crops import crop_rectangle, softmax, to_gray

# The model's publisher cuts an eye this many times as large as it is wide.
SIDE, GROWTH = 24, 1.6
SURE = 0.9
"""From this value on an eye is open."""
CLOSED = 0
"""The class of closed eyes among the model's two."""


class EyeStateModel:
    """Input: gray / 255, (N, 1, 24, 24). Output: two logits, closed and open."""

    def __init__(self, model: LoadedModel) -> None:
        self._model = model

    def predict(self, crops: NDArray[np.float32]) -> NDArray[np.float64]:
        """(N, 24, 24) luma 0..1 -> (N,) softmax of the class closed. Raises InferenceError."""
        return softmax(self._model.run(crops[:, None])[0])[:, CLOSED]

    def most_open(self, image: Image, eyes: Sequence[NDArray[np.float32]]) -> float:
        """0..1: the largest value of any eye, plain or mirrored. Shut eyes get less than 0.3 in all of these views;
        of some open eyes the model is wrong in two. From `SURE` on the rest is not looked at. Raises InferenceError.
        """
        largest = 0.0
        for eye in eyes:
            gray = self._crop(image, eye)
            for view in (gray, np.ascontiguousarray(gray[:, ::-1])):
                largest = max(largest, float(1 - self.predict(view[None])[0]))
                if largest >= SURE:
                    return largest
        return largest

    def openness(self, image: Image, eye: NDArray[np.float32]) -> float:
        """0..1, closed to open. eye: (6, 2) landmarks in pixels of `image`. Raises InferenceError."""
        gray = self._crop(image, eye)
        # The model is surer of some eyes than of their mirror images; the mean of both errs less.
        both = (gray, np.ascontiguousarray(gray[:, ::-1]))
        return float(1 - np.mean([self.predict(one[None])[0] for one in both]))

    def _crop(self, image: Image, eye: NDArray[np.float32]) -> NDArray[np.float32]:
        """(24, 24) luma 0..1."""
        side = max(float(np.ptp(eye[:, 0])) * GROWTH, 4.0)
        x, y = eye[[1, 2, 4, 5]].mean(axis=0)
        return to_gray(crop_rectangle(image, float(x) - side / 2, float(y) - side / 2, side, side, SIDE)) / np.float32(
            255
        )
