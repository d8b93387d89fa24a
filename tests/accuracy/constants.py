"""The constants of the steps `quantize` and `centre`: `python -m tests.accuracy.constants sface FILE`.

Runs the model as it is without those steps on aligned crops of lfw-dev, and prints for weights/manifest.toml the ranges
of the layers that are named there, and the centre: the mean output of the quantized model. FILE: the model as
published, or the package that holds it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from faceVer.inference.backend import LoadedModel
from faceVer.inference.manifest import load_manifest, weights_folder
from faceVer.inference.onnx import OnnxBackend
from faceVer.inference.specs import CHANGING, ModelSpec
from faceVer.inference.weights import sources
from faceVer.inference.weights.prepare import prepare
from faceVer.services.faces import FaceEngine
from faceVer.settings.loader import load_settings
from faceVer.tools.calibrate import NO_SECOND_FACE, images_of
from faceVer.vision.alignment import align
from faceVer.vision.recognition import tensor

EVERY = 19
"""One crop of so many gives ranges: 201 of lfw-dev."""


def aligned_crops() -> NDArray[np.uint8]:
    """(N, 112, 112, 3) uint8 RGB of lfw-dev, aligned as in the pack open-2."""
    settings = load_settings(pack="open-2").changed(second_face_ratio=NO_SECOND_FACE)
    engine = FaceEngine.load(settings)
    crops = []
    for photo in images_of(Path(settings.models.data) / "lfw-dev"):
        subject = engine.subject(engine.decoder.picture(photo.read_bytes(), engine._limits)[0])
        crops.append(align(subject.image, subject.face.landmarks))
    return np.stack(crops)


def run(
    path: Path, spec: ModelSpec, crops: NDArray[np.uint8], outputs: Sequence[str] = ()
) -> list[NDArray[np.float32]]:
    """The model's output and those tensors, each (N, ...), for N crops."""
    model = onnx.load(path)
    model.graph.output.extend(onnx.helper.make_tensor_value_info(name, 1, None) for name in outputs)
    onnx.save(model, path)
    loaded = LoadedModel.load(OnnxBackend(("CPUExecutionProvider",)), spec.name, path)
    rows = [loaded.run(tensor(crop[None], spec.input)) for crop in crops]
    return [np.concatenate(values) for values in zip(*rows, strict=True)]


def main() -> None:
    spec = load_manifest(weights_folder("")).models[sys.argv[1]]
    published = sources.extract(Path(sys.argv[2]), spec.member)
    crops = aligned_crops()
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "model.onnx"
        prepare(published, tuple(step for step in spec.prepare if step not in CHANGING), path)
        nodes = {node.name: node for node in onnx.load(path).graph.node}
        wanted = {
            layer: [nodes[layer].input[0], *(nodes[layer].output[:1] if len(bounds) > 2 else [])]
            for layer, bounds in spec.ranges.items()
        }
        names = [name for tensors in wanted.values() for name in tensors]
        values = dict(zip(names, run(path, spec, crops[::EVERY], names)[1:], strict=True))
        prepare(published, tuple(step for step in spec.prepare if step != "centre"), path, spec.ranges)
        centre = run(path, spec, crops)[0].mean(axis=0)
    print(f"centre = [{', '.join(f'{number:.3g}' for number in centre)}]\n\n[models.{spec.name}.ranges]")
    for layer, tensors in wanted.items():
        bounds = [f"{bound:.4g}" for name in tensors for bound in (values[name].min(), values[name].max())]
        print(f"{layer} = [{', '.join(bounds)}]")


if __name__ == "__main__":
    main()
