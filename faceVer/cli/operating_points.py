"""The false match rate of a threshold at a score, between the points that were measured (docs/accuracy.md)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from faceVer.inference.specs import OperatingPoint


def rate_at(score: float, known: Sequence[OperatingPoint]) -> str:
    """The false match rate of a threshold at `score`, in words; "" where nothing is known. known: by rising score."""
    if not known:
        return ""
    if score < known[0].score:
        return f"above {percent(known[0].fmr)}"
    for low, high in pairwise(known):
        if score < high.score:
            # Between two points the rate's logarithm is taken as linear in the score's odds, as it nearly is.
            share = (_odds(score) - _odds(low.score)) / (_odds(high.score) - _odds(low.score))
            rate = math.exp(math.log(low.fmr) + share * math.log(high.fmr / low.fmr))
            return f"about {percent(rate)}, 1 in {round(1 / rate, 1 - round(math.log10(1 / rate))):,.0f}"
    last = known[-1].fmr
    return f"at most {percent(last)}, 1 in {1 / last:,.0f}"


def percent(rate: float) -> str:
    """Two digits at most: 10 %, 0.013 %."""
    return f"{float(f'{rate * 100:.2g}'):.10f}".rstrip("0").rstrip(".") + " %"


def _odds(score: float) -> float:
    """The logarithm of a score's odds; 0 and 1 have none."""
    inside = min(max(score, 1e-9), 1 - 1e-9)
    return math.log(inside / (1 - inside))
