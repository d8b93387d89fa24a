"""LFW's protocol."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def verification_accuracy(
    values: NDArray[np.float64], same: NDArray[np.bool_], folds: NDArray[np.int64]
) -> tuple[float, float]:
    """LFW's protocol: the best threshold of the other folds, applied to each fold. (mean accuracy, standard error)."""
    results = []
    for fold in np.unique(folds):
        rest = folds != fold
        cuts = np.unique(values[rest])
        # Accuracy at every cut at once: same pairs at or above it plus different pairs below it.
        hits = (
            np.searchsorted(np.sort(values[rest & ~same]), cuts)
            + (same & rest).sum()
            - np.searchsorted(np.sort(values[rest & same]), cuts)
        )
        best = cuts[int(np.argmax(hits))]
        results.append(float(((values[~rest] >= best) == same[~rest]).mean()))
    return float(np.mean(results)), float(np.std(results, ddof=1) / np.sqrt(len(results)))
