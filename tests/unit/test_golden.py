"""Embeddings and scores are those of version 1.0.0: optimizations do not change them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from faceVer.domain.errors import NoFaceError, SeveralFacesError
from faceVer.services.faces import FaceEngine
from faceVer.settings.model import Settings
from tests import support_faces as faces
from tests.support_golden import golden_vectors, photos

COSINE = 1e-4


@pytest.fixture(scope="module")
def vectors(engine: FaceEngine) -> dict[str, np.ndarray]:
    return {name: engine.embed(photo) for name, photo in photos().items()}


@pytest.mark.parametrize("name", list(golden_vectors()))
def test_embeddings_are_the_same(vectors: dict[str, np.ndarray], name: str) -> None:
    assert float(vectors[name] @ golden_vectors()[name]) >= 1 - COSINE


def test_scores_are_the_same_to_three_decimals(engine: FaceEngine, vectors: dict[str, np.ndarray]) -> None:
    golden = golden_vectors()
    pairs = list(combinations(golden, 2))
    assert len(pairs) > 100
    for one, other in pairs:
        now, before = (engine.match(table[one], [table[other]])[0] for table in (vectors, golden))
        assert now.score == pytest.approx(before.score, abs=5e-4)
        assert now.decision == before.decision


@pytest.fixture(scope="module")
def quick(engine: FaceEngine, settings: Settings) -> FaceEngine:
    """An engine with FACEVER_DETECTION=quick: it gives other vectors, of the same people."""
    return FaceEngine(engine._models, settings.changed(detection="quick"))


@pytest.mark.parametrize("name", [name for name in golden_vectors() if name != "small"])
def test_quick_detection_gives_the_same_person(quick: FaceEngine, vectors: dict[str, np.ndarray], name: str) -> None:
    assert float(quick.embed(photos()[name]) @ vectors[name]) > 0.9


def test_quick_detection_aligns_a_small_face_in_the_photo_at_full_size(
    quick: FaceEngine, vectors: dict[str, np.ndarray]
) -> None:
    scene = Image.new("RGB", (1600, 1200), (90, 110, 130))
    scene.paste(faces.astronaut(), (500, 300))
    assert float(quick.embed(faces.jpeg(scene)) @ vectors["png"]) > 0.93


def test_quick_detection_finds_a_second_person(quick: FaceEngine) -> None:
    assert len(quick.embed(faces.jpeg(faces.scene(0.16)))) == 512
    with pytest.raises(SeveralFacesError):
        quick.embed(faces.jpeg(faces.scene(0.5)))


def test_quick_detection_finds_no_face_where_there_is_none(quick: FaceEngine) -> None:
    with pytest.raises(NoFaceError):
        quick.embed(faces.jpeg(faces.no_face()))
