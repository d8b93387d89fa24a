"""A Triton model repository of prepared models: a folder for each model, named by its identity."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from faceVer.domain.errors import InferenceError, SetupError, WeightsError
from faceVer.inference.backend import Shape, Signature
from faceVer.inference.fixed_shapes import with_free_batch
from faceVer.inference.known_answer import agrees, ramps
from faceVer.inference.manifest import Manifest
from faceVer.inference.onnx import OnnxBackend
from faceVer.inference.opening import ITEMS
from faceVer.inference.providers import CPU
from faceVer.inference.specs import ModelSpec
from faceVer.inference.weights.store import require

WAIT_MICROSECONDS = 1000
TOLERANCE = 1e-3
"""Largest difference between rows of a batch and a batch of one, as a share of the largest value."""


def export(manifest: Manifest, specs: Iterable[ModelSpec], folder: Path) -> list[tuple[str, bool]]:
    """Write <identity>/config.pbtxt and <identity>/1/model.onnx. Each model's name, and whether it takes batches.

    Raises SetupError.
    """
    written = []
    try:
        for spec in dict.fromkeys(specs):
            path = require(manifest, spec)
            data, signature, batches = _batched(spec, path)
            target = folder / spec.identity
            (target / "1").mkdir(parents=True, exist_ok=True)
            if batches:
                (target / "1" / "model.onnx").write_bytes(data)
            else:
                shutil.copyfile(path, target / "1" / "model.onnx")
            (target / "config.pbtxt").write_text(config(spec.identity, signature, batches=batches), encoding="utf-8")
            written.append((spec.identity, batches))
    except OSError as error:
        raise WeightsError(f"cannot write {error.filename or folder}: {error.strerror or error}") from error
    return written


def _batched(spec: ModelSpec, path: Path) -> tuple[bytes, Signature, bool]:
    """The file with a free batch axis, and whether it gives the rows of a batch of one; its signature as it is."""
    backend, data = OnnxBackend((CPU,)), with_free_batch(path)
    signature = backend.add("one", str(path), path.name)
    if spec.known_answer is None:
        return data, signature, False
    (name,) = signature.inputs
    item = ramps(spec.known_answer.shape, spec.input)
    batch = np.concatenate([item, item[:, :, ::-1], item * 0.5])
    singles = [backend.infer("one", {name: np.ascontiguousarray(row[None])}) for row in batch]
    try:
        backend.add("many", data, path.name)
        found = backend.infer("many", {name: batch})
    except (InferenceError, SetupError):
        return data, signature, False
    same = all(
        agrees(found[output], np.concatenate([single[output] for single in singles]), TOLERANCE)
        for output in signature.outputs
    )
    return data, signature, same


def config(name: str, signature: Signature, *, batches: bool) -> str:
    """Triton's config.pbtxt. With batches Triton adds the batch axis to the shapes that it states."""
    lines = [f'name: "{name}"', 'platform: "onnxruntime_onnx"', f"max_batch_size: {ITEMS if batches else 0}"]
    for kind, tensors in (("input", signature.inputs), ("output", signature.outputs)):
        lines += [f"{kind} [", ",\n".join(_tensor(*row, batches=batches) for row in tensors.items()), "]"]
    if batches:
        lines.append(f"dynamic_batching {{ max_queue_delay_microseconds: {WAIT_MICROSECONDS} }}")
    return "\n".join(lines) + "\n"


def _tensor(name: str, shape: Shape, *, batches: bool) -> str:
    axes = [axis if isinstance(axis, int) else -1 for axis in (shape[1:] if batches else shape)]
    return f'  {{ name: "{name}", data_type: TYPE_FP32, dims: {axes} }}'
