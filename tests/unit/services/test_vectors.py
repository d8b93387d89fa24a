from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from faceVer.domain.errors import ExtractionError
from faceVer.domain.values import Frame, FrameDetection, Image
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.best_shot import BestShots, RankedFrames
from faceVer.services.folders.decide import compare_pairs
from faceVer.services.folders.subjects import SubjectDetector
from faceVer.services.folders.vectors import FrameVectors
from faceVer.settings.loader import load_settings
from tests import support_liveness as support
from tests.unit.services.support import frames


def ranked(engine: FaceEngine, images: list[Image]) -> RankedFrames:
    settings = load_settings({})
    detections = SubjectDetector(engine, settings).in_frames(frames(images))
    return BestShots(engine, support.liveness().attributes, settings).ranked(detections)


def test_every_pair_once_in_order(engine: FaceEngine) -> None:
    vectors = {f"m{number}": engine.embed_image(support.selfie(number)) for number in (0, 2, 4)}
    vectors["again"] = engine.embed_image(support.selfie(0))
    outcome = compare_pairs(vectors, engine.match)
    assert [(pair.left, pair.right) for pair in outcome.pairs] == list(combinations(vectors, 2))
    scores = {(pair.left, pair.right): pair.score for pair in outcome.pairs}
    assert scores[("m0", "again")] == outcome.max_confidence == 1.0
    assert outcome.min_confidence < 0.5


def test_the_vector_of_a_video_is_that_of_its_person(engine: FaceEngine) -> None:
    clip = ranked(engine, [support.selfie(2, shift=number) for number in (0, 6, 12, 18)])
    vector = FrameVectors(engine, clip).mean(2)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    photo = engine.embed_image(support.selfie(2))
    assert compare_pairs({"video": vector, "photo": photo}, engine.match).min_confidence > 0.95
    other = engine.embed_image(support.selfie(0))
    assert compare_pairs({"video": vector, "other": other}, engine.match).max_confidence < 0.5


def test_the_vector_is_the_mean_of_the_best_usable_frames(engine: FaceEngine) -> None:
    images = [support.selfie(2), support.selfie(2, shift=8)]
    best = ranked(engine, images)
    first = best[0].found
    unusable = FrameDetection(first.frame, support.blank(), first.face)
    other = FrameDetection(Frame(support.selfie(0)), support.selfie(0), first.face)
    more = [best[0]._replace(found=unusable), *best, best[0]._replace(found=other)]
    expected = np.mean([engine.embed_image(frame.found.image) for frame in best], axis=0)
    assert FrameVectors(engine, more).mean(2) == pytest.approx(expected / np.linalg.norm(expected), abs=1e-6)


def test_without_a_usable_frame_there_is_no_vector(engine: FaceEngine) -> None:
    with pytest.raises(ExtractionError):
        FrameVectors(engine, []).mean(2)
    face = ranked(engine, [support.selfie(2)])[0]
    blank = FrameDetection(Frame(support.blank()), support.blank(), face.found.face)
    with pytest.raises(ExtractionError):
        FrameVectors(engine, [face._replace(found=blank)]).mean(2)
