from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from faceVer.domain.errors import ExtractionError
from faceVer.domain.values import Frame, Image
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.biometry import BiometryService
from faceVer.services.folders.quality import QualityService
from faceVer.settings.loader import load_settings
from faceVer.vision.detection.frames import Sighting
from faceVer.vision.frame_quality import FaceQuality
from tests import support_liveness as support


@pytest.fixture(scope="module")
def service(engine: FaceEngine) -> BiometryService:
    return BiometryService(engine, load_settings({}, biometry_frames=2))


@pytest.fixture(scope="module")
def quality(engine: FaceEngine) -> QualityService:
    return QualityService(engine, support.liveness(), load_settings({}))


def ranked(quality: QualityService, images: list[Image]) -> list[tuple[FaceQuality, Sighting]]:
    return quality.ranked(quality.sight_frames([Frame(image, number) for number, image in enumerate(images)]))


def test_every_pair_once_in_order(service: BiometryService, engine: FaceEngine) -> None:
    vectors = {f"m{number}": engine.embed_image(support.selfie(number)) for number in (0, 2, 4)}
    vectors["again"] = engine.embed_image(support.selfie(0))
    outcome = service.compare(vectors)
    assert [(pair.left, pair.right) for pair in outcome.pairs] == list(combinations(vectors, 2))
    scores = {(pair.left, pair.right): pair.score for pair in outcome.pairs}
    assert scores[("m0", "again")] == outcome.max_confidence == 1.0
    assert outcome.min_confidence < 0.5


def test_a_videos_template_is_that_of_its_person(
    service: BiometryService, quality: QualityService, engine: FaceEngine
) -> None:
    clip = ranked(quality, [support.selfie(2, shift=number) for number in (0, 6, 12, 18)])
    vector = service.frames_vector(clip, {})
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    photo = service.photo_vector(quality.sight_photo(support.selfie(2))[0])
    assert service.compare({"video": vector, "photo": photo}).min_confidence > 0.95
    other = engine.embed_image(support.selfie(0))
    assert service.compare({"video": vector, "other": other}).max_confidence < 0.5


def test_the_best_usable_frames_make_the_template(
    service: BiometryService, quality: QualityService, engine: FaceEngine
) -> None:
    images = [support.selfie(2), support.selfie(2, shift=8)]
    best = ranked(quality, images)
    spoilt = Sighting(best[0][1].frame, support.blank(), best[0][1].face)
    more = [
        (best[0][0], spoilt),
        *best,
        (best[0][0], Sighting(Frame(support.selfie(0)), support.selfie(0), best[0][1].face)),
    ]
    expected = np.mean([engine.embed_image(item.image) for _, item in best], axis=0)
    assert service.frames_vector(more, {}) == pytest.approx(expected / np.linalg.norm(expected), abs=1e-6)


def test_without_a_usable_frame_there_is_no_template(service: BiometryService, quality: QualityService) -> None:
    with pytest.raises(ExtractionError):
        service.frames_vector([], {})
    face = ranked(quality, [support.selfie(2)])[0]
    with pytest.raises(ExtractionError):
        service.frames_vector([(face[0], Sighting(Frame(support.blank()), support.blank(), face[1].face))], {})
