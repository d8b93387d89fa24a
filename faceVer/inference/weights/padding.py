"""The preparation step `pad-channels`: channel counts that the runtime's blocked layout can hold."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper

# Channels per block of the runtime's blocked layout with AVX-512; the 8 of AVX2 divide it.
BLOCK = 16
# Operators that work on every channel by itself, and give as many as they take.
CHANNELWISE = frozenset({"Add", "AveragePool", "GlobalAveragePool", "MaxPool", "Mul", "Relu", "Sigmoid"})


def pad_channels(model: onnx.ModelProto) -> None:
    """Pad hidden channels with zeros to multiples of `BLOCK`, so that the runtime keeps them in its blocked layout.

    It has no blocked depthwise convolution for other counts: those run in the plain layout, slower, and with a
    reordering before and after. Convolutions that read the padding have zero weights for it. Works after `fold-prelu`.
    """
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    counts = _counts(model, weights)
    wanted = {name: count + -count % BLOCK for name, count in counts.items() if count % BLOCK}

    def padded(name: str, axes: dict[int, int]) -> str:
        """The name of the weight `name` with these axes as long as these."""
        values = numpy_helper.to_array(weights[name])
        values = np.pad(values, [(0, axes.get(axis, length) - length) for axis, length in enumerate(values.shape)])
        longer = f"{name}.{'x'.join(map(str, values.shape))}"
        if longer not in weights:
            weights[longer] = numpy_helper.from_array(values, longer)
            model.graph.initializer.append(weights[longer])
        return longer

    for node in model.graph.node:
        source, out = wanted.get(node.input[0]) if node.input else None, wanted.get(node.output[0])
        if node.op_type == "Conv" and (source or out):
            alone = _groups(node) == 1
            sides = ({0: out} if out else {}) | ({1: source} if source and alone else {})
            node.input[1] = padded(node.input[1], sides)
            if out and len(node.input) > 2 and node.input[2]:
                node.input[2] = padded(node.input[2], {0: out})
            for attribute in node.attribute:
                if attribute.name == "group" and out and not alone:
                    attribute.i = out
        elif node.op_type in CHANNELWISE and out:
            for place, name in enumerate(node.input):
                shape = weights[name].dims if name in weights else []
                if len(shape) >= 3 and shape[-3] == counts[node.output[0]]:
                    node.input[place] = padded(name, {len(shape) - 3: out})
    del model.graph.value_info[:]


def _counts(model: onnx.ModelProto, weights: dict[str, onnx.TensorProto]) -> dict[str, int]:
    """Channels of every hidden tensor that may be padded: what convolutions give and channelwise operators pass on,
    up to the next convolution, where nothing else reads it."""
    counts: dict[str, int] = {}
    ties: list[list[str]] = []  # tensors whose channels can only be padded together
    fixed = {value.name for value in (*model.graph.input, *model.graph.output)}
    for node in model.graph.node:
        free = [name for name in node.input if name and name not in weights]
        kernel = weights.get(node.input[1]) if node.op_type == "Conv" else None
        if kernel is not None and len(free) == 1:
            counts[node.output[0]] = kernel.dims[0]
            if _groups(node) > 1:
                ties.append([*free, *node.output])
                if not _groups(node) == kernel.dims[0] == counts.get(free[0]):
                    fixed.update(ties[-1])
        elif node.op_type in CHANNELWISE and len({counts.get(name) for name in free}) == 1 and free[0] in counts:
            counts[node.output[0]] = counts[free[0]]
            ties.append([*free, *node.output])
        else:
            fixed.update([*free, *node.output])
    before = -1
    while before != len(fixed):
        before = len(fixed)
        fixed.update(name for tie in ties if not fixed.isdisjoint(tie) for name in tie)
    return {name: count for name, count in counts.items() if name not in fixed}


def _groups(node: onnx.NodeProto) -> int:
    return next((int(attribute.i) for attribute in node.attribute if attribute.name == "group"), 1)
