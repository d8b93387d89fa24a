"""The best of many: those that comparing with all of them finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from faceVer.inference.specs import Calibration
from faceVer.matching import gallery as kernel
from faceVer.matching.gallery import Gallery
from faceVer.matching.scores import Matcher, Thresholds
from faceVer.matching.template import to_half_precision
from faceVer.services.faces import FaceEngine
from tests import support_faces as faces

MATCHER = Matcher(Calibration(slope=20.0, midpoint=0.33), Thresholds(0.85, 0.5))


def unit(rows: NDArray[np.float64]) -> NDArray[np.float16]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1)[:, None], np.float16)


def crowd(rng: np.random.Generator, count: int, dimension: int, spread: float) -> NDArray[np.float16]:
    """Vectors around a few centres; a small spread makes them nearly alike."""
    centres = rng.standard_normal((max(1, count // 9), dimension))
    return unit(centres[rng.integers(0, len(centres), count)] + spread * rng.standard_normal((count, dimension)))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 700),
    st.sampled_from([1, 2, 64, 128, 512]),
    st.integers(1, 40),
    st.sampled_from([0.0, 1e-3, 0.1, 1.0]),
)
def test_the_best_are_those_of_comparing_with_all(
    seed: int, count: int, dimension: int, wanted: int, spread: float
) -> None:
    rng = np.random.default_rng(seed)
    rows = crowd(rng, count, dimension, spread)
    probe = to_half_precision(
        np.asarray(rows[rng.integers(count)] + spread * rng.standard_normal(dimension), np.float32)
    )
    if not np.linalg.norm(probe):
        return
    everyone = MATCHER.compare_many(probe, rows)
    order = sorted(range(count), key=lambda row: -everyone[row].cosine)[:wanted]
    found = Gallery(rows).best(probe, wanted, MATCHER)
    assert [one.row for one in found] == order
    assert [one.comparison for one in found] == [everyone[row] for row in order]


def test_a_large_gallery_is_read_in_blocks_and_few_rows_are_compared_exactly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kernel, "BLOCK", 1000)
    rng = np.random.default_rng(1)
    rows = unit(rng.standard_normal((20_500, 512)))
    gallery = Gallery(rows)
    for row in (0, 999, 1000, 20_499):
        probe = np.asarray(rows[row] + 0.02 * rng.standard_normal(512), np.float32)
        short = gallery.shortlist(probe, 10)
        assert row in short
        assert len(short) < 600
        assert gallery.best(probe, 1, MATCHER)[0].row == row


def test_what_is_asked_of_small_galleries() -> None:
    rows = unit(np.eye(4))
    assert Gallery(rows[:0]).best(np.ones(4, np.float32), 3, MATCHER) == []
    assert Gallery(rows).best(np.ones(4, np.float32), 0, MATCHER) == []
    assert [one.row for one in Gallery(rows).best(np.ones(4, np.float32), 9, MATCHER)] == [0, 1, 2, 3]


def test_real_templates_are_found_with_the_scores_of_one_to_one(engine: FaceEngine) -> None:
    templates = [engine.extract(faces.jpeg(faces.person(number))) for number in range(6)]
    vectors = [engine.templates.decode(template)[1] for template in templates]
    noise = unit(np.random.default_rng(2).standard_normal((5000, 512)))
    gallery = Gallery(np.concatenate([noise, np.asarray(vectors, np.float16)]))
    for number, vector in enumerate(vectors):
        best = gallery.best(vector, 6, engine.matcher)
        assert best[0].row == 5000 + number
        for found in best:
            if found.row >= 5000:
                assert found.comparison == engine.compare(templates[number], templates[found.row - 5000])
