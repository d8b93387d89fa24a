"""A swapped recognizer is refused at the start."""

from __future__ import annotations

import dataclasses

import pytest

from faceVer.domain.errors import SetupError
from faceVer.inference.manifest import load_manifest, weights_folder
from faceVer.services.faces import FaceEngine
from faceVer.vision.known_answer import COMPONENTS, check_known_answer, known_answer


def test_the_manifest_states_the_answer_of_the_packs_recognizer(engine: FaceEngine) -> None:
    spec = load_manifest(weights_folder("")).models["mobilefacenet"]
    assert len(spec.known_answer) == COMPONENTS
    assert known_answer(engine._models.recognizer) == pytest.approx(spec.known_answer, abs=1e-4)
    check_known_answer(engine._models.recognizer, spec)


def test_another_answer_stops_the_start(engine: FaceEngine) -> None:
    spec = load_manifest(weights_folder("")).models["mobilefacenet"]
    swapped = dataclasses.replace(spec, known_answer=tuple(-value for value in spec.known_answer))
    with pytest.raises(SetupError, match="mobilefacenet is not the model of the manifest"):
        check_known_answer(engine._models.recognizer, swapped)
    check_known_answer(engine._models.recognizer, dataclasses.replace(spec, known_answer=()))
