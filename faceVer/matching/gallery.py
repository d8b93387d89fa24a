"""Exact 1:N search of many vectors by one: a shortlist from 8-bit numbers, then cosines as in 1:1.

A search reads each number once, so that memory bandwidth bounds it: 8 bits per number instead of the 16 of templates,
multiplied by SimSIMD, which is as fast as the memory; NumPy has no product of 8-bit integers, and its float32 one reads
four times as much (docs/decisions/0059-exact-search.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import simsimd
from numpy.typing import NDArray

from faceVer.domain.values import Comparison, FloatArray
from faceVer.matching.scores import Matcher

BLOCK = 32_768
"""Rows whose products are made at a time: enough that NumPy's calls cost little."""
GROUP = 128
"""Rows of which only the best counts when the bound of the shortlist is sought."""
ENCODED_ROWS = 1024
"""Rows that are encoded at a time, in float64."""
LEVELS = 127
ROUNDING = 1e-5
"""More than the float32 arithmetic of a bound can err: its terms are below 2, and it has five operations."""


class Found(NamedTuple):
    """row: of the gallery."""

    row: int
    comparison: Comparison


class _Codes(NamedTuple):
    """Unit vectors as 8-bit integers: numbers (N, D) int8; scales (N,), what one unit of them is; errors (N,), the
    length of the difference to the vector, all float32."""

    numbers: NDArray[np.int8]
    scales: NDArray[np.float32]
    errors: NDArray[np.float32]


class Gallery:
    """N vectors, prepared for any number of searches by any number of threads; 3 D + 8 bytes each."""

    def __init__(self, rows: NDArray[np.float16]) -> None:
        """rows: (N, D), as templates hold them: of length 1, nearly."""
        self._rows = rows
        count = len(rows)
        self._codes = _Codes(np.empty(rows.shape, np.int8), np.empty(count, np.float32), np.empty(count, np.float32))
        for part in _blocks(count, ENCODED_ROWS):
            numbers, scales, errors = self._codes
            numbers[part], scales[part], errors[part] = _encoded(rows[part])

    def __len__(self) -> int:
        return len(self._rows)

    def best(self, probe: FloatArray, count: int, matcher: Matcher) -> list[Found]:
        """The `count` rows most similar to `probe`, (D,), best first; equally similar ones in their order.

        Exact: the rows and their comparisons are those of `Matcher.compare_many` on all rows.
        """
        if not len(self) or count < 1:
            return []
        rows = self.shortlist(probe, min(count, len(self)))
        compared = map(Found, rows.tolist(), matcher.compare_many(probe, self._rows[rows]))
        return sorted(compared, key=lambda found: -found.comparison.cosine)[:count]

    def shortlist(self, probe: FloatArray, count: int) -> NDArray[np.int64]:
        """Rows, in their order, that the `count` most similar ones are among. count: 1 to N.

        With codes a of a row, b of the probe, errors e and f, and all vectors of length 1, the cosine differs from the
        product of a and b by at most e + |a| f, and |a| is at most 1 + e (Cauchy-Schwarz). e: the largest of a block.
        """
        ours = _encoded(np.asarray(probe, np.float64)[None])
        error = float(ours.errors[0])
        size = len(self)
        parts = list(_blocks(size, BLOCK))
        slacks = [float(self._codes.errors[part].max()) * (1 + error) + error + ROUNDING for part in parts]
        similar, least = np.empty(size, np.float32), []
        for part, slack in zip(parts, slacks, strict=True):
            numbers = self._codes.numbers[part]
            products = np.asarray(simsimd.cdist(ours.numbers, numbers, "dot", out_dtype="float32"))[0]
            own = np.multiply(products, self._codes.scales[part] * ours.scales[0], out=similar[part])
            least.append(np.maximum.reduceat(own, np.arange(0, len(own), GROUP)) - np.float32(slack))
        # Each group has a row at least as similar as its least: so have `count` groups `count` rows.
        groups = np.concatenate(least)
        if len(groups) < count:
            return np.arange(size)
        bound = np.partition(groups, -count)[-count]
        return np.concatenate(
            [
                np.flatnonzero(similar[part] >= bound - slack) + part.start
                for part, slack in zip(parts, slacks, strict=True)
            ]
        )


def _encoded(rows: NDArray[Any]) -> _Codes:
    """(N, D) of any float type, any length but 0 -> the codes of the vectors of length 1."""
    wide = rows.astype(np.float64)
    wide /= np.sqrt(np.vecdot(wide, wide))[:, None]
    scales = np.abs(wide).max(axis=1) / LEVELS
    numbers = np.rint(wide / scales[:, None])
    wide -= numbers * scales.astype(np.float32)[:, None]
    errors = np.sqrt(np.vecdot(wide, wide))
    return _Codes(numbers.astype(np.int8), scales.astype(np.float32), errors.astype(np.float32))


def _blocks(count: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, count)) for start in range(0, count, size))
