from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceVer.domain.values import Image
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.pad import LEAST_WEIGHT, combine, frame_weight, score_frames
from faceVer.services.folders.subjects import SubjectDetector
from faceVer.settings.loader import load_settings
from tests import support_liveness as support
from tests.unit.services.support import frames

SCORES = st.lists(st.tuples(st.floats(0, 1), st.floats(0.25, 1)), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def subjects(engine: FaceEngine) -> SubjectDetector:
    return SubjectDetector(engine, load_settings({}))


@given(SCORES)
def test_the_combined_score_lies_among_the_frames(pairs: list[tuple[float, float]]) -> None:
    scores, weights = zip(*pairs, strict=True)
    score = combine(scores, weights)
    assert min(scores) - 1e-6 <= score <= max(scores) + 1e-6
    assert 0 <= score <= 1
    assert round(score, 6) == score


def test_one_high_frame_score_of_a_bona_fide_presentation_does_not_decide() -> None:
    assert combine([0.02, 0.98, 0.03, 0.05], [1, 0.3, 1, 1]) < 0.15
    assert combine([0.98, 0.02, 0.97, 0.95], [1, 1, 1, 1]) > 0.5


def test_frames_of_turned_heads_weigh_less_but_never_nothing() -> None:
    assert frame_weight(0) == 1
    assert 1 > frame_weight(15) > frame_weight(30) > frame_weight(45) == LEAST_WEIGHT
    assert frame_weight(90) == LEAST_WEIGHT > 0


def test_the_score_names_the_part_of_every_frame(subjects: SubjectDetector) -> None:
    found = subjects.in_frames(frames([support.selfie(shift=number) for number in range(3)]))
    model = support.liveness().pad
    score = score_frames(model, found, 12)
    assert [(frame.index, frame.time) for frame in score.frames] == [(0, 0.0), (1, 0.1), (2, 0.2)]
    assert score.score == combine([f.pad_score for f in score.frames], [f.weight for f in score.frames])
    left, top, right, bottom = score.frames[0].box
    assert 0 < left < right < 300
    assert 50 < top < bottom < 400
    assert score_frames(model, found, 12) == score, "the same bits every time"


def test_few_frames_are_scored_in_several_views_each(subjects: SubjectDetector) -> None:
    class Counting:
        views: list[tuple[int, int | None]]

        def pad_score(self, image: Image, face: object, *, start: int = 0, count: int | None = None) -> float:
            self.views.append((start, count))
            return 0.5

    model = Counting()
    found = subjects.in_frames(frames([support.selfie()]))
    for many, views in ((1, 12), (5, 3), (12, 1), (16, 1)):
        model.views = []
        score_frames(model, found * many, 12)
        assert model.views == [(number * views, views) for number in range(many)]
