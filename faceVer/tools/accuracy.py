"""How well a recognition model tells people apart, in ISO/IEC 19795 terms, and the score map fitted from that.

Cosines are kept as two histograms (genuine, impostor), so that all-against-all works on any number of images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceVer.domain.errors import SetupError
from faceVer.inference.specs import Calibration
from faceVer.matching.scores import ScoreMap

BINS = 200_000
"""Histogram bins over cosine -1..1: steps of 1e-5, a tenth of what half-precision templates resolve."""
FMRS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
ANCHOR_FMR, ANCHOR_SCORE = 1e-4, 0.85
"""docs/contract.md, What counts as the face: score 0.85 at a false match rate of 1e-4."""
LEAST_ABOVE = 10
"""Impostor pairs that have to lie above a threshold for its false match rate to count as measured."""
RESAMPLES = 1000
DASH = "–"


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """All-against-all cosines of labelled images. genuine, impostor: (BINS,) int64 counts over cosine -1..1."""

    genuine: NDArray[np.int64]
    impostor: NDArray[np.int64]
    images: int
    people: int


@dataclass(frozen=True, slots=True)
class Row:
    """One operating point. fmr: the nominal false match rate; tar: 1 - FNMR there, with its 95 % interval.

    pairs: impostor pairs compared in all. now: the score by the map in use before, where that is another.
    """

    fmr: float
    cosine: float
    score: float
    tar: float
    tar_low: float
    tar_high: float
    pairs: int
    now: float | None = None

    @property
    def measured(self) -> bool:
        """Whether there are pairs enough for this rate."""
        return self.pairs >= pairs_needed(self.fmr)


def pairs_needed(fmr: float) -> int:
    """Impostor pairs of which `LEAST_ABOVE` may lie above the threshold at `fmr`."""
    return round(LEAST_ABOVE / fmr)


def compare_all(vectors: NDArray[np.float32], labels: Sequence[str]) -> Comparisons:
    """Every image against every other: vectors (N, D) float32 unit, labels: the person of each."""
    who = np.unique(np.asarray(labels), return_inverse=True)[1]
    genuine, impostor = np.zeros(BINS, np.int64), np.zeros(BINS, np.int64)
    for i in range(len(vectors) - 1):
        bins = _bins(vectors[i + 1 :] @ vectors[i])
        same = who[i + 1 :] == who[i]
        genuine += np.bincount(bins[same], minlength=BINS)
        impostor += np.bincount(bins[~same], minlength=BINS)
    if not genuine.any() or not impostor.any():
        raise SetupError("at least one pair of images of the same person and one of different people are needed")
    return Comparisons(genuine, impostor, len(vectors), int(who.max()) + 1)


def threshold_at(impostor: NDArray[np.int64], fmr: float) -> float:
    """The least cosine (a bin's lower edge) from which at most `fmr` of the impostor pairs lie."""
    above = np.cumsum(impostor[::-1])[::-1]
    allowed = fmr * above[0]
    return _edge(int(np.argmax(above <= allowed)) if above[-1] <= allowed else BINS)


def fit(data: Comparisons, source: str) -> Calibration:
    """The score map. source: what to say it was fitted on.

    Logistic regression of genuine against impostor cosines at equal priors gives the slope (the score's odds are then
    proportional to the likelihood ratio); the midpoint is shifted so that ANCHOR_FMR lies at ANCHOR_SCORE.
    """
    slope = _logistic_slope(data)
    anchor = threshold_at(data.impostor, ANCHOR_FMR)
    low, high = -1.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        exact = _map(anchor, slope, middle)
        low, high = (middle, high) if exact > ANCHOR_SCORE else (low, middle)
    # Digits enough to keep the anchor's score at 0.85 to six digits; rounded down, so that it is never just below.
    return Calibration(round(slope, 6), float(np.floor(low * 1e9) / 1e9), source)


def _map(cosine: float, slope: float, midpoint: float) -> float:
    ends = 1 / (1 + np.exp(-slope * (np.array([-1.0, cosine, 1.0]) - midpoint)))
    return float((ends[1] - ends[0]) / (ends[2] - ends[0]))


def table(
    data: Comparisons,
    calibration: Calibration,
    vectors: NDArray[np.float32],
    labels: Sequence[str],
    now: Calibration | None = None,
) -> list[Row]:
    """Operating points at `FMRS`. The intervals are a bootstrap over people: one person's pairs are not independent.

    now: the map in use, where `calibration` is another.
    """
    cuts = [threshold_at(data.impostor, fmr) for fmr in FMRS]
    accepted, total = _genuine_by_person(vectors, labels, cuts)
    random = np.random.default_rng(0)
    draws = random.integers(0, len(total), (RESAMPLES, len(total)))
    rows = []
    for k, (fmr, cut) in enumerate(zip(FMRS, cuts, strict=True)):
        spread = accepted[draws, k].sum(axis=1) / total[draws].sum(axis=1)
        low, high = np.percentile(spread, [2.5, 97.5])
        rows.append(
            Row(
                fmr,
                cut,
                ScoreMap(calibration).one(cut),
                float(accepted[:, k].sum() / total.sum()),
                float(low),
                float(high),
                int(data.impostor.sum()),
                ScoreMap(now).one(cut) if now else None,
            )
        )
    return rows


def markdown(rows: Sequence[Row]) -> str:
    """The table as Markdown; rates that too few pairs were compared for have no numbers."""
    names = ["FMR", "cosine", "score", "TAR (1 - FNMR)", "95 % interval"]
    if rows[0].now is not None:
        names.insert(3, "score now")
    cells = [names, ["---"] * len(names), *([f"{row.fmr:.0e}", *_cells(row, len(names) - 1)] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def _cells(row: Row, count: int) -> list[str]:
    if not row.measured:
        return [DASH] * count
    now = [] if row.now is None else [f"{row.now:.6f}"]
    return [f"{row.cosine:.3f}", f"{row.score:.6f}", *now, f"{row.tar:.2%}", f"{row.tar_low:.2%} to {row.tar_high:.2%}"]


def _genuine_by_person(
    vectors: NDArray[np.float32], labels: Sequence[str], cuts: Sequence[float]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Per person with two images or more: pairs at or above each cut (P, cuts), and pairs (P,)."""
    names = np.asarray(labels)
    accepted, total = [], []
    for person in np.unique(names):
        rows = vectors[names == person]
        if len(rows) > 1:
            values = (rows @ rows.T)[np.triu_indices(len(rows), 1)]
            accepted.append([int((values >= cut).sum()) for cut in cuts])
            total.append(len(values))
    return np.array(accepted, np.int64), np.array(total, np.int64)


def _logistic_slope(data: Comparisons) -> float:
    centres = (np.arange(BINS) + 0.5) * (2 / BINS) - 1
    positive, negative = data.genuine / data.genuine.sum(), data.impostor / data.impostor.sum()
    weight, x = positive + negative, np.stack([centres, np.ones(BINS)])
    beta = np.array([10.0, -3.0])
    for _ in range(50):  # Newton's method; a handful of rounds settle it
        p = 1 / (1 + np.exp(-np.clip(beta @ x, -60, 60)))
        gradient = x @ (positive - weight * p)
        curve = (x * (weight * p * (1 - p))) @ x.T + 1e-9 * np.eye(2)
        step = np.linalg.solve(curve, gradient)
        beta += step
        if np.abs(step).max() < 1e-9:
            break
    if not np.isfinite(beta).all() or beta[0] <= 0:
        raise SetupError("the comparisons do not separate: no score map can be fitted")
    return float(beta[0])


def _bins(cosine: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.clip(((cosine.astype(np.float64) + 1) * (BINS / 2)).astype(np.int64), 0, BINS - 1)


def _edge(index: int) -> float:
    return index * (2 / BINS) - 1
