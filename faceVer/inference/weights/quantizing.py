"""The preparation step `quantize`: layers whose ranges the manifest states multiply whole numbers of eight bits.

The graph gets pairs of QuantizeLinear and DequantizeLinear. The runtime joins them with the layer between to one of
whole numbers where a processor has these; a device without them computes the same rounded numbers as floats. Where a
float before a layer differs in its last digit, a rounded number may differ by a step: SFace's embeddings of one crop on
two devices have a cosine of 0.9997 in the mean, of 0.998 at least.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from faceVer.domain.errors import WeightsError

# Seven bits of a weight, eight of an input: processors without VNNI add two such products in 16 bits, which hold
# 2 * 255 * 63, but not what eight bits of a weight would give. So all processors give the same sums.
WEIGHT_MOST, INPUT_MOST = 63, 255

Ranges = Mapping[str, tuple[float, ...]]
"""Node -> least and largest value of its input and, where that is rounded, too, of its output."""


def quantize(model: onnx.ModelProto, ranges: Ranges) -> None:
    """Quantize the nodes (Conv, Gemm with transB) in `ranges`: weights per output channel. Raises WeightsError."""
    graph = model.graph
    missing = set(ranges) - {node.name for node in graph.node}
    if missing:
        raise WeightsError(f"no nodes to quantize: {', '.join(sorted(missing))}")
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    rewriting = _Rewriting(graph)
    for node in list(graph.node):
        if node.name not in ranges:
            rewriting.nodes.append(node)
            continue
        bounds, (source, kernel, bias), result = ranges[node.name], node.input, node.output[0]
        wide = np.abs(weights[kernel]).reshape(len(weights[kernel]), -1).max(axis=1) / WEIGHT_MOST
        scales = np.maximum(wide, np.finfo(np.float32).tiny).astype(np.float32)
        whole = np.rint(weights[kernel] / scales.reshape((-1,) + (1,) * (weights[kernel].ndim - 1)))
        node.input[0], scale = rewriting.rounded(source, f"{node.name}.in", bounds[:2])
        node.input[1] = rewriting.constant(whole.astype(np.int8), scales, f"{node.name}.kernel")
        shift = np.rint(weights[bias] / (scales * scale)).astype(np.int32)
        node.input[2] = rewriting.constant(shift, scales * scale, f"{node.name}.bias")
        rewriting.nodes.append(node)
        if bounds[2:]:
            node.output[0] = f"{result}.exact"
            rewriting.rounded(f"{result}.exact", f"{node.name}.out", bounds[2:], result)
    del graph.node[:]
    graph.node.extend(rewriting.nodes)


class _Rewriting:
    """The nodes of the new graph, in order; its initializers go to `graph` at once."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self.nodes: list[onnx.NodeProto] = []

    def rounded(
        self, source: str, name: str, bounds: tuple[float, ...], result: str | None = None
    ) -> tuple[str, np.float32]:
        """A tensor rounded to steps of `bounds`: its name, `result` if that is given, and the step."""
        least, largest = min(bounds[0], 0.0), max(bounds[1], 0.0)  # zero has to be a step
        step = np.float32((largest - least) / INPUT_MOST)
        parameters = [
            self._initializer(np.asarray(step), f"{name}.scale"),
            self._initializer(np.asarray(np.rint(-least / step), np.uint8), f"{name}.zero"),
        ]
        result = result or f"{name}.rounded"
        self.nodes += [
            helper.make_node("QuantizeLinear", [source, *parameters], [f"{name}.whole"]),
            helper.make_node("DequantizeLinear", [f"{name}.whole", *parameters], [result]),
        ]
        return result, step

    def constant(self, whole: NDArray[np.signedinteger], scales: NDArray[np.float32], name: str) -> str:
        """Weights of whole numbers, scaled along the first axis."""
        parameters = [
            self._initializer(whole, f"{name}.whole"),
            self._initializer(scales.astype(np.float32), f"{name}.scale"),
            self._initializer(np.zeros(len(scales), whole.dtype), f"{name}.zero"),
        ]
        self.nodes.append(helper.make_node("DequantizeLinear", parameters, [name], axis=0))
        return name

    def _initializer(self, values: NDArray[np.generic], name: str) -> str:
        self._graph.initializer.append(
            numpy_helper.from_array(np.ascontiguousarray(values).reshape(values.shape), name)
        )
        return name
