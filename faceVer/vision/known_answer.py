"""The known-answer test: a model that was swapped, or a device that computes otherwise, is refused at the start.

The recognizer embeds the probe image, and the result is compared with the manifest's. A backend that runs models
elsewhere gets the same test.
"""

from __future__ import annotations

import numpy as np

from faceVer.domain.errors import InferenceError, SetupError
from faceVer.inference.manifest import ModelSpec
from faceVer.vision.alignment import CROP
from faceVer.vision.detection.detector import probe_image
from faceVer.vision.recognition import Recognizer

TOLERANCE = 0.02
"""Of a component of the unit vector: half precision errs by 0.001, another model by 0.05 and more."""
COMPONENTS = 16
"""Components that the manifest states, the first ones."""


def known_answer(recognizer: Recognizer) -> list[float]:
    """The first components of the probe image's embedding at unit norm. Raises InferenceError."""
    raw = recognizer.raw(probe_image(CROP)[None])[0]
    return [float(value) for value in (raw / np.linalg.norm(raw))[:COMPONENTS]]


def check_known_answer(recognizer: Recognizer, spec: ModelSpec) -> None:
    """Raises SetupError where the model does not give the manifest's answer; a model without one is not tested."""
    if not spec.known_answer:
        return
    try:
        found = known_answer(recognizer)
    except InferenceError as error:
        raise SetupError(f"{spec.name}: the known-answer test failed: {error}") from error
    difference = np.abs(np.asarray(found[: len(spec.known_answer)]) - np.asarray(spec.known_answer)).max()
    if not difference <= TOLERANCE:
        raise SetupError(
            f"{spec.name} is not the model of the manifest, or the device computes otherwise: its embedding of the "
            f"probe image differs by {difference:.3f} in a component, at most {TOLERANCE} is allowed"
        )
