"""The known-answer test: a model that was swapped, or a device that computes otherwise, is rejected at the start.

Each model runs once on a fixed tensor, and values of its outputs are compared with the manifest's. The test goes
through the backend, so that a backend that runs models elsewhere gets it, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceVer.domain.errors import InferenceError, SetupError
from faceVer.inference.backend import Backend, LoadedModel
from faceVer.inference.manifest import Manifest
from faceVer.inference.specs import InputSpec, ModelSpec
from faceVer.inference.weights.store import require

TOLERANCE = 0.1
"""Largest difference of a value, as a share of the largest value. Measured on pack `open`: weights rounded to half
precision differ by up to 0.012, permuted weights by 0.7 and more."""
VALUES = 16
"""Most values that the manifest states of a model."""


def load_model(manifest: Manifest, spec: ModelSpec, backend: Backend) -> LoadedModel:
    """Load a model of the manifest: the file checked by its hash, the loaded model by the known-answer test;
    then make it ready.

    Raises SetupError.
    """
    model = LoadedModel.load(backend, spec.name, require(manifest, spec))
    check_known_answer(model, spec)
    return model.warm()


def check_known_answer(model: LoadedModel, spec: ModelSpec) -> None:
    """Raises SetupError where the model does not give the manifest's answer; a model without one is not tested."""
    if spec.known_answer is None:
        return
    expected = np.asarray(spec.known_answer.values)
    try:
        found = answer(model, spec.known_answer.shape, spec.input)
    except InferenceError as error:
        raise SetupError(f"{spec.name}: the known-answer test failed: {error}") from error
    if not agrees(found, expected, TOLERANCE):
        raise SetupError(
            f"{spec.name} is not the model of the manifest, or the device computes otherwise: its known answer is "
            f"{expected.tolist()}, it gives {found.round(5).tolist()}"
        )


def agrees(found: NDArray[Any], expected: NDArray[Any], tolerance: float) -> bool:
    """Whether no value differs by more than a share of the largest expected one; not where one is not a number."""
    return bool(found.shape == expected.shape and np.abs(found - expected).max() <= tolerance * np.abs(expected).max())


def answer(model: LoadedModel, shape: tuple[int, ...], spec: InputSpec) -> NDArray[np.float64]:
    """Up to 16 values, evenly spaced over all outputs, for the test's tensor. Raises InferenceError."""
    outputs = np.concatenate([output.ravel() for output in model.run(ramps(shape, spec))])
    places = np.linspace(0, outputs.size - 1, min(VALUES, outputs.size)).astype(int)
    return np.asarray(outputs[places], dtype=np.float64)


def ramps(shape: tuple[int, ...], spec: InputSpec) -> NDArray[np.float32]:
    """(1, C, H, W) float32: ramps of 0..255 down, to the right and diagonally, one a channel, as the model is fed."""
    _, channels, height, width = shape
    down, right = np.meshgrid(np.linspace(0, 255, height), np.linspace(0, 255, width), indexing="ij")
    pixels = np.stack([down, right, (down + right) / 2][:channels])[None]
    return np.asarray((pixels - spec.mean) / spec.std, dtype=np.float32)
