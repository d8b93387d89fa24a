"""Preparation steps on small graphs: for any weights the prepared model computes what the published one does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from faceVer.domain.errors import WeightsError
from faceVer.inference.backend import LoadedModel
from faceVer.inference.onnx import OnnxBackend
from faceVer.inference.weights.prepare import LARGEST_SLOPE, prepare

CPU = ("CPUExecutionProvider",)
CHANNELS = 3


def convolution_and_prelu(slopes: list[float], *, bias: bool, groups: int, shared: bool) -> bytes:
    """x -> Conv -> PRelu -> z. shared: the convolution's output leaves the graph too."""
    numbers = np.random.default_rng(len(slopes) + bias)
    kernel = numbers.normal(size=(CHANNELS, CHANNELS // groups, 3, 3)).astype(np.float32)
    weights = [
        numpy_helper.from_array(kernel, "w"),
        numpy_helper.from_array(np.array(slopes, np.float32).reshape(-1, 1, 1), "slope"),
    ]
    if bias:
        weights.append(numpy_helper.from_array(numbers.normal(size=CHANNELS).astype(np.float32), "b"))
    nodes = [
        helper.make_node("Conv", ["x", "w", *(["b"] if bias else [])], ["y"], pads=[1, 1, 1, 1], group=groups),
        helper.make_node("PRelu", ["y", "slope"], ["z"]),
    ]
    x, y, z = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, CHANNELS, 5, 6]) for name in "xyz")
    graph = helper.make_graph(nodes, "g", [x], [z, y] if shared else [z], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


@given(
    slopes=st.lists(st.floats(-2, 2, width=32), min_size=CHANNELS, max_size=CHANNELS),
    bias=st.booleans(),
    groups=st.sampled_from([1, CHANNELS]),
    shared=st.booleans(),
)
def test_prelu_keeps_its_function(
    slopes: list[float], bias: bool, groups: int, shared: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("prelu")
    source = convolution_and_prelu(slopes, bias=bias, groups=groups, shared=shared)
    (folder / "before.onnx").write_bytes(source)
    prepare(source, ("flush-tiny", "fold-prelu"), folder / "after.onnx")
    picture = np.random.default_rng(1).normal(size=(1, CHANNELS, 5, 6)).astype(np.float32)
    before = LoadedModel.load(OnnxBackend(CPU), "before", folder / "before.onnx").run(picture)
    after = LoadedModel.load(OnnxBackend(CPU), "after", folder / "after.onnx").run(picture)
    for one, other in zip(before, after, strict=True):
        assert np.allclose(one, other, atol=2e-5)


def products(path: Path) -> int:
    return sum(node.op_type == "Mul" for node in onnx.load(path).graph.node)


def test_slopes_below_one_are_folded_into_their_convolution(tmp_path: Path) -> None:
    for slopes, count in (([0.1, -0.5, LARGEST_SLOPE], 1), ([0.1, -0.5, 1.2], 2)):
        prepare(convolution_and_prelu(slopes, bias=True, groups=1, shared=False), ("fold-prelu",), tmp_path / "m.onnx")
        assert products(tmp_path / "m.onnx") == count


@given(
    wide=st.integers(1, 40),
    squeezed=st.integers(1, 20),
    slopes=st.booleans(),
    leaves=st.booleans(),
)
def test_padded_channels_change_nothing(
    wide: int, squeezed: int, slopes: bool, leaves: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("pad")
    source = block(wide, squeezed, slopes=slopes, leaves=leaves)
    (folder / "before.onnx").write_bytes(source)
    prepare(source, ("fold-prelu", "pad-channels"), folder / "after.onnx")
    picture = np.random.default_rng(1).normal(size=(1, CHANNELS, 5, 6)).astype(np.float32)
    before = LoadedModel.load(OnnxBackend(CPU), "before", folder / "before.onnx").run(picture)
    after = LoadedModel.load(OnnxBackend(CPU), "after", folder / "after.onnx").run(picture)
    for one, other in zip(before, after, strict=True):
        assert one.shape == other.shape
        assert np.allclose(one, other, rtol=1e-4, atol=1e-4)
    kernels = {tensor.name: tensor.dims for tensor in onnx.load(folder / "after.onnx").graph.initializer}
    depthwise = next(dims for name, dims in kernels.items() if name.startswith("w1"))
    assert leaves or depthwise[0] % 16 == 0


def block(wide: int, squeezed: int, *, slopes: bool, leaves: bool) -> bytes:
    """A residual block with a depthwise convolution and a squeeze-and-excite gate; leaves: a hidden tensor is an output
    of the graph, so that nothing tied to it may be padded."""
    numbers = np.random.default_rng(wide * 100 + squeezed)

    def weight(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array((numbers.normal(size=shape) / 3).astype(np.float32), name)

    weights = [
        weight("w0", wide, CHANNELS, 1, 1), weight("b0", wide),
        weight("w1", wide, 1, 3, 3), weight("slope", wide, 1, 1),
        weight("w2", squeezed, wide, 1, 1), weight("w3", wide, squeezed, 1, 1),
        weight("w4", CHANNELS, wide, 1, 1),
    ]  # fmt: skip
    act = ("PRelu", ["d", "slope"]) if slopes else ("Relu", ["d"])
    nodes = [
        helper.make_node("Conv", ["x", "w0", "b0"], ["c"]),
        helper.make_node("Conv", ["c", "w1"], ["d"], pads=[1, 1, 1, 1], group=wide),
        helper.make_node(*act, ["a"]),
        helper.make_node("GlobalAveragePool", ["a"], ["p"]),
        helper.make_node("Conv", ["p", "w2"], ["q"]),
        helper.make_node("Conv", ["q", "w3"], ["r"]),
        helper.make_node("Sigmoid", ["r"], ["s"]),
        helper.make_node("Mul", ["a", "s"], ["m"]),
        helper.make_node("Add", ["m", "c"], ["n"]),
        helper.make_node("Conv", ["n", "w4"], ["z"]),
    ]
    x, z = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, CHANNELS, 5, 6]) for name in "xz")
    hidden = helper.make_tensor_value_info("d", TensorProto.FLOAT, [1, wide, 5, 6])
    graph = helper.make_graph(nodes, "g", [x], [z, hidden] if leaves else [z], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


def compared(source: bytes, steps: tuple[str, ...], folder: Path, picture: np.ndarray) -> onnx.ModelProto:
    """The prepared model, after its outputs for `picture` were compared with the reference implementation's for the
    published one: within 1e-5 of the largest value."""
    prepare(source, steps, folder / "after.onnx")
    before = ReferenceEvaluator(onnx.load_model_from_string(source)).run(None, {"x": picture})
    after = LoadedModel.load(OnnxBackend(CPU), "after", folder / "after.onnx").run(picture)
    for one, other in zip(before, after, strict=True):
        assert one.shape == other.shape
        assert np.abs(one - other).max() <= 1e-5 * np.abs(one).max()
    return onnx.load(folder / "after.onnx")


def quantized(channels: int, block: int) -> bytes:
    """x -> Conv -> y, its kernel and bias block-quantized as opset 21 allows; the input lists a weight nobody reads."""
    numbers = np.random.default_rng(channels * 100 + block)
    columns = 9 * CHANNELS

    def weight(name: str, values: np.ndarray) -> onnx.TensorProto:
        return numpy_helper.from_array(values, name)

    weights = [
        weight("w.q", numbers.integers(-128, 128, (channels, columns)).astype(np.int8)),
        weight("w.scale", numbers.uniform(0.001, 0.1, (channels, -(-columns // block))).astype(np.float32)),
        weight("w.zero", numbers.integers(-9, 9, (channels, -(-columns // block))).astype(np.int8)),
        weight("b.q", numbers.integers(-128, 128, channels).astype(np.int8)),
        weight("b.scale", np.array([0.05], np.float32)),
        weight("b.zero", np.array([3], np.int8)),
        weight("shape", np.array([channels, CHANNELS, 3, 3], np.int64)),
    ]
    nodes = [
        helper.make_node("DequantizeLinear", ["w.q", "w.scale", "w.zero"], ["w.flat"], axis=1, block_size=block),
        helper.make_node("Reshape", ["w.flat", "shape"], ["w"]),
        helper.make_node("DequantizeLinear", ["b.q", "b.scale", "b.zero"], ["b"], axis=0),
        helper.make_node("Conv", ["x", "w", "b"], ["y"], kernel_shape=[3, 3]),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, CHANNELS, 5, 6])
    stale = helper.make_tensor_value_info("w_before", TensorProto.FLOAT, [channels, CHANNELS, 3, 3])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, channels, 3, 4])
    graph = helper.make_graph(nodes, "g", [x, stale], [y], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10).SerializeToString()


@pytest.mark.parametrize("block", [9, 27, 64])
@pytest.mark.parametrize("channels", [1, 8])
def test_a_quantized_model_becomes_floats(channels: int, block: int, tmp_path: Path) -> None:
    picture = np.random.default_rng(1).normal(size=(1, CHANNELS, 5, 6)).astype(np.float32)
    model = compared(quantized(channels, block), ("hide-initializers", "fold-constants"), tmp_path, picture)
    assert [node.op_type for node in model.graph.node] == ["Conv"]
    assert [value.name for value in model.graph.input] == ["x"]


def normalized_convolution(*, bias: bool, groups: int, shared: bool) -> bytes:
    """x -> Conv -> BatchNormalization -> z; shared: the convolution's output leaves the graph too."""
    numbers = np.random.default_rng(groups + bias)

    def weight(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array(numbers.uniform(0.2, 2, shape).astype(np.float32), name)

    weights = [weight("w", CHANNELS, CHANNELS // groups, 3, 3), *(weight(name, CHANNELS) for name in "bgomv")]
    nodes = [
        helper.make_node("Conv", ["x", "w", *(["b"] if bias else [])], ["y"], pads=[1, 1, 1, 1], group=groups),
        helper.make_node("BatchNormalization", ["y", *"gomv"], ["z"], epsilon=0.001),
    ]
    x, y, z = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, CHANNELS, 5, 6]) for name in "xyz")
    graph = helper.make_graph(
        nodes, "g", [x], [z, y] if shared else [z], weights if bias else weights[:1] + weights[2:]
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8).SerializeToString()


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("groups", [1, CHANNELS])
@pytest.mark.parametrize("shared", [False, True])
def test_normalization_is_folded_into_its_convolution(bias: bool, groups: int, shared: bool, tmp_path: Path) -> None:
    picture = np.random.default_rng(1).normal(size=(1, CHANNELS, 5, 6)).astype(np.float32)
    source = normalized_convolution(bias=bias, groups=groups, shared=shared)
    model = compared(source, ("fold-batchnorm",), tmp_path, picture)
    assert [node.op_type for node in model.graph.node] == ["Conv", "BatchNormalization"][: 1 + shared]


def test_rows_of_cells_take_any_batch_and_size(tmp_path: Path) -> None:
    """Convolution, transposition and reshape to (1, -1, channels), as detectors end, fixed to one image of 8x8."""
    numbers = np.random.default_rng(0)
    weights = [
        numpy_helper.from_array(numbers.normal(size=(2, CHANNELS, 1, 1)).astype(np.float32), "w"),
        numpy_helper.from_array(np.array([1, -1, 2], np.int64), "shape"),
    ]
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], strides=[2, 2]),
        helper.make_node("Transpose", ["c"], ["t"], perm=[0, 2, 3, 1]),
        helper.make_node("Reshape", ["t", "shape"], ["y"]),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, CHANNELS, 8, 8])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 16, 2])
    graph = helper.make_graph(nodes, "g", [x], [y], weights)
    source = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()
    picture = numbers.normal(size=(1, CHANNELS, 8, 8)).astype(np.float32)
    compared(source, ("dynamic-shape",), tmp_path, picture)
    model = LoadedModel.load(OnnxBackend(CPU), "m", tmp_path / "after.onnx")
    batch = numbers.normal(size=(3, CHANNELS, 6, 4)).astype(np.float32)
    (together,) = model.run(batch)
    assert together.shape == (3, 6, 2)
    assert together == pytest.approx(np.concatenate([model.run(one[None])[0] for one in batch]), abs=1e-6)


def test_a_step_nobody_knows(tmp_path: Path) -> None:
    source = convolution_and_prelu([0, 0, 0], bias=False, groups=1, shared=False)
    with pytest.raises(WeightsError, match="polish"):
        prepare(source, ("polish",), tmp_path / "m.onnx")
