"""Vectors -> cosine -> calibrated comparison score -> decision; one code path for 1:1 and 1:N."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceVer.types import Comparison, Decision, FloatArray
from faceVer.weights.manifest import Calibration

SCORE_DIGITS = 6
"""Decimal digits of a score, as the contract writes it; the decision is made on the rounded number."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Scores: approved from `approve`, operator_required from `operator`, else declined."""

    approve: float
    operator: float

    def decide(self, score: float) -> Decision:
        if score >= self.approve:
            return "approved"
        return "operator_required" if score >= self.operator else "declined"


def cosines(probe: FloatArray, gallery: FloatArray) -> NDArray[np.float64]:
    """(N,) cosines of `probe` (D,) with each row of `gallery` (N, D), computed in float64.

    In float64 a row's cosine does not depend, to the digits of a score, on how many rows stand beside it.
    """
    rows, vector = gallery.astype(np.float64), probe.astype(np.float64)
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows)) * np.sqrt(vector @ vector)
    return np.asarray(np.clip(rows @ vector / norms, -1.0, 1.0), dtype=np.float64)


def scores(cosine: FloatArray, calibration: Calibration) -> NDArray[np.float64]:
    """Comparison scores, 0..1, of cosines: see `Calibration` for the map; rounded to `SCORE_DIGITS`."""

    def logistic(c: FloatArray) -> NDArray[np.float64]:
        odds = np.exp(-calibration.slope * (np.asarray(c, dtype=np.float64) - calibration.midpoint))
        return np.asarray(1 / (1 + odds), dtype=np.float64)

    low, high = logistic(np.array([-1.0, 1.0]))
    scaled: NDArray[np.float64] = np.clip((logistic(cosine) - low) / (high - low), 0.0, 1.0)
    return scaled.round(SCORE_DIGITS)


class Matcher:
    """Compares vectors with one model's calibration and the configured thresholds."""

    def __init__(self, calibration: Calibration, thresholds: Thresholds) -> None:
        self.calibration = calibration
        self.thresholds = thresholds

    def compare_many(self, probe: FloatArray, gallery: FloatArray) -> list[Comparison]:
        """`probe` (D,) against each row of `gallery` (N, D), in its order."""
        raw = cosines(probe, gallery)
        decide = self.thresholds.decide
        return [
            Comparison(c, s, decide(s))
            for c, s in zip(raw.tolist(), scores(raw, self.calibration).tolist(), strict=True)
        ]

    def compare(self, left: FloatArray, right: FloatArray) -> Comparison:
        return self.compare_many(left, right[None])[0]
