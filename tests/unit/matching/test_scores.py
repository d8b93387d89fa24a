"""Scores and decisions: monotone, bounded, the same in 1:1 and 1:N."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from faceVer.http.pipeline.responses import plain_decimal
from faceVer.inference.specs import Calibration
from faceVer.matching.scores import Matcher, ScoreMap, Thresholds, cosines
from faceVer.matching.template import to_half_precision

MAP = Calibration(slope=27.8, midpoint=0.35)


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_scores_are_bounded_and_monotone(left: float, right: float) -> None:
    low, high = ScoreMap(MAP).many(np.array([min(left, right), max(left, right)]))
    assert 0 <= low <= high <= 1


def test_the_ends_of_the_map() -> None:
    assert ScoreMap(MAP).many(np.array([-1.0, 1.0])).tolist() == [0.0, 1.0]


def before(probe: NDArray[np.float32], gallery: NDArray[np.float32]) -> list[float]:
    """Scores as they were computed when the calibration was fitted: all rows at once, all in float64."""
    rows, vector = gallery.astype(np.float64), probe.astype(np.float64)
    cosine = np.clip(rows @ vector / (np.linalg.norm(rows, axis=1) * np.linalg.norm(vector)), -1.0, 1.0)
    low, high, raw = (1 / (1 + np.exp(-MAP.slope * (np.array(c) - MAP.midpoint))) for c in (-1.0, 1.0, cosine))
    return list(np.clip((raw - low) / (high - low), 0.0, 1.0).round(6).tolist())


@given(st.integers(1, 300), st.integers(0, 2**32 - 1), st.booleans())
def test_one_to_many_equals_one_to_one(count: int, seed: int, halved: bool) -> None:
    random = np.random.default_rng(seed)
    gallery = random.normal(size=(count, 512)).astype(np.float32)
    probe = (gallery[0] + random.normal(size=512)).astype(np.float32)
    if halved:  # as templates carry them
        probe, gallery = (
            to_half_precision(probe / np.linalg.norm(probe)),
            to_half_precision(gallery / np.linalg.norm(gallery, axis=1)[:, None]),
        )
    matcher = Matcher(MAP, Thresholds(0.85, 0.5))
    many = matcher.compare_many(probe, gallery)
    assert many == [matcher.compare(probe, row) for row in gallery]
    assert many[count // 2 :] == matcher.compare_many(probe, gallery[count // 2 :])
    assert [outcome.score for outcome in many] == before(probe, gallery)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=300))
def test_one_score_equals_many(cosines: list[float]) -> None:
    several = ScoreMap(MAP).many(np.array(cosines))
    assert several.tolist() == [ScoreMap(MAP).one(cosine) for cosine in cosines]
    for thresholds in (Thresholds(0.85, 0.85), Thresholds(0.85, 0.2), Thresholds(0.5, 0.9)):
        assert thresholds.decide_many(several) == [thresholds.decide(score) for score in several.tolist()]


def test_dot_products_of_templates_are_exact() -> None:
    random = np.random.default_rng(0)
    left, right = (to_half_precision(v / np.linalg.norm(v)) for v in random.normal(size=(2, 512)).astype(np.float32))
    exact = sum(Fraction(float(a)) * Fraction(float(b)) for a, b in zip(left, right, strict=True))
    assert Fraction(float(np.vecdot(left.astype(np.float64), right.astype(np.float64)))) == exact


def test_a_vector_against_itself_is_exactly_one() -> None:
    random = np.random.default_rng(0)
    for vector in random.normal(size=(100, 512)).astype(np.float32):
        outcome = Matcher(MAP, Thresholds(0.85, 0.85)).compare(vector, vector)
        assert (outcome.score, outcome.decision) == (1.0, "approved")


def test_cosines_of_opposite_and_orthogonal_vectors() -> None:
    gallery = np.array([[2, 0], [-3, 0], [0, 1]], np.float32)
    assert cosines(np.array([1, 0], np.float32), [gallery.astype(np.float64)]).tolist() == [1.0, -1.0, 0.0]


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (0.85, "approved"),
        (0.849999, "operator_required"),
        (0.6, "operator_required"),
        (0.599999, "declined"),
        (0.0, "declined"),
        (1.0, "approved"),
    ],
)
def test_decisions_with_an_operator_band(score: float, expected: str) -> None:
    assert Thresholds(0.85, 0.6).decide(score) == expected


def test_no_operator_band_by_default() -> None:
    assert {Thresholds(0.85, 0.85).decide(score / 1000) for score in range(1001)} == {"approved", "declined"}


@given(st.floats(0, 1))
def test_scores_are_written_as_plain_decimals(score: float) -> None:
    text = plain_decimal(round(score, 6))
    whole, _, digits = text.partition(".")
    assert whole in ("0", "1")
    assert 1 <= len(digits) <= 6
    assert digits.isdigit()
    assert math.isclose(float(text), round(score, 6), abs_tol=1e-12)


@pytest.mark.parametrize(
    ("score", "text"), [(0.000031, "0.000031"), (1.0, "1.0"), (0.0, "0.0"), (0.85, "0.85"), (0.000001, "0.000001")]
)
def test_examples_of_plain_decimals(score: float, text: str) -> None:
    assert plain_decimal(score) == text
