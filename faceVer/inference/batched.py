"""Models on a device: fixed input shapes, and items of several requests in one run (decision 0050)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from faceVer.domain.errors import InferenceError, SetupError
from faceVer.inference.backend import Shape, Signature, Tensors
from faceVer.inference.fixed_shapes import MULTIPLE, with_input_shape
from faceVer.inference.lane import Lane, Outputs, Run
from faceVer.inference.onnx import OnnxBackend

SIZES = (1, 4)
"""Batch sizes below the largest; a batch between two is filled up, which costs little where launching a run takes as
long as computing it."""
PIXELS = 16 * 320 * 320
"""Most pixels of a batch: a few large images fill a device."""
TOLERANCE = 0.1
"""Largest difference of a value between two batch sizes, as a share of the largest value: see known_answer.py."""
PLANNERS = 8
"""Sessions planned at a time."""


@dataclass(frozen=True, slots=True)
class Batches:
    """most: items of one run. wait: seconds an item waits for others. buckets: (height, width) of images whose size
    the model leaves free, the smallest first."""

    most: int
    wait: float
    buckets: tuple[tuple[int, int], ...]

    def sizes(self, shape: tuple[int, ...]) -> list[int]:
        """The batch sizes of items of one shape, smallest first."""
        largest = min(self.most, max(1, PIXELS // (shape[-2] * shape[-1])))
        return sorted({1, largest, *(size for size in SIZES if size < largest)})


class _Served(NamedTuple):
    """A model that is ready: its signature with a free batch, and its lanes, that of the smallest shape first.

    stride: input pixels per pixel of every output, where images are padded; 0 = all items have one shape.
    """

    signature: Signature
    lanes: Mapping[tuple[int, ...], Lane]
    stride: int

    def lane(self, shape: tuple[int, ...]) -> Lane | None:
        """The first lane whose items are at least as large, None where there is none."""
        for held, lane in self.lanes.items():
            if held == shape or (self.stride and all(a >= b for a, b in zip(held, shape, strict=True))):
                return lane
        return None


class BatchedBackend:
    """A backend that collects the items of concurrent calls. See `Backend`.

    Until a model is warm, and for shapes beyond the largest bucket, calls go to the runtime one by one.
    """

    def __init__(self, inner: OnnxBackend, batches: Batches) -> None:
        self._inner, self._batches = inner, batches
        self._files: dict[str, Path] = {}
        self._served: dict[str, _Served] = {}

    @property
    def runtime(self) -> str:
        return self._inner.runtime

    @property
    def providers(self) -> tuple[str, ...]:
        return self._inner.providers

    def load(self, model: str, path: Path) -> Signature:
        self._files[model] = path
        return self._inner.load(model, path)

    def unload(self, model: str) -> None:
        served = self._served.pop(model, None)
        for lane in served.lanes.values() if served else ():
            lane.close()
        del self._files[model]
        self._inner.unload(model)

    def warm(self, model: str) -> Signature:
        """See `Backend`. Every session runs once, and must give the rows that a batch of one gives."""
        signature = self._inner.warm(model)
        (shape,) = signature.inputs.values()
        shapes = self._item_shapes(shape)
        padded = len(shapes) > 1
        if padded and any(len(output) != len(shape) for output in signature.outputs.values()):
            return signature  # the outputs of a padded image cannot be cut to those of the image
        plans = [(one, size) for one in shapes for size in self._batches.sizes(one)]
        with ThreadPoolExecutor(PLANNERS, "plan") as pool:
            planned = dict(
                zip(plans, pool.map(lambda plan: self._plan(model, *plan, padded=padded), plans), strict=True)
            )
        lanes = {}
        for one in shapes:
            sizes = self._batches.sizes(one)
            _check_same(model, [planned[one, size][1] for size in sizes])
            runs = {size: planned[one, size][0] for size in sizes}
            lanes[one] = Lane(f"{model} {one}", one, runs, self._batches.wait)
            for size in sizes:  # a device keeps something for each thread, too
                lanes[one].run(np.broadcast_to(_noise(one), (size, *one)))
        outputs = planned[plans[0]][1]
        stride = plans[0][0][-1] // outputs[0].shape[-1] if padded else 0
        free = Signature(_with_free_batch(signature.inputs), _with_free_batch(signature.outputs))
        self._served[model] = _Served(free, lanes, stride)
        if padded:
            self._check_padding(model, shapes[0])
        return free

    def _check_padding(self, model: str, shape: tuple[int, ...]) -> None:
        """Raises SetupError unless a padded image gives what it gives without padding."""
        items = _noise((shape[0], shape[1] - MULTIPLE, shape[2] - MULTIPLE))[None]
        inputs = {next(iter(self._served[model].signature.inputs)): items}
        _check_same(model, [list(backend.infer(model, inputs).values()) for backend in (self._inner, self)])

    def _item_shapes(self, shape: Shape) -> list[tuple[int, ...]]:
        """(C, H, W) of the items that a model is given; those of the buckets where its input leaves H and W free."""
        _, channels, *sides = shape
        if all(isinstance(side, int) for side in sides):
            return [tuple(int(side or 0) for side in shape[1:])]
        return [(int(channels or 0), *bucket) for bucket in self._batches.buckets]

    def _plan(self, model: str, shape: tuple[int, ...], size: int, *, padded: bool) -> tuple[Run, Outputs]:
        """A session for batches of one size, and the outputs of its first run. Raises SetupError."""
        path, name = self._files[model], f"{model} {size} x {shape}"
        source = with_input_shape(path, (size, *shape), padded=padded)
        feed, *more = self._inner.add(name, source, path.name).inputs

        def run(batch: NDArray[np.float32], sides: NDArray[np.float32]) -> Outputs:
            extents = {one: sides[:, axis].reshape(-1, 1, 1, 1) for axis, one in enumerate(more)}
            return list(self._inner.infer(name, {feed: batch, **extents}).values())

        batch = np.broadcast_to(_noise(shape), (size, *shape))
        try:
            return run, run(np.ascontiguousarray(batch), np.full((size, 2), shape[1:], np.float32))
        except InferenceError as error:
            raise SetupError(f"{model} does not run in batches of {size} x {shape}: {error}") from error

    def infer(self, model: str, inputs: Tensors) -> dict[str, NDArray[Any]]:
        served = self._served.get(model)
        items = next(iter(inputs.values()))
        lane = served.lane(items.shape[1:]) if served else None
        if served is None or lane is None:
            return self._inner.infer(model, inputs)
        rows = lane.run(items)
        found = {name: np.stack([row[place] for row in rows]) for place, name in enumerate(served.signature.outputs)}
        if served.stride:
            high, wide = (side // served.stride for side in items.shape[2:])
            found = {name: output[:, :, :high, :wide] for name, output in found.items()}
        return found

    def close(self) -> None:
        for served in self._served.values():
            for lane in served.lanes.values():
                lane.close()


def _noise(shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.random.default_rng(0).random(shape, dtype=np.float32) * 255


def _with_free_batch(shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    return {name: (None, *shape[1:]) for name, shape in shapes.items()}


def _check_same(model: str, runs: Sequence[Outputs]) -> None:
    """Raises SetupError unless each run gives what the first one gives. runs: outputs of batches of one same item."""
    for outputs in runs:
        for found, expected in zip(outputs, runs[0], strict=True):
            if not np.abs(found - expected[:1]).max() <= TOLERANCE * np.abs(expected).max():
                raise SetupError(f"{model} gives other values in batches or padded: the device cannot run it")
