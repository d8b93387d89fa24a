"""The ONNX Runtime backend: named tensors, batches, providers with options, and no silent fall back to the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import onnxruntime
import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import EPFail

from faceVer.domain.errors import InferenceError, SetupError
from faceVer.inference.backend import LoadedModel
from faceVer.inference.manifest import load_manifest, weights_folder
from faceVer.inference.onnx import RUNTIME, OnnxBackend
from faceVer.inference.providers import Provider, check_used, parse_providers

CPU = ("CPUExecutionProvider",)


def file(name: str) -> Path:
    return weights_folder("") / load_manifest(weights_folder("")).models[name].file


def test_a_model_runs_by_name_on_named_tensors() -> None:
    backend = OnnxBackend(CPU)
    signature = backend.load("eyes", file("eyestate"))
    (name,) = signature.inputs
    (output,) = signature.outputs
    found = backend.infer("eyes", {name: np.zeros((1, 1, 24, 24), np.float32)})
    assert list(found) == [output]
    assert found[output].shape == (1, 2)
    assert (backend.runtime, backend.providers) == (RUNTIME, CPU)


def test_a_failing_inference_is_named() -> None:
    model = LoadedModel.load(OnnxBackend(CPU), "eyes", file("eyestate"))
    with pytest.raises(InferenceError, match=r"24|Got invalid dimensions|Fail"):
        model.run(np.zeros((1, 1, 5, 5), np.float32))


def test_a_batch_gives_what_its_items_give() -> None:
    rng = np.random.default_rng(1)
    for name, shape in (("eyestate", (1, 24, 24)), ("mobilefacenet", (3, 112, 112)), ("minifasnet", (3, 128, 128))):
        model = LoadedModel.load(OnnxBackend(CPU), name, file(name))
        batch = rng.random((3, *shape), dtype=np.float32) * 255
        together = model.run(batch)
        for output, single in zip(together, zip(*(model.run(item[None]) for item in batch), strict=True), strict=True):
            assert output.shape[0] == 3
            np.testing.assert_allclose(output, np.concatenate(single), rtol=1e-3, atol=1e-3)


def test_providers_carry_options() -> None:
    assert parse_providers(["CUDAExecutionProvider:device_id=1:gpu_mem_limit=2", "CPUExecutionProvider"]) == [
        Provider("CUDAExecutionProvider", {"device_id": "1", "gpu_mem_limit": "2"}),
        Provider("CPUExecutionProvider", {}),
    ]
    for wrong in ([], [""], ["A:b"], ["A:=c"], ["A:b="]):
        with pytest.raises(SetupError):
            parse_providers(wrong)


def test_a_provider_that_this_build_lacks_stops_the_start() -> None:
    with pytest.raises(SetupError, match="NoSuchExecutionProvider is not in this build"):
        OnnxBackend(["NoSuchExecutionProvider", *CPU])


def test_a_device_that_the_runtime_silently_replaces_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = "CUDAExecutionProvider"
    session = onnxruntime.InferenceSession

    def without_device(path: str, options: Any, **_: Any) -> Any:
        return session(path, options, providers=list(CPU))

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [cuda, *CPU])
    monkeypatch.setattr(onnxruntime, "InferenceSession", without_device)
    backend = OnnxBackend([cuda, *CPU])
    with pytest.raises(SetupError, match=rf"{cuda} is configured, but ONNX Runtime uses CPUExecutionProvider"):
        backend.load("eyes", file("eyestate"))
    check_used(parse_providers([cuda]), [cuda, *CPU], "eyes")


def test_a_provider_that_fails_in_a_run_is_not_replaced_by_the_cpu() -> None:
    backend = OnnxBackend(CPU)
    (name,) = backend.load("eyes", file("eyestate")).inputs
    session = backend._sessions["eyes"]
    session._sess = Mock(wraps=session._sess, **{"run.side_effect": EPFail("device lost")})
    with pytest.raises(InferenceError, match="device lost"):
        backend.infer("eyes", {name: np.zeros((1, 1, 24, 24), np.float32)})


@pytest.mark.parametrize(
    "told",
    ["bad allocation", "std::bad_alloc", "Failed to allocate memory for requested buffer of size 19", "out of memory"],
)
def test_want_of_memory_is_no_error_of_the_model(told: str) -> None:
    backend = OnnxBackend(CPU)
    (name,) = backend.load("eyes", file("eyestate")).inputs
    session = backend._sessions["eyes"]
    session._sess = Mock(wraps=session._sess, **{"run.side_effect": RuntimeError(told)})
    with pytest.raises(MemoryError):
        backend.infer("eyes", {name: np.zeros((1, 1, 24, 24), np.float32)})


def test_a_runtime_on_a_device_names_its_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = "CUDAExecutionProvider"
    session = Mock(**{"get_providers.return_value": [cuda, *CPU], "get_inputs.return_value": []})
    session.get_outputs.return_value = []
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [cuda, *CPU])
    monkeypatch.setattr(onnxruntime, "InferenceSession", Mock(return_value=session))
    backend = OnnxBackend([f"{cuda}:device_id=1"])
    backend.load("eyes", file("eyestate"))
    assert (backend.runtime, backend.providers) == (f"{RUNTIME} ({cuda})", (cuda,))
    backend.unload("eyes")
    assert backend.providers == ()
