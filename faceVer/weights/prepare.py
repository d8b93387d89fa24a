"""Make a published ONNX file fast without changing what it computes (docs/models.md tells the gain of each step).

The steps are named in the manifest and run in its order; every step works on the model in place.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from faceVer.errors import WeightsError

# Weights below this are noise of training: products of them are denormal floats, which cost a CPU some hundred cycles
# each. Float32 denormals start at 1.2e-38; 1e-20 squared still stays clear of them.
TINY = 1e-20


def _hide_initializers(model: onnx.ModelProto) -> None:
    """Drop the weights from the graph's inputs: listed there they may change per call, which stops constant folding."""
    weights = {tensor.name for tensor in model.graph.initializer}
    kept = [value for value in model.graph.input if value.name not in weights]
    del model.graph.input[:]
    model.graph.input.extend(kept)


def _flush_tiny(model: onnx.ModelProto) -> None:
    """Set weights below `TINY` to zero."""
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        tiny = (np.abs(values) < TINY) & (values != 0)
        if tiny.any():
            tensor.CopyFrom(numpy_helper.from_array(np.where(tiny, np.float32(0), values), tensor.name))


def _expand_prelu(model: onnx.ModelProto) -> None:
    """Write PReLU(x) as a*x + (1-a)*Relu(x): same function for every slope, and the runtime vectorizes it."""
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        if node.op_type != "PRelu" or node.input[1] not in weights:
            nodes.append(node)
            continue
        x, slope_name = node.input
        out = node.output[0]
        slope = numpy_helper.to_array(weights[slope_name])
        rest = f"{out}.one_minus_slope"
        model.graph.initializer.append(numpy_helper.from_array((1 - slope).astype(np.float32), rest))
        nodes += [
            onnx.helper.make_node("Relu", [x], [f"{out}.relu"]),
            onnx.helper.make_node("Mul", [f"{out}.relu", rest], [f"{out}.positive"]),
            onnx.helper.make_node("Mul", [x, slope_name], [f"{out}.linear"]),
            onnx.helper.make_node("Add", [f"{out}.linear", f"{out}.positive"], [out]),
        ]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _dynamic_shape(model: onnx.ModelProto) -> None:
    """Free batch, height and width of every input and output (rank 4); the file fixes them to its export's example."""
    for role, values in (("in", model.graph.input), ("out", model.graph.output)):
        for value in values:
            shape = value.type.tensor_type.shape.dim
            if len(shape) == 4:
                for axis in (0, 2, 3):
                    shape[axis].dim_param = f"{role}_{'batch' if axis == 0 else 'height' if axis == 2 else 'width'}"
    del model.graph.value_info[:]


STEPS: dict[str, Callable[[onnx.ModelProto], None]] = {
    "dynamic-shape": _dynamic_shape,
    "hide-initializers": _hide_initializers,
    "flush-tiny": _flush_tiny,
    "expand-prelu": _expand_prelu,
}


def prepare(source: bytes, steps: tuple[str, ...], target: Path) -> None:
    """Run `steps` over the ONNX file `source` and write the result to `target`. Raises WeightsError, OSError."""
    try:
        model = onnx.load_model_from_string(source)
    except Exception as error:  # protobuf's own exception classes differ between versions
        raise WeightsError(f"not an ONNX file: {error}") from error
    for step in steps:
        if step not in STEPS:
            raise WeightsError(f"unknown preparation step {step!r}; known: {', '.join(STEPS)}")
        STEPS[step](model)
    onnx.checker.check_model(model)
    target.write_bytes(model.SerializeToString(deterministic=True))
