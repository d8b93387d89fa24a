"""Recognition models: aligned crops in, embeddings out.

ArcFace: Deng et al., arXiv 1801.07698. MobileFaceNet, the recognizer of pack `open`: Chen et al., arXiv 1804.07573.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from faceVer.domain.errors import ExtractionError, InferenceError
from faceVer.inference.backend import LoadedModel
from faceVer.inference.specs import InputSpec


class Recognizer(Protocol):
    """Makes embeddings of `dimension` numbers from aligned crops."""

    @property
    def dimension(self) -> int: ...

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(N, 112, 112, 3) uint8 RGB -> (N, dimension) float32 of unit norm. Raises ExtractionError, InferenceError."""
        ...


def tensor(crops: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.float32]:
    """(N, H, W, 3) uint8 RGB -> (N, 3, H, W) float32: (pixel - mean) / std in the model's colour order."""
    pixels = crops[..., ::-1] if spec.colour == "bgr" else crops
    batch = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32)
    if spec.mean != 0 or spec.std != 1:
        batch -= np.float32(spec.mean)
        batch *= np.float32(1 / spec.std)
    return batch


def normalized(raw: NDArray[np.float32], min_norm: float) -> NDArray[np.float32]:
    """(N, D) float32 at unit norm.

    Raises InferenceError where a value is not finite, ExtractionError where a norm is below `min_norm`.
    """
    norms = [float(np.linalg.norm(row)) for row in raw]
    if not np.isfinite(norms).all():
        raise InferenceError("the recognition model gave a value that is not finite")
    if min(norms) < max(min_norm, 1e-6):
        raise ExtractionError(f"the crop does not look like a face to the recognition model (norm {min(norms):.2f})")
    return np.asarray(raw / np.array(norms, np.float32)[:, None], dtype=np.float32)


class ArcFace:
    """Any model of the ArcFace family that takes the 112x112 crop."""

    def __init__(self, model: LoadedModel, spec: InputSpec) -> None:
        self._model = model
        self._spec = spec
        (shape,) = model.signature.outputs.values()
        self._dimension = int(shape[-1] or 0)

    @property
    def dimension(self) -> int:
        return self._dimension

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        return normalized(self._model.run(tensor(crops, self._spec))[0], self._spec.min_norm)


class Joined:
    """Several recognizers as one: their embeddings one behind the other, each times the root of its weight.

    The cosine of two such embeddings is the weighted mean of the parts' cosines.
    """

    def __init__(self, parts: Sequence[Recognizer], weights: Sequence[float]) -> None:
        """weights: above 0, in sum 1."""
        self._parts = [(part, np.float32(weight**0.5)) for part, weight in zip(parts, weights, strict=True)]

    @property
    def dimension(self) -> int:
        return sum(part.dimension for part, _ in self._parts)

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.concatenate([part.embed(crops) * length for part, length in self._parts], axis=1)


class Mirrored:
    """A recognizer whose embedding is the mean of a crop's and its mirror image's: less noise for twice the time."""

    def __init__(self, inner: Recognizer) -> None:
        self._inner = inner

    @property
    def dimension(self) -> int:
        return self._inner.dimension

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        both = self._inner.embed(np.concatenate([crops, crops[:, :, ::-1]]))
        return normalized(both[: len(crops)] + both[len(crops) :], 0.0)
