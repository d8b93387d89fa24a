"""Packs of InsightFace ONNX files (SCRFD or RetinaFace + ArcFace), loaded through insightface's own model zoo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from insightface.model_zoo import get_model
from insightface.model_zoo.arcface_onnx import ArcFaceONNX
from numpy.typing import NDArray

from faceVer.domain.errors import InferenceError, SetupError
from faceVer.domain.values import Face, Image
from faceVer.inference.onnx import check_providers, session_options
from faceVer.vision.alignment import CROP
from faceVer.vision.detection.centerface import LEAST_BOX, MULTIPLE
from faceVer.vision.recognition import normalized


class InsightDetector:
    """SCRFD or RetinaFace with five landmarks."""

    def __init__(self, model: Any, threshold: float) -> None:
        model.prepare(0, det_thresh=threshold)
        self._model = model
        self._static = model.static_input_size

    def detect(self, image: Image, size: int) -> list[Face]:
        # insightface's letterbox would make a picture this thin zero pixels wide.
        if max(image.shape[:2]) >= size * min(image.shape[:2]):
            return []
        side = -(-min(size, max(image.shape[:2])) // MULTIPLE) * MULTIPLE
        try:
            # insightface takes BGR and letterboxes into a square itself.
            rows, points = self._model.detect(
                np.ascontiguousarray(image[:, :, ::-1]), input_size=self._static or (side, side)
            )
        except Exception as error:  # the zoo raises whatever the runtime or numpy raises
            raise InferenceError(f"{type(error).__name__}: {error}") from error
        faces = [
            Face(row[:4].astype(np.float32), marks.astype(np.float32), float(row[4]))
            for row, marks in zip(rows, points, strict=True)
            if row[2] - row[0] > LEAST_BOX and row[3] - row[1] > LEAST_BOX
        ]
        return sorted(faces, key=lambda face: -face.confidence)


class InsightEmbedder:
    """ArcFace as the model zoo feeds it (mean and scale are read from the file's own first nodes)."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._dimension = int(model.output_shape[-1])

    @property
    def dimension(self) -> int:
        return self._dimension

    def embed(self, crop: Image) -> NDArray[np.float32]:
        try:
            raw = self._model.get_feat(np.ascontiguousarray(crop[:, :, ::-1]))
        except Exception as error:
            raise InferenceError(f"{type(error).__name__}: {error}") from error
        return normalized(np.asarray(raw, dtype=np.float32).reshape(-1), 0.0)


def load_folder(
    folder: Path, providers: tuple[str, ...], threshold: float
) -> tuple[InsightDetector, Path, InsightEmbedder, Path]:
    """The detector and the recognizer among a folder's ONNX files, each with its file. Raises SetupError."""
    detectors: list[tuple[Any, Path]] = []
    recognizers: list[tuple[Any, Path]] = []
    for path in sorted(folder.glob("*.onnx")):
        try:
            model = get_model(
                str(path),
                providers=check_providers(providers),
                sess_options=session_options(),
                static_shape_sessions=False,
            )
        except SetupError:
            raise
        except Exception as error:
            raise SetupError(f"insightface cannot load {path}: {type(error).__name__}: {error}") from error
        # The router takes every square input from 112 up for ArcFace; only the template's own size is.
        if isinstance(model, ArcFaceONNX) and tuple(model.input_size) == (CROP, CROP):
            recognizers.append((model, path))
        elif getattr(model, "taskname", "") == "detection" and model.use_kps:
            detectors.append((model, path))
    for found, what in (
        (detectors, "detection model with landmarks (SCRFD, RetinaFace)"),
        (recognizers, f"recognition model of {CROP}x{CROP} (ArcFace)"),
    ):
        if len(found) != 1:
            names = ", ".join(path.name for _, path in found) or "none"
            raise SetupError(f"pack {folder}: one {what} is expected, found: {names}")
    (detector, detector_file), (recognizer, recognizer_file) = detectors[0], recognizers[0]
    return InsightDetector(detector, threshold), detector_file, InsightEmbedder(recognizer), recognizer_file
