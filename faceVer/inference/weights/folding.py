"""The preparation steps `fold-constants` and `fold-batchnorm`: what can be computed once is computed here."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

# The default of the attribute in the operator's specification.
EPSILON = 1e-5


def fold_constants(model: onnx.ModelProto) -> None:
    """Compute the nodes that read only weights: a block-quantized file then holds plain floats.

    The runtime would do so at every start; the other steps would find quantized numbers instead of weights.
    """
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    kept = []
    for node in model.graph.node:
        if not node.input or not set(node.input) <= weights.keys():
            kept.append(node)
            continue
        feeds = {name: numpy_helper.to_array(weights[name]) for name in node.input}
        results = ReferenceEvaluator(node, opsets=opsets).run(None, feeds)
        for name, values in zip(node.output, results, strict=True):
            weights[name] = numpy_helper.from_array(np.asarray(values), name)
            model.graph.initializer.append(weights[name])
    del model.graph.node[:]
    model.graph.node.extend(kept)


def fold_batchnorm(model: onnx.ModelProto) -> None:
    """Scale and shift a convolution's weights as the BatchNormalization behind it would its output."""
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}
    uses = Counter(name for node in model.graph.node for name in node.input)
    uses.update(value.name for value in model.graph.output)
    kept = []
    for node in model.graph.node:
        maker = makers.get(node.input[0]) if node.op_type == "BatchNormalization" else None
        own = list(maker.input[1:]) if maker is not None and maker.op_type == "Conv" else []
        names = [*own, *node.input[1:]]
        if (
            maker is None
            or not own
            or uses[node.input[0]] > 1
            or not set(names) <= weights.keys()
            or any(uses[name] > 1 for name in own)
        ):
            kept.append(node)
            continue
        gamma, beta, mean, variance = (numpy_helper.to_array(weights[name]).astype(float) for name in node.input[1:])
        epsilon = next((one.f for one in node.attribute if one.name == "epsilon"), EPSILON)
        scale = gamma / np.sqrt(variance + epsilon)
        kernel = numpy_helper.to_array(weights[own[0]])
        bias = numpy_helper.to_array(weights[own[1]]) if len(own) > 1 else 0.0
        folded = {
            f"{node.output[0]}.kernel": kernel * scale.reshape((-1,) + (1,) * (kernel.ndim - 1)),
            f"{node.output[0]}.bias": (bias - mean) * scale + beta,
        }
        for name, values in folded.items():
            model.graph.initializer.append(numpy_helper.from_array(values.astype(np.float32), name))
        maker.input[1:] = folded
        maker.output[0] = node.output[0]
    del model.graph.node[:]
    model.graph.node.extend(kept)
