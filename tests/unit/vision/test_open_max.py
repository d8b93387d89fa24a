"""The pack open-max on real faces: two recognition models' embeddings joined, with the mirrored crop's averaged in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from faceVer.domain.errors import ExtractionError, TemplateError
from faceVer.inference.batched import BatchedBackend, Batches
from faceVer.inference.onnx import OnnxBackend
from faceVer.services.faces import FaceEngine
from faceVer.services.rules import pack_selection
from faceVer.settings.loader import load_settings
from faceVer.settings.model import Settings
from faceVer.vision.alignment import align
from faceVer.vision.packs import calibration_target, load_models
from faceVer.vision.recognition import Joined, Mirrored
from tests import support_faces as faces

PEOPLE = [np.asarray(faces.person(number)) for number in range(6)]
CPU = ("CPUExecutionProvider",)


@pytest.fixture(scope="module")
def pack() -> Settings:
    return load_settings({"FACEVER_PACK": "open-max"})


@pytest.fixture(scope="module")
def best(pack: Settings) -> FaceEngine:
    return FaceEngine.load(pack)


@pytest.fixture(scope="module")
def crops(best: FaceEngine) -> np.ndarray:
    subjects = [best.subject(picture) for picture in PEOPLE]
    return np.stack([align(subject.image, subject.face.landmarks) for subject in subjects])


@dataclasses.dataclass
class Rows:
    """A recognizer whose embeddings are the first pixels of each crop's first two rows, at unit norm."""

    dimension: int

    def embed(self, crops: np.ndarray) -> np.ndarray:
        raw = crops[:, :2, : self.dimension // 2, 0].reshape(len(crops), -1).astype(np.float32)
        return np.asarray(raw / np.linalg.norm(raw, axis=1, keepdims=True), np.float32)


def test_a_joined_cosine_is_the_weighted_mean_of_the_parts() -> None:
    crops = np.random.default_rng(0).integers(1, 255, (2, 112, 112, 3), np.uint8)
    parts = Rows(8), Rows(20)
    joined = Joined(parts, (0.7, 0.3))
    assert joined.dimension == 28
    one, other = joined.embed(crops)
    expected = sum(weight * float(np.dot(*part.embed(crops))) for part, weight in zip(parts, (0.7, 0.3), strict=True))
    assert float(one @ other) == pytest.approx(expected, abs=1e-6)
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-6)


def test_a_mirrored_crop_gives_the_same_embedding() -> None:
    crops = np.random.default_rng(0).integers(1, 255, (2, 112, 112, 3), np.uint8)
    mirrored = Mirrored(Rows(16))
    vectors = mirrored.embed(crops)
    assert vectors.shape == (2, mirrored.dimension)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)
    assert mirrored.embed(crops[:, :, ::-1]) == pytest.approx(vectors, abs=1e-6)
    assert vectors[0] != pytest.approx(Rows(16).embed(crops)[0], abs=1e-3)


def test_its_models_and_its_template(best: FaceEngine) -> None:
    assert [info.name for info in best.infos] == ["yunet", "centerface", "sface", "mobilefacenet"]
    template = best.extract(faces.jpeg(faces.astronaut()))
    assert best.templates.decode(template)[1].shape == (640,)
    best.probe()


def test_people_are_told_apart_and_recognized(best: FaceEngine) -> None:
    vectors = [best.embed_image(picture) for picture in PEOPLE]
    scores = [one.score for n, vector in enumerate(vectors) if n for one in best.match(vector, vectors[:n])]
    assert max(scores) < 0.85
    smaller = [best.embed_image(np.asarray(faces.person(number).resize((200, 200)))) for number in range(6)]
    assert all(best.match(one, [other])[0].decision == "approved" for one, other in zip(vectors, smaller, strict=True))


def test_a_template_of_another_pack_is_refused_by_name(best: FaceEngine, engine: FaceEngine) -> None:
    photo = faces.jpeg(faces.astronaut())
    for one, other in ((best, engine), (engine, best)):
        with pytest.raises(TemplateError) as raised:
            one.compare(one.extract(photo), other.extract(photo))
        assert raised.value.exposed.startswith(f"made by {other._models.identity}, not by {one._models.identity};")


def test_crops_are_embedded_in_one_call(best: FaceEngine, crops: np.ndarray) -> None:
    recognizer = best._models.recognizer
    vectors = recognizer.embed(crops)
    for crop, vector in zip(crops, vectors, strict=True):
        assert recognizer.embed(crop[None])[0] == pytest.approx(vector, abs=1e-6)
    with pytest.raises(ExtractionError, match="does not look like a face"):
        recognizer.embed(np.stack([crops[0], np.zeros_like(crops[0])]))


@pytest.fixture
def batched(pack: Settings) -> Iterator[FaceEngine]:
    backend = BatchedBackend(OnnxBackend(CPU), Batches(4, 0.0, ((64, 64),)))
    yield FaceEngine(load_models(pack_selection(pack), backend), pack)
    backend.close()


def test_both_models_work_in_batches(batched: FaceEngine, best: FaceEngine, crops: np.ndarray) -> None:
    found, expected = (one._models.recognizer.embed(crops) for one in (batched, best))
    assert found == pytest.approx(expected, abs=1e-5)


def test_the_calibration_belongs_to_the_pack(pack: Settings, best: FaceEngine) -> None:
    path, keys = calibration_target(pack_selection(pack))
    assert (path.name, keys) == ("manifest.toml", ("packs", "open-max"))
    assert isinstance(path, Path)
    assert best.matcher.calibration.source.startswith("lfw-dev")
    assert calibration_target(pack_selection(pack.changed(pack="open-2")))[1] == ("models", "sface")
