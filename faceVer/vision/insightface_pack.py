"""Packs of InsightFace ONNX files (SCRFD or RetinaFace, and ArcFace): the model zoo's code on the backend's sessions.

SCRFD: Guo et al., arXiv 2105.04714. RetinaFace: Deng et al., arXiv 1905.00641. ArcFace: arXiv 1801.07698.
Code: github.com/deepinsight/insightface.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from insightface.model_zoo.arcface_onnx import ArcFaceONNX
from insightface.model_zoo.scrfd import SCRFD
from numpy.typing import NDArray

from faceVer.domain.errors import InferenceError, SetupError
from faceVer.domain.values import Face, Image
from faceVer.inference.backend import Backend, Signature
from faceVer.vision.alignment import CROP
from faceVer.vision.detection.detector import MIN_BOX, MULTIPLE, RELIABLE_SIDE, Detector
from faceVer.vision.recognition import normalized

# The model zoo's own rule: detectors have at least this many outputs.
_DETECTOR_OUTPUTS = 5


class _Tensor(NamedTuple):
    name: str
    shape: list[int | str | None]


class _Session:
    """A backend's model as the zoo's classes expect a session of ONNX Runtime."""

    def __init__(self, backend: Backend, model: str, signature: Signature) -> None:
        self._backend, self._model, self._signature = backend, model, signature

    def get_inputs(self) -> list[_Tensor]:
        return _tensors(self._signature.inputs)

    def get_outputs(self) -> list[_Tensor]:
        return _tensors(self._signature.outputs)

    def run(self, outputs: Sequence[str] | None, feed: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        found = self._backend.infer(self._model, feed)
        return [found[name] for name in outputs or found]


def _tensors(shapes: Mapping[str, tuple[int | str | None, ...]]) -> list[_Tensor]:
    return [_Tensor(name, list(shape)) for name, shape in shapes.items()]


class InsightFaceDetector:
    """SCRFD or RetinaFace with five landmarks."""

    reliable_side = RELIABLE_SIDE
    aligner: Detector | None = None

    def __init__(self, model: SCRFD, threshold: float) -> None:
        model.prepare(0, det_thresh=threshold)
        self._model = model
        self._static = model.static_input_size

    def detect(self, image: Image, size: int) -> list[Face]:
        # The zoo's letterbox would make an image this thin zero pixels wide.
        if max(image.shape[:2]) >= size * min(image.shape[:2]):
            return []
        side = -(-min(size, max(image.shape[:2])) // MULTIPLE) * MULTIPLE
        try:
            # The zoo takes BGR and letterboxes into a square itself.
            rows, points = self._model.detect(
                np.ascontiguousarray(image[:, :, ::-1]), input_size=self._static or (side, side)
            )
        except (InferenceError, MemoryError):
            raise
        except Exception as error:  # the zoo passes on any exception of NumPy
            raise InferenceError(f"{type(error).__name__}: {error}") from error
        faces = [
            Face(row[:4].astype(np.float32), marks.astype(np.float32), float(row[4]))
            for row, marks in zip(rows, points, strict=True)
            if row[2] - row[0] > MIN_BOX and row[3] - row[1] > MIN_BOX
        ]
        return sorted(faces, key=lambda face: -face.confidence)


class InsightFaceRecognizer:
    """ArcFace as the model zoo feeds it (mean and scale are read from the file's own first nodes)."""

    def __init__(self, model: ArcFaceONNX) -> None:
        self._model = model
        self._dimension = int(model.output_shape[-1])

    @property
    def dimension(self) -> int:
        return self._dimension

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        # One by one: published files have a batch of one.
        rows = [self._model.get_feat(np.ascontiguousarray(crop[:, :, ::-1])) for crop in crops]
        return normalized(np.asarray(rows, dtype=np.float32).reshape(len(rows), -1), 0.0)


def load_folder(
    folder: Path, backend: Backend, threshold: float
) -> tuple[InsightFaceDetector, Path, InsightFaceRecognizer, Path]:
    """The detector and the recognizer among a folder's ONNX files, each with its file. Raises SetupError.

    The backend knows them by their paths: two folders may hold files of one name.
    """
    detectors: list[tuple[SCRFD, Path]] = []
    recognizers: list[tuple[ArcFaceONNX, Path]] = []
    for path in sorted(folder.glob("*.onnx")):
        signature = backend.load(str(path), path)
        session = _Session(backend, str(path), signature)
        shape = next(iter(signature.inputs.values()))
        try:
            if len(signature.outputs) >= _DETECTOR_OUTPUTS:
                model = SCRFD(model_file=str(path), session=session, static_shape_sessions=False)
                if model.use_kps:
                    detectors.append((model, path))
                    continue
            elif tuple(shape[2:4]) == (CROP, CROP) and len(signature.outputs) == 1:
                recognizers.append((ArcFaceONNX(model_file=str(path), session=session), path))
                continue
        except Exception as error:
            raise SetupError(f"insightface cannot load {path}: {type(error).__name__}: {error}") from error
        backend.unload(str(path))  # a pack may hold models of other tasks
    for found, what in (
        (detectors, "detection model with landmarks (SCRFD, RetinaFace)"),
        (recognizers, f"recognition model of {CROP}x{CROP} (ArcFace)"),
    ):
        if len(found) != 1:
            names = ", ".join(path.name for _, path in found) or "none"
            raise SetupError(f"pack {folder}: one {what} is expected, found: {names}")
    (detector, detector_file), (recognizer, recognizer_file) = detectors[0], recognizers[0]
    return InsightFaceDetector(detector, threshold), detector_file, InsightFaceRecognizer(recognizer), recognizer_file
