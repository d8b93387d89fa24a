"""Batches across requests, on the CPU: the same faces, templates and decisions as one by one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from faceVer.domain.errors import FaceVerError, InferenceError, SetupError
from faceVer.inference.backend import LoadedModel
from faceVer.inference.batched import BatchedBackend, Batches
from faceVer.inference.fixed_shapes import buckets, with_input_shape
from faceVer.inference.manifest import load_manifest, weights_folder
from faceVer.inference.onnx import OnnxBackend
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.service import FolderService
from faceVer.settings.model import Settings
from tests import support_faces as faces

CPU = ("CPUExecutionProvider",)
MANIFEST = load_manifest(weights_folder(""))
SHAPES = ((96, 128), (128, 96), (160, 192))
PICTURES = [
    *(np.asarray(faces.person(number)) for number in range(6)),
    *(np.asarray(faces.astronaut().resize(size)) for size in ((512, 512), (640, 360), (300, 480), (211, 190))),
    np.ascontiguousarray(np.rot90(np.asarray(faces.astronaut()))),
    np.zeros((240, 320, 3), np.uint8),
]


def file(name: str) -> Path:
    return MANIFEST.folder / MANIFEST.models[name].file


@pytest.fixture
def backend() -> Iterator[BatchedBackend]:
    found = BatchedBackend(OnnxBackend(CPU), Batches(4, 0.0, SHAPES))
    yield found
    found.close()


@pytest.fixture(scope="module")
def batched() -> Iterator[FaceEngine]:
    found = FaceEngine.load(Settings.of(batch_items=4, batch_wait=0.0))
    yield found
    found.backend.close()


def embedded(engine: FaceEngine, picture: Any) -> Any:
    """The picture's vector, or the kind of error that it ends with."""
    try:
        return engine.embed_image(picture)
    except FaceVerError as error:
        return type(error)


def test_batches_of_requests_give_the_templates_and_decisions_of_single_ones(
    engine: FaceEngine, batched: FaceEngine
) -> None:
    single = [embedded(engine, picture) for picture in PICTURES]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda picture: embedded(batched, picture), PICTURES))
    assert sum(isinstance(one, np.ndarray) for one in single) >= 10
    for one, other in zip(single, together, strict=True):
        if isinstance(one, np.ndarray):
            assert float(one @ other) >= 0.9999
        else:
            assert one is other


def test_liveness_models_run_in_batches(engine: FaceEngine, batched: FaceEngine) -> None:
    settings = Settings()
    single, together = (FolderService.load(one, settings) for one in (engine, batched))
    single.probe()
    together.probe()
    photo = faces.jpeg(faces.astronaut())
    scores = [one.pad_score(photo).score for one in (single, together)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)


@pytest.mark.parametrize("name", ["centerface", "mobilefacenet", "minifasnet", "headpose", "landmarks68", "eyestate"])
def test_every_model_gives_in_a_batch_what_it_gives_alone(backend: BatchedBackend, name: str) -> None:
    loaded = LoadedModel.load(backend, name, file(name))
    warm, plain = loaded.warm(), LoadedModel.load(OnnxBackend(CPU), name, file(name))
    (shape,) = warm.signature.inputs.values()
    assert shape[0] is None
    item = (3, 64, 96) if name == "centerface" else shape[1:]
    batch = np.random.default_rng(1).random((6, *item), dtype=np.float32) * 255
    for together, single in zip(warm.run(batch), plain.run(batch), strict=True):
        assert together.shape == single.shape
        np.testing.assert_allclose(together, single, rtol=1e-3, atol=1e-3 * np.abs(single).max())


def test_images_beyond_the_largest_bucket_run_alone(backend: BatchedBackend) -> None:
    model = LoadedModel.load(backend, "centerface", file("centerface")).warm()
    assert model.run(np.zeros((1, 3, 192, 192), np.float32))[0].shape == (1, 1, 48, 48)


def test_a_model_whose_outputs_cannot_be_cut_stays_as_it_is(backend: BatchedBackend, tmp_path: Path) -> None:
    """Detectors of InsightFace packs give rows for all places of the image."""
    given = helper.make_tensor_value_info("image", TensorProto.FLOAT, (1, 3, "h", "w"))
    rows = helper.make_tensor_value_info("rows", TensorProto.FLOAT, ("n", 3))
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [-1, 3])
    graph = helper.make_graph(
        [helper.make_node("Reshape", ["image", "shape"], ["rows"])], "g", [given], [rows], [shape]
    )
    path = tmp_path / "rows.onnx"
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)]), path)
    model = LoadedModel.load(backend, "rows", path).warm()
    assert model.signature.inputs["image"][0] == 1
    assert model.run(np.zeros((2, 3, 32, 32), np.float32))[0].shape == (2048, 3)
    backend.unload("rows")


def test_a_failing_run_is_an_inference_error(backend: BatchedBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    model = LoadedModel.load(backend, "eyestate", file("eyestate")).warm()

    def fail(*_: object) -> None:
        raise InferenceError("out of memory")

    monkeypatch.setattr(backend._inner, "infer", fail)
    with pytest.raises(InferenceError, match="out of memory"):
        model.run(np.zeros((1, 1, 24, 24), np.float32))
    monkeypatch.undo()
    assert model.run(np.zeros((1, 1, 24, 24), np.float32))[0].shape == (1, 2)


def test_a_device_that_cannot_run_a_batch_stops_the_start(
    backend: BatchedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = LoadedModel.load(backend, "eyestate", file("eyestate"))
    infer = OnnxBackend.infer

    def short_of_memory(self: OnnxBackend, model: str, inputs: Any) -> Any:
        if any(len(one) == 4 for one in inputs.values()):
            raise InferenceError("out of memory")
        return infer(self, model, inputs)

    monkeypatch.setattr(OnnxBackend, "infer", short_of_memory)
    with pytest.raises(SetupError, match=r"eyestate does not run in batches of 4 x \(1, 24, 24\): out of memory"):
        loaded.warm()


def test_a_device_that_computes_otherwise_in_batches_stops_the_start(
    backend: BatchedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = LoadedModel.load(backend, "eyestate", file("eyestate"))
    infer = OnnxBackend.infer

    def wrong(self: OnnxBackend, model: str, inputs: Any) -> Any:
        found = infer(self, model, inputs)
        return {name: output * len(output) for name, output in found.items()}

    monkeypatch.setattr(OnnxBackend, "infer", wrong)
    with pytest.raises(SetupError, match="eyestate gives other values in batches"):
        loaded.warm()


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(SetupError, match=r"cannot read model\.onnx"):
        with_input_shape(tmp_path / "model.onnx", (1, 3, 32, 32))


def test_buckets_cover_the_copies_that_detection_makes() -> None:
    assert buckets((192, 640))[:3] == ((160, 192), (192, 160), (192, 192))
    assert buckets((192, 640))[-1] == (640, 640)
    assert {max(one) for one in buckets((192, 640))} == {192, 320, 448, 640}
    assert {max(one) for one in buckets((300, 300))} == {320}


def test_few_large_images_fill_a_batch() -> None:
    batches = Batches(16, 0.0, SHAPES)
    assert batches.sizes((3, 160, 192)) == [1, 4, 16]
    assert batches.sizes((3, 640, 640)) == [1, 4]
    assert Batches(2, 0.0, SHAPES).sizes((3, 160, 192)) == [1, 2]
    assert batches.sizes((3, 4096, 4096)) == [1]
