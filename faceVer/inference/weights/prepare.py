"""Make a published ONNX file fast or better (weights/README.md states the gain of each step).

The steps are named in the manifest and run in its order; every step works on the model in place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from faceVer.domain.errors import WeightsError
from faceVer.inference.weights.folding import fold_batchnorm, fold_constants
from faceVer.inference.weights.padding import pad_channels
from faceVer.inference.weights.quantizing import Ranges, quantize

# Weights below this are noise of training: products of them are denormal floats, which cost a CPU some hundred cycles
# each. Float32 denormals start at 1.2e-38; 1e-20 squared still stays clear of them.
TINY = 1e-20
# A slope nearer to 1 would scale its convolution's weights down until too few of their digits are left.
LARGEST_SLOPE = 0.99


def _hide_initializers(model: onnx.ModelProto) -> None:
    """Drop the weights from the graph's inputs: listed there they may change per call, which stops constant folding.

    With them goes an input that no node reads: a weight of former days that every call would have to bring.
    """
    weights = {tensor.name for tensor in model.graph.initializer}
    read = {name for node in model.graph.node for name in node.input}
    kept = [value for value in model.graph.input if value.name in read - weights]
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


def _fold_prelu(model: onnx.ModelProto) -> None:
    """Write PReLU(x) as sums of Relu(x) and multiples of x, which the runtime vectorizes; exact for every slope.

    a*x + (1-a)*Relu(x) in general. Where x is a convolution's and all slopes lie below 1, that convolution is scaled
    by 1-a, so that its output y needs one product less: Relu(y) + a/(1-a)*y.
    """
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}
    uses = Counter(name for node in model.graph.node for name in node.input)
    uses.update(value.name for value in model.graph.output)
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        if node.op_type != "PRelu" or node.input[1] not in weights:
            nodes.append(node)
            continue
        x, slope_name = node.input
        out = node.output[0]
        slope = numpy_helper.to_array(weights[slope_name])
        maker = makers.get(x)
        names = list(maker.input[1:]) if maker is not None and maker.op_type == "Conv" else []
        nodes.append(onnx.helper.make_node("Relu", [x], [f"{out}.relu"]))
        if (
            names
            and uses[x] == 1
            and all(name in weights and uses[name] == 1 for name in names)
            and slope.max(initial=0) <= LARGEST_SLOPE
        ):
            scale = (1 - slope.astype(np.float64)).reshape(-1)
            for name in names:  # kernel (channels, ...) and bias (channels,)
                values = numpy_helper.to_array(weights[name])
                scaled = values * scale.reshape((-1,) + (1,) * (values.ndim - 1))
                weights[name].CopyFrom(numpy_helper.from_array(scaled.astype(np.float32), name))
            factor, positive = slope / scale.reshape(slope.shape), f"{out}.relu"
        else:
            rest = f"{out}.one_minus_slope"
            model.graph.initializer.append(numpy_helper.from_array((1 - slope).astype(np.float32), rest))
            factor, positive = slope, f"{out}.positive"
            nodes.append(onnx.helper.make_node("Mul", [f"{out}.relu", rest], [positive]))
        model.graph.initializer.append(numpy_helper.from_array(factor.astype(np.float32), f"{out}.slope"))
        nodes += [
            onnx.helper.make_node("Mul", [x, f"{out}.slope"], [f"{out}.linear"]),
            onnx.helper.make_node("Add", [f"{out}.linear", positive], [out]),
        ]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _drop_unused(model: onnx.ModelProto) -> None:
    """Drop the weights that no node uses any more; the runtime would require those among the graph's inputs."""
    used = {name for node in model.graph.node for name in node.input} | {value.name for value in model.graph.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def _dynamic_shape(model: onnx.ModelProto) -> None:
    """Free batch, height and width of every input and output; the file fixes them to its export's example.

    Of rank 3 (batch, cells, values) the batch and the cells are freed. Reshapes to (1, -1, ...) keep the batch instead.
    """
    names = {4: {0: "batch", 2: "height", 3: "width"}, 3: {0: "batch", 1: "cells"}}
    for role, values in (("in", model.graph.input), ("out", model.graph.output)):
        for value in values:
            shape = value.type.tensor_type.shape.dim
            for axis, name in names.get(len(shape), {}).items():
                # Outputs of rank 3 have as many cells as their own stride gives.
                shape[axis].dim_param = f"{value.name if name == 'cells' else role}_{name}"
    targets = {node.input[1] for node in model.graph.node if node.op_type == "Reshape"}
    for tensor in model.graph.initializer:
        shape = numpy_helper.to_array(tensor) if tensor.name in targets else np.empty(0)
        if shape.size > 1 and shape[0] == 1 and shape[1] == -1:
            kept = np.array([0, *shape[1:]], shape.dtype)  # 0: as many as in the tensor that is reshaped
            tensor.CopyFrom(numpy_helper.from_array(kept, tensor.name))
    del model.graph.value_info[:]


Steps = Mapping[str, Callable[[onnx.ModelProto], None]]

STEPS: Steps = {
    "fold-constants": fold_constants,
    "dynamic-shape": _dynamic_shape,
    "hide-initializers": _hide_initializers,
    "fold-batchnorm": fold_batchnorm,
    "flush-tiny": _flush_tiny,
    "fold-prelu": _fold_prelu,
    "pad-channels": pad_channels,
}


def _centre(model: onnx.ModelProto, centre: Sequence[float]) -> None:
    """Subtract a vector from the only output, (N, D). Raises WeightsError where it is none of D numbers."""
    (output,) = model.graph.output
    if len(centre) != output.type.tensor_type.shape.dim[-1].dim_value:
        raise WeightsError(f"the centre has {len(centre)} numbers, the output others")
    for node in model.graph.node:
        node.output[:] = [f"{name}.raw" if name == output.name else name for name in node.output]
    model.graph.initializer.append(numpy_helper.from_array(np.array([centre], np.float32), "centre"))
    model.graph.node.append(onnx.helper.make_node("Sub", [f"{output.name}.raw", "centre"], [output.name]))


def prepare(
    source: bytes,
    steps: tuple[str, ...],
    target: Path,
    ranges: Ranges | None = None,
    centre: Sequence[float] = (),
) -> None:
    """Run `steps` over the ONNX file `source` and write the result to `target`. Raises WeightsError, OSError.

    ranges, centre: for the steps `quantize` and `centre`.
    """
    try:
        model = onnx.load_model_from_string(source)
    except Exception as error:  # protobuf's own exception classes differ between versions
        raise WeightsError(f"not an ONNX file: {error}") from error
    known: Steps = {
        **STEPS,
        "quantize": partial(quantize, ranges=ranges or {}),
        "centre": partial(_centre, centre=centre),
    }
    for step in steps:
        if step not in known:
            raise WeightsError(f"unknown preparation step {step!r}; known: {', '.join(known)}")
        known[step](model)
    _drop_unused(model)
    onnx.checker.check_model(model)
    target.write_bytes(model.SerializeToString(deterministic=True))
