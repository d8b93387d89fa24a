"""Vectors -> cosine -> calibrated comparison score -> decision; one code path for 1:1 and 1:N."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceVer.domain.values import Comparison, Decision, FloatArray
from faceVer.inference.specs import Calibration

SCORE_DIGITS = 6
"""Decimal digits of a score (docs/contract.md, What counts as the face); the decision uses the rounded score."""
SCALE = 10.0**SCORE_DIGITS
BLOCK = 128
"""Rows of a gallery that are compared at a time: as float64 they stay in a core's cache."""

_DECISIONS: tuple[Decision, ...] = ("approved", "operator_required", "declined")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Scores: approved from `approve`, operator_required from `operator`, else declined."""

    approve: float
    operator: float

    def decide(self, score: float) -> Decision:
        if score >= self.approve:
            return "approved"
        return "operator_required" if score >= self.operator else "declined"

    def decide_many(self, scores: NDArray[np.float64]) -> list[Decision]:
        """The decision of each of N scores, (N,)."""
        rank = np.where(scores >= self.approve, 0, np.where(scores >= self.operator, 1, 2))
        return [_DECISIONS[number] for number in rank.tolist()]


def cosines(probe: FloatArray, blocks: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    """(N,) cosines of `probe` (D,) with each row of `blocks`, (any number, D) each and N rows in all, in float64.

    A row's cosine does not depend on the other rows, and equals that of `cosine` to the last bit: each is a separate
    dot product. For half-precision numbers, which templates hold, the dot product is exact: the products of unit
    vectors are multiples of 2^-48 and add up to less than 2, which float64 represents exactly.
    """
    vector = probe.astype(np.float64)
    dots, squares = [], []
    for rows in blocks:
        dots.append(np.vecdot(rows, vector))
        squares.append(np.vecdot(rows, rows))
    norms = np.sqrt(np.concatenate(squares)) * math.sqrt(vector.dot(vector))
    return np.asarray(np.clip(np.concatenate(dots) / norms, -1.0, 1.0), dtype=np.float64)


def cosine(left: FloatArray, right: FloatArray) -> float:
    """The cosine of two vectors, (D,) each: what `cosines` gives, without the price of arrays of one number."""
    one, other = left.astype(np.float64), right.astype(np.float64)
    norms = math.sqrt(other.dot(other)) * math.sqrt(one.dot(one))
    return min(1.0, max(-1.0, float(one.dot(other)) / norms))


class ScoreMap:
    """One model's map from cosine to comparison score, 0..1; see `Calibration`. Scores have `SCORE_DIGITS` digits."""

    def __init__(self, calibration: Calibration) -> None:
        self._slope, self._midpoint = calibration.slope, calibration.midpoint
        self._low = self._logistic(-1.0)
        self._range = self._logistic(1.0) - self._low

    def _logistic(self, cosine: float) -> float:
        # NumPy's exp, not math's: the last bit differs for some arguments, and 1:1 must give the same score as 1:N.
        return 1 / (1 + float(np.exp(-self._slope * (cosine - self._midpoint))))

    def one(self, cosine: float) -> float:
        scaled = min(1.0, max(0.0, (self._logistic(cosine) - self._low) / self._range))
        return round(scaled * SCALE) / SCALE

    def many(self, cosines: NDArray[np.float64]) -> NDArray[np.float64]:
        odds = np.exp(-self._slope * (cosines - self._midpoint))
        scaled = np.clip((1 / (1 + odds) - self._low) / self._range, 0.0, 1.0)
        return np.asarray(np.rint(scaled * SCALE) / SCALE, dtype=np.float64)


class Matcher:
    """Compares vectors with one model's calibration and the configured thresholds."""

    def __init__(self, calibration: Calibration, thresholds: Thresholds) -> None:
        self.calibration = calibration
        self.thresholds = thresholds
        self._map = ScoreMap(calibration)

    def compare_many(self, probe: FloatArray, gallery: FloatArray) -> list[Comparison]:
        """`probe` (D,) against each row of `gallery` (N, D), in its order."""
        starts = range(0, len(gallery), BLOCK)
        return self.compare_blocks(probe, (gallery[start : start + BLOCK].astype(np.float64) for start in starts))

    def compare_blocks(self, probe: FloatArray, blocks: Iterable[NDArray[np.float64]]) -> list[Comparison]:
        """`probe` (D,) against each row of `blocks`, (any number, D) each, in their order; at least one row."""
        raw = cosines(probe, blocks)
        scores = self._map.many(raw)
        return list(map(Comparison, raw.tolist(), scores.tolist(), self.thresholds.decide_many(scores)))

    def compare(self, left: FloatArray, right: FloatArray) -> Comparison:
        """Two vectors, (D,) each: the outcome `compare_many` has for them."""
        raw = cosine(left, right)
        score = self._map.one(raw)
        return Comparison(raw, score, self.thresholds.decide(score))
