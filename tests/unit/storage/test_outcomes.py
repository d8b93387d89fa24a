"""Thresholds and outcomes as JSON columns hold them: there and back, by way of both databases' JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import ValidationError

from faceVer.domain.analyses import (
    BestShot,
    BiometryOutcome,
    BiometryThresholds,
    FaceMeasures,
    Failure,
    FailureKind,
    JpegImage,
    MediaScore,
    Outcome,
    PairScore,
    QualityOutcome,
    QualityThresholds,
    StoredImage,
    Thresholds,
)
from faceVer.storage.outcomes import outcome_from_json, outcome_to_json, thresholds_from_json, thresholds_to_json

scores = st.floats(0, 1)
ids = st.uuids(version=4).map(str)
images = st.builds(StoredImage, ids, st.just("0" * 32), st.integers(1, 10**9), st.integers(1, 4096), st.integers(1))
shots = st.builds(BestShot, ids, images)
media_scores = st.builds(MediaScore, ids, scores, st.none() | shots)
qualities = st.lists(media_scores, min_size=1, max_size=6, unique_by=lambda score: score.media_id).map(
    lambda drawn: QualityOutcome(tuple(drawn))
)
biometries = st.lists(st.builds(PairScore, ids, ids, scores), min_size=1, max_size=6).map(
    lambda drawn: BiometryOutcome(tuple(drawn))
)
failures = st.builds(Failure, st.sampled_from(FailureKind), st.none() | ids)
bands = st.tuples(scores, scores).map(lambda pair: BiometryThresholds(min(pair), max(pair)))


def through_json(document: dict[str, object]) -> dict[str, object]:
    """As PostgreSQL's jsonb hands it back: keys sorted, whole numbers without a fraction."""
    text = json.dumps(document, sort_keys=True, allow_nan=False)
    return json.loads(
        text, parse_float=lambda number: int(float(number)) if float(number).is_integer() else float(number)
    )  # type: ignore[no-any-return]


@given(st.one_of(qualities, biometries, failures))
def test_an_outcome_comes_back_with_its_best_shots(outcome: Outcome) -> None:
    own = {}
    if isinstance(outcome, QualityOutcome):
        own = {score.media_id: score.best_shot for score in outcome.scores if score.best_shot}
    assert outcome_from_json(through_json(outcome_to_json(outcome)), own) == outcome


@given(st.one_of(st.builds(QualityThresholds, scores, st.booleans()), bands))
def test_thresholds_come_back(thresholds: Thresholds) -> None:
    assert thresholds_from_json(through_json(thresholds_to_json(thresholds))) == thresholds


def test_pictures_are_not_in_the_json() -> None:
    measures = FaceMeasures(0.9, 300.0, 1.0, -8.0, 0.0, 0.99, 0.3, 130.0, 0.0, 180.0, 1.0)
    score = MediaScore("m", 0.25, BestShot("shot", JpegImage(b"\xff\xd8", 3, 4)), measures)
    document = through_json(outcome_to_json(QualityOutcome((score,))))
    assert document["scores"][0]["best_shot"] is None
    (back,) = outcome_from_json(document, {}).scores  # type: ignore[union-attr]
    assert back == MediaScore("m", 0.25, None, measures)


def test_older_scores_have_no_measures() -> None:
    document = {"type": "QUALITY", "scores": [{"media_id": "m", "pad_score": 0.25, "best_shot": None}]}
    assert outcome_from_json(document, {}) == QualityOutcome((MediaScore("m", 0.25),))


def test_a_shot_of_another_media_item_is_not_taken() -> None:
    other = {"n": BestShot("shot", StoredImage("k", "0" * 32, 1, 1, 1))}
    outcome = QualityOutcome((MediaScore("m", 0.25),))
    assert outcome_from_json(outcome_to_json(outcome), other) == outcome


@pytest.mark.parametrize(
    "document",
    [
        {"type": "QUALITY", "scores": []},
        {"type": "QUALITY", "scores": [{"media_id": "m", "pad_score": 1.5}]},
        {"type": "BIOMETRY", "pairs": [{"left": "a", "right": "b"}]},
        {"type": "OTHER"},
        {},
    ],
)
def test_a_damaged_row_is_an_error_and_not_a_result(document: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        outcome_from_json(document, {})
