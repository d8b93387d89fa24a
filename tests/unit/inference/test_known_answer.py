"""A swapped model is rejected at the start."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

from faceVer.domain.errors import InferenceError, SetupError
from faceVer.inference.backend import LoadedModel, Signature, Tensors
from faceVer.inference.known_answer import VALUES, answer, check_known_answer, load_model
from faceVer.inference.manifest import Manifest, digest, load_manifest, weights_folder
from faceVer.inference.onnx import OnnxBackend
from faceVer.inference.specs import IMPORTED
from faceVer.settings.loader import load_settings
from tests.support_models import load_liveness_models, load_models

CPU = ("CPUExecutionProvider",)


@pytest.fixture
def manifest() -> Manifest:
    return load_manifest(weights_folder(""))


@pytest.mark.parametrize("name", load_manifest(weights_folder("")).models)
def test_the_manifest_states_the_answer_of_every_model(manifest: Manifest, name: str) -> None:
    spec = manifest.models[name]
    if spec.registry == IMPORTED and not (weights_folder("") / spec.file).exists():
        pytest.skip(f"{spec.file} has not been imported")
    known = spec.known_answer
    assert known is not None
    found = answer(load_model(manifest, spec, OnnxBackend(CPU)), known.shape, spec.input)
    assert len(known.values) <= VALUES
    assert found == pytest.approx(known.values, rel=1e-3, abs=1e-3)


def swap(folder: Path, name: str) -> None:
    """Replace the weights of a model by others of the same shapes, and correct its receipt."""
    path = folder / f"{name}.onnx"
    model, rng = onnx.load(path), np.random.default_rng(0)
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.ndim == 4:
            tensor.CopyFrom(numpy_helper.from_array(rng.permutation(values.ravel()).reshape(values.shape), tensor.name))
    onnx.save(model, path)
    receipt = path.with_name(path.name + ".json")
    receipt.write_text(json.dumps(json.loads(receipt.read_text()) | {"prepared_sha256": digest(path)}))


@pytest.mark.parametrize("name", ["centerface", "mobilefacenet", "minifasnet", "headpose"])
def test_a_swapped_file_of_the_same_shapes_is_rejected(tmp_path: Path, name: str) -> None:
    for path in weights_folder("").iterdir():
        if path.suffix in (".onnx", ".json", ".toml"):
            shutil.copy(path, tmp_path)
    swap(tmp_path, name)
    settings = load_settings({}, weights=str(tmp_path))
    load = load_models if name in ("centerface", "mobilefacenet") else load_liveness_models
    with pytest.raises(SetupError, match=f"{name} is not the model of the manifest"):
        load(settings)


class RemoteBackend:
    """Runs models elsewhere, as far as the test can tell. outputs: what it answers; None = it fails."""

    runtime, providers = "remote 1.0", ("remote",)

    def __init__(self, outputs: Mapping[str, NDArray[Any]] | None) -> None:
        self.outputs = outputs

    def load(self, model: str, path: Path) -> Signature:
        return Signature({"input": (1, 1, 24, 24)}, {"output": (1, 2)})

    def warm(self, model: str) -> Signature:
        return self.load(model, Path())

    def unload(self, model: str) -> None:
        raise AssertionError

    def infer(self, model: str, inputs: Tensors) -> dict[str, NDArray[Any]]:
        if self.outputs is None:
            raise InferenceError("no answer")
        return dict(self.outputs)

    def close(self) -> None:
        raise AssertionError


def test_a_model_that_runs_elsewhere_is_tested(manifest: Manifest) -> None:
    spec = manifest.models["eyestate"]
    assert spec.known_answer is not None
    right = np.array([spec.known_answer.values], np.float32)
    load_model(manifest, spec, RemoteBackend({"output": right}))
    for wrong in (-right, right * np.nan, right[:, :1]):
        with pytest.raises(SetupError, match="eyestate is not the model"):
            load_model(manifest, spec, RemoteBackend({"output": wrong}))
    with pytest.raises(SetupError, match="eyestate: the known-answer test failed: no answer"):
        load_model(manifest, spec, RemoteBackend(None))


def test_a_model_without_a_known_answer_is_not_tested(manifest: Manifest) -> None:
    model = LoadedModel.load(RemoteBackend(None), "eyestate", Path("eyestate.onnx"))
    check_known_answer(model, replace(manifest.models["eyestate"], known_answer=None))


@pytest.mark.parametrize("shape", ["[1, 24, 24]", "[2, 1, 24, 24]"])
def test_a_known_answer_needs_one_image(tmp_path: Path, shape: str, manifest: Manifest) -> None:
    text = (manifest.folder / "manifest.toml").read_text().replace("[1, 1, 24, 24]", shape)
    (tmp_path / "manifest.toml").write_text(text)
    with pytest.raises(SetupError, match="known answer"):
        load_manifest(tmp_path)
