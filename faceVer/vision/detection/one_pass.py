"""What detectors that are one convolutional network share: copies in, batches, faces out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from faceVer.domain.values import Face, Image
from faceVer.inference.backend import LoadedModel
from faceVer.vision.detection.detector import (
    MIN_BOX,
    MULTIPLE,
    RELIABLE_SIDE,
    Detector,
    non_maximum_suppression,
    reduced,
)


class _Input(NamedTuple):
    """tensor: (1, 3, H, W) float32, sides in multiples of 32. scale: of the image's pixels to the tensor's."""

    tensor: NDArray[np.float32]
    scale: float


class Candidates(NamedTuple):
    """What a network gives before suppression, in pixels of its input: boxes (N, 4), landmarks (N, 5, 2), scores (N,),
    all float32. See `Face`."""

    boxes: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    scores: NDArray[np.float32]


class OnePassDetector(ABC):
    """A network fed with 0..255 floats, no normalization, any multiple of 32. See `Detector`."""

    BGR: ClassVar[bool] = False
    """The order of its channels."""
    ENLARGED: ClassVar[float] = 1.0
    """Its copies are so many times `size`, and at most so many times the image."""
    reliable_side: ClassVar[float] = RELIABLE_SIDE

    def __init__(self, model: LoadedModel, threshold: float, aligner: Detector | None = None) -> None:
        """threshold: least confidence of a face, 0..1. aligner: see `Detector`."""
        self._model = model
        self._threshold = threshold
        self.aligner = aligner

    def detect(self, image: Image, size: int) -> list[Face]:
        """The faces of one image. See `Detector`."""
        return self.detect_batch([image], size)[0]

    def detect_batch(self, images: Sequence[Image], size: int) -> list[list[Face]]:
        """The faces of each image. Images whose copies have the same shape run as one batch, in the given order."""
        inputs = [self._prepare(image, size) for image in images]
        found: list[list[Face]] = [[] for _ in images]
        for shape in dict.fromkeys(one.tensor.shape for one in inputs):
            members = [number for number, one in enumerate(inputs) if one.tensor.shape == shape]
            tensors = [inputs[number].tensor for number in members]
            outputs = self._model.run(tensors[0] if len(tensors) == 1 else np.concatenate(tensors))
            for row, number in enumerate(members):
                found[number] = self._faces([output[row] for output in outputs], inputs[number])
        return found

    @abstractmethod
    def _candidates(self, outputs: Sequence[NDArray[Any]], width: int) -> Candidates:
        """Those above the threshold in one item's outputs. width: of the network's input."""

    def _faces(self, outputs: Sequence[NDArray[Any]], fed: _Input) -> list[Face]:
        """The faces in one item's outputs, in pixels of the image."""
        found = self._candidates(outputs, fed.tensor.shape[-1])
        real = (found.boxes[:, 2:] - found.boxes[:, :2] > MIN_BOX).all(axis=1)
        boxes, landmarks, scores = (values[real] for values in found)
        factor = np.float32(1 / fed.scale)
        return [
            Face(boxes[k] * factor, landmarks[k] * factor, float(scores[k]))
            for k in non_maximum_suppression(boxes, scores)
        ]

    def _prepare(self, image: Image, size: int) -> _Input:
        small, scale = reduced(image, size * self.ENLARGED, self.ENLARGED)
        height, width = small.shape[:2]
        padded = cv2.copyMakeBorder(
            small, 0, -height % MULTIPLE, 0, -width % MULTIPLE, cv2.BORDER_CONSTANT, value=(0, 0, 0)
        )
        # OpenCV splits channels into floats several times as fast as numpy copies a transposed view.
        return _Input(np.asarray(cv2.dnn.blobFromImage(padded, swapRB=self.BGR), dtype=np.float32), scale)
