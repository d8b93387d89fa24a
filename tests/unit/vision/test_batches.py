"""Adapters take batches; a batch gives what its items give one by one."""

from __future__ import annotations

import numpy as np
import pytest

from faceVer.domain.errors import ExtractionError
from faceVer.inference.known_answer import load_model
from faceVer.inference.manifest import load_manifest, weights_folder
from faceVer.inference.onnx import OnnxBackend
from faceVer.services.faces import FaceEngine
from faceVer.vision.alignment import align
from faceVer.vision.eye_state import EyeStateModel
from faceVer.vision.head_pose import HeadPoseModel
from faceVer.vision.landmarks import LandmarkModel
from faceVer.vision.liveness.passive import MiniFasNet
from faceVer.vision.packs import DETECTORS
from faceVer.vision.recognition import ArcFace
from tests import support_faces as faces

MANIFEST = load_manifest(weights_folder(""))
PICTURES = [np.asarray(faces.person(number)) for number in range(3)]


@pytest.fixture(scope="module")
def backend() -> OnnxBackend:
    return OnnxBackend(("CPUExecutionProvider",))


@pytest.mark.parametrize("name", list(DETECTORS))
def test_images_of_any_shapes_are_detected_in_one_call(backend: OnnxBackend, name: str) -> None:
    detector = DETECTORS[name](load_model(MANIFEST, MANIFEST.models[name], backend), 0.5)
    wide = np.asarray(faces.astronaut().resize((640, 360)))
    images = [PICTURES[0], wide, np.ascontiguousarray(wide[:, ::-1]), np.zeros((200, 200, 3), np.uint8)]
    found = detector.detect_batch(images, 192)
    assert [len(one) for one in found] == [1, 1, 1, 0]
    for image, batched in zip(images, found, strict=True):
        for one, other in zip(detector.detect(image, 192), batched, strict=True):
            assert one.box == pytest.approx(other.box, abs=0.01)
            assert one.landmarks == pytest.approx(other.landmarks, abs=0.01)
            assert one.confidence == pytest.approx(other.confidence, abs=1e-4)


@pytest.mark.parametrize("name", ["mobilefacenet", "sface"])
def test_crops_are_embedded_in_one_call(backend: OnnxBackend, engine: FaceEngine, name: str) -> None:
    spec = MANIFEST.models[name]
    recognizer = ArcFace(load_model(MANIFEST, spec, backend), spec.input)
    subjects = [engine.subject(picture) for picture in PICTURES]
    crops = np.stack([align(subject.image, subject.face.landmarks) for subject in subjects])
    vectors = recognizer.embed(crops)
    assert vectors.shape == (3, recognizer.dimension)
    for crop, vector in zip(crops, vectors, strict=True):
        assert recognizer.embed(crop[None])[0] == pytest.approx(vector, abs=1e-6)
    with pytest.raises(ExtractionError, match="does not look like a face"):
        recognizer.embed(np.stack([crops[0], np.zeros_like(crops[0])]))


def test_crops_of_faces_are_measured_in_one_call(backend: OnnxBackend) -> None:
    random = np.random.default_rng(0)

    def gray(side: int) -> np.ndarray:
        return random.random((3, side, side), dtype=np.float32)

    def rgb(side: int) -> np.ndarray:
        return random.integers(0, 256, (3, side, side, 3), dtype=np.uint8)

    adapters = {
        "minifasnet": (MiniFasNet, "pad_scores", rgb(128), ()),
        "headpose": (HeadPoseModel, "predict", rgb(224), (2,)),
        "landmarks68": (LandmarkModel, "predict", gray(64) * 255, (68, 2)),
        "eyestate": (EyeStateModel, "predict", gray(24), ()),
    }
    for name, (adapter, method, crops, shape) in adapters.items():
        measure = getattr(adapter(load_model(MANIFEST, MANIFEST.models[name], backend)), method)
        together = measure(crops)
        assert together.shape == (3, *shape)
        assert together == pytest.approx(np.concatenate([measure(crop[None]) for crop in crops]), abs=1e-3)
