"""Copies of an ONNX file for one input shape, and the shapes that images are padded up to.

A device plans each convolution for one shape: ONNX Runtime's CUDA provider plans again, in seconds, whenever a session
meets another shape than in its last run. So a device gets one session for each shape and batch, and few shapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceVer.domain.errors import SetupError
from faceVer.inference.padding_mask import mask_padding

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto

MULTIPLE = 32
"""Detectors take sides in multiples of this: five halvings."""
BETWEEN = (320, 448)
"""Longer sides between the first and the finer copy: a finer copy is as large as its face needs."""


def buckets(sides: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """(height, width) of the images a detector is given, smallest first: wide, high (4 to 3) and square of each side.

    sides: the longer sides of the copies given to it, the first and the finer one.
    """
    least, largest = min(sides := tuple(sides)), max(sides)
    found = set()
    for side in (least, *(side for side in BETWEEN if least < side < largest), largest):
        longer, shorter = (-(-length // MULTIPLE) * MULTIPLE for length in (side, side * 3 / 4))
        found |= {(int(shorter), int(longer)), (int(longer), int(shorter)), (int(longer), int(longer))}
    return tuple(sorted(found, key=lambda shape: (shape[0] * shape[1], shape)))


def with_input_shape(path: Path, shape: tuple[int, ...], *, padded: bool = False) -> bytes:
    """The model of a file with its only input fixed to `shape`, the batch first. Raises SetupError.

    Files exported for a batch of one say so again in the shapes that they give to Reshape. padded: give the model two
    more inputs (see padding_mask.py), and the outputs that it has for an image without its padding.
    """
    model, axes = _loosened(path)
    for axis, length in zip(axes, shape, strict=True):
        axis.dim_value = length
    _reshape_batches(model.graph, shape[0])
    if padded:
        mask_padding(model, shape)
    return bytes(model.SerializeToString())


def with_free_batch(path: Path) -> bytes:
    """The model of a file with any number of items in its only input. Raises SetupError.

    A Reshape that states more than the batch keeps it as it is: callers try the result.
    """
    model, axes = _loosened(path)
    axes[0].dim_param = "batch"
    for output in model.graph.output:
        output.type.tensor_type.shape.dim[0].dim_param = "batch"
    _reshape_batches(model.graph, 0)  # 0 = as the input has it
    return bytes(model.SerializeToString())


def _loosened(path: Path) -> tuple[ModelProto, Sequence[Any]]:
    """The model of a file without what it says of shapes inside and of its outputs, and its only input's axes.

    Raises SetupError.
    """
    import onnx  # slow to import, and only devices need it

    try:
        model = onnx.load(path)
    except Exception as error:  # protobuf's own exception classes differ between versions
        raise SetupError(f"cannot read {path.name}: {error}") from error
    weights = {tensor.name for tensor in model.graph.initializer}
    (value,) = (value for value in model.graph.input if value.name not in weights)
    for output in model.graph.output:
        for axis in output.type.tensor_type.shape.dim:
            axis.Clear()
    del model.graph.value_info[:]
    return model, value.type.tensor_type.shape.dim


def _reshape_batches(graph: GraphProto, batch: int) -> None:
    """Give each Reshape that keeps a batch of one a batch of so many."""
    from onnx import numpy_helper

    wanted = {node.input[1] for node in graph.node if node.op_type == "Reshape"}
    constants = [tensor for tensor in graph.initializer if tensor.name in wanted]
    for node in graph.node:
        if node.op_type == "Constant" and node.output[0] in wanted:
            constants += [attribute.t for attribute in node.attribute if attribute.name == "value"]
    for tensor in constants:
        values = numpy_helper.to_array(tensor).copy()
        if values.size > 1 and values[0] == 1:
            values[0] = batch
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
