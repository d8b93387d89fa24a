"""The preparation steps that change embeddings: `quantize` stays within half steps, `centre` subtracts a vector."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from faceVer.domain.errors import WeightsError
from faceVer.inference.backend import LoadedModel
from faceVer.inference.manifest import load_manifest, weights_folder
from faceVer.inference.onnx import OnnxBackend
from faceVer.inference.weights.prepare import prepare
from faceVer.inference.weights.quantizing import INPUT_MOST, WEIGHT_MOST
from faceVer.inference.weights.store import require
from faceVer.services.faces import FaceEngine
from faceVer.vision.alignment import align
from faceVer.vision.recognition import tensor
from tests import support_faces as faces

CPU = ("CPUExecutionProvider",)
SIDE, OUTPUTS = 4, 5


def network(channels: int, wide: int) -> tuple[bytes, dict[str, np.ndarray]]:
    """x -> Conv of one pixel "mix" -> flat -> Gemm "last" -> z, and its weights."""
    numbers = np.random.default_rng(channels * 100 + wide)
    shapes = {"w": (wide, channels, 1, 1), "b": (wide,), "v": (OUTPUTS, wide * SIDE * SIDE), "d": (OUTPUTS,)}
    weights = {name: numbers.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["y"], name="mix"),
        helper.make_node("Flatten", ["y"], ["f"]),
        helper.make_node("Gemm", ["f", "v", "d"], ["z"], name="last", transB=1),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, channels, SIDE, SIDE])
    z = helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, OUTPUTS])
    tensors = [numpy_helper.from_array(values, name) for name, values in weights.items()]
    graph = helper.make_graph(nodes, "g", [x], [z], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return model.SerializeToString(), weights


@given(channels=st.integers(1, 40), wide=st.integers(1, 40))
def test_whole_numbers_stay_within_half_steps(
    channels: int, wide: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("q") / "m.onnx"
    source, weights = network(channels, wide)
    kernel = weights["w"][:, :, 0, 0]
    x = np.random.default_rng(1).uniform(-2, 3, (1, channels, SIDE, SIDE)).astype(np.float32)
    y = np.einsum("oc,nchw->nohw", kernel, x) + weights["b"][:, None, None]
    z = y.reshape(1, -1) @ weights["v"].T + weights["d"]
    least, largest = min(float(y.min()), 0.0), max(float(y.max()), 0.1)
    ranges = {"mix": (-2.0, 3.0, least - 0.1, largest), "last": (least - 0.1, largest)}
    prepare(source, ("quantize",), path, ranges)
    found = LoadedModel.load(OnnxBackend(CPU), "m", path).run(x)[0]

    step_x, step_y = 5 / INPUT_MOST, (largest - least + 0.1) / INPUT_MOST
    step_w, step_v = (np.abs(one).max(axis=1) / WEIGHT_MOST for one in (kernel, weights["v"]))
    # Half a step of every factor; the bias is rounded to the product of two steps, the output of `mix` twice.
    off_y = (np.abs(kernel).sum(1) * step_x + 3.1 * channels * step_w).max() / 2 + step_y
    bound = np.abs(weights["v"]).sum(1) * off_y + np.abs(y).max() * wide * SIDE * SIDE * step_v + 0.01
    assert (np.abs(found - z) <= bound).all()
    for one in onnx.load(path).graph.initializer:
        if one.data_type == TensorProto.INT8:
            assert np.abs(numpy_helper.to_array(one).astype(int)).max() in (0, WEIGHT_MOST)


def test_the_centre_is_subtracted(tmp_path: Path) -> None:
    source, _ = network(3, 4)
    centre = [0.5, -1.0, 0.0, 2.0, 100.0]
    x = np.ones((1, 3, SIDE, SIDE), np.float32)
    outputs = []
    for steps in ((), ("centre",)):
        prepare(source, steps, tmp_path / "m.onnx", centre=centre)
        outputs.append(LoadedModel.load(OnnxBackend(CPU), "m", tmp_path / "m.onnx").run(x)[0])
    assert outputs[0] - outputs[1] == pytest.approx(np.array([centre]), abs=1e-4)


def test_constants_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    source, _ = network(3, 4)
    with pytest.raises(WeightsError, match="no nodes to quantize: other"):
        prepare(source, ("quantize",), tmp_path / "m.onnx", {"other": (0.0, 1.0)})
    with pytest.raises(WeightsError, match="the centre has 4 numbers"):
        prepare(source, ("centre",), tmp_path / "m.onnx", centre=[0.0] * 4)


def test_sface_gives_the_same_embeddings_without_whole_numbers(engine: FaceEngine) -> None:
    """As on a device that has none: it multiplies the rounded numbers as floats. Where a value lies between two steps,
    the last digit decides, so the embeddings are not the same bits."""
    manifest = load_manifest(weights_folder(""))
    spec = manifest.models["sface"]
    path = require(manifest, spec)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    floats = onnxruntime.InferenceSession(str(path), options, providers=list(CPU))
    whole = LoadedModel.load(OnnxBackend(CPU), "sface", path)
    for number in range(6):
        subject = engine.subject(np.asarray(faces.person(number)))
        crop = tensor(align(subject.image, subject.face.landmarks)[None], spec.input)
        one, other = whole.run(crop)[0][0], floats.run(None, {"data": crop})[0][0]
        assert float(one @ other / np.linalg.norm(one) / np.linalg.norm(other)) > 0.997
