"""Recognition models: an aligned crop in, an embedding out."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from faceVer.domain.errors import ExtractionError, InferenceError
from faceVer.domain.values import Image
from faceVer.inference.manifest import InputSpec
from faceVer.inference.onnx import Session


class Embedder(Protocol):
    """Turns aligned crops into embeddings of `dimension` numbers."""

    @property
    def dimension(self) -> int: ...

    def embed(self, crop: Image) -> NDArray[np.float32]:
        """crop: (112, 112, 3) uint8 RGB. (dimension,) float32 of unit norm. Raises ExtractionError, InferenceError."""
        ...


def tensor(crop: Image, spec: InputSpec) -> NDArray[np.float32]:
    """(1, 3, H, W) float32, C-contiguous: (pixel - mean) / std in the model's channel order."""
    pixels = crop[:, :, ::-1] if spec.colour == "bgr" else crop
    batch = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32)
    if spec.mean != 0 or spec.std != 1:
        batch -= np.float32(spec.mean)
        batch *= np.float32(1 / spec.std)
    return batch


def normalized(raw: NDArray[np.float32], min_norm: float) -> NDArray[np.float32]:
    """`raw` scaled to unit norm. Raises InferenceError where it is not finite, ExtractionError below `min_norm`."""
    norm = float(np.linalg.norm(raw))
    if not np.isfinite(norm):
        raise InferenceError("the recognition model gave a value that is not finite")
    if norm < max(min_norm, 1e-6):
        raise ExtractionError(f"the crop does not look like a face to the recognition model (norm {norm:.2f})")
    return np.asarray(raw / np.float32(norm), dtype=np.float32)


class ArcFaceEmbedder:
    """Any model of the ArcFace family that takes the 112x112 crop (MobileFaceNet of the open pack)."""

    def __init__(self, session: Session, spec: InputSpec) -> None:
        self._session = session
        self._spec = spec
        self._dimension = int(session.outputs[0][-1])

    @property
    def dimension(self) -> int:
        return self._dimension

    def embed(self, crop: Image) -> NDArray[np.float32]:
        return normalized(self._session.run(tensor(crop, self._spec))[0][0], self._spec.min_norm)
