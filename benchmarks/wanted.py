"""The "must show" list: what was wanted, what was measured, PASS or MISS. A miss is reported, it is no failure."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.cases import ONE, QUICK, TWO
from benchmarks.measure import Row

WITHIN: dict[str, Callable[[float, float], bool]] = {">=": operator.ge, "<=": operator.le, "<": operator.lt}


@dataclass(frozen=True, slots=True)
class Wish:
    """One line of the list. figure: what was measured, None where its case did not run."""

    text: str
    relation: str
    limit: float
    unit: str
    figure: float | None

    @property
    def verdict(self) -> str:
        if self.figure is None:
            return "not run"
        return "PASS" if WITHIN[self.relation](self.figure, self.limit) else "MISS"

    def document(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "wanted": f"{self.relation} {self.limit:g} {self.unit}".strip(),
            "figure": self.figure,
            "verdict": self.verdict,
        }


class Results:
    """Looks figures up; None where they were not measured."""

    def __init__(self, rows: Sequence[Row], single: dict[str, Any]) -> None:
        self._rows = {(row.title, row.server, row.clients): row for row in rows}
        self._single = single

    def row(self, title: str, server: str, clients: int) -> Row | None:
        return self._rows.get((title, server, clients))

    def ratio(self, title: str, server: str, clients: int, label: str) -> float | None:
        row = self.row(title, server, clients)
        return row.ratios.get(label) if row else None

    def worst(self, kind: str, key: str) -> float | None:
        """The larger figure of one worker and of two."""
        found = self._single.get(kind, {})
        return max((found[name][key] for name in (ONE, TWO) if name in found), default=None)

    def tail(self) -> float | None:
        found = [self.row("health under load", name, 16) for name in (ONE, TWO)]
        return max((row.percentile(99) for row in found if row), default=None)

    def growth(self) -> float | None:
        small, large = (self.row(f"compare_n-{count}", ONE, 1) for count in (1_000, 10_000))
        if not small or not large:
            return None
        return median(a.rate / b.rate for a, b in zip(small.samples, large.samples, strict=True))

    def videos(self) -> tuple[str, float | None]:
        """(which, per minute): the faster of one worker and two, at four clients."""
        found = [row for row in (self.row("video", name, 4) for name in (ONE, TWO)) if row]
        if not found:
            return "", None
        best = max(found, key=lambda row: row.rate)
        return " (2 workers)" if best.server == TWO else " (1 worker, a thread per core)", best.rate * 60


def wishes(rows: Sequence[Row], single: dict[str, Any]) -> list[Wish]:
    """The list. single: the one-off results by kind."""
    find = Results(rows, single)
    text = "extract 640x480, 4 clients, 2 workers"
    kernel = single.get("kernel", {}).get(TWO)
    most = find.row("compare_n-10000", ONE, 1)
    binary = find.ratio("extract-base64", ONE, 4, "binary")
    which, videos = find.videos()
    return [
        Wish(f"{text}: times plain", ">=", 5, "x", find.ratio("extract", TWO, 4, "plain")),
        Wish(f"{text}: times face_recognition", ">=", 15, "x", find.ratio("extract", TWO, 4, "face_recognition")),
        Wish(f"{text}: share of the kernel bound", ">=", 0.8, "", kernel),
        Wish("the same, looking quickly: times plain", ">=", 5, "x", find.ratio("extract", QUICK, 4, "plain")),
        Wish(
            "the same, looking quickly: times face_recognition",
            ">=",
            15,
            "x",
            find.ratio("extract", QUICK, 4, "face_recognition"),
        ),
        Wish("compare, 16 clients, 1 worker: share of bare", ">=", 0.5, "", find.ratio("compare", ONE, 16, "bare")),
        Wish("compare_n N=10,000, 1 client, 1 worker", "<=", 200, "ms", most.percentile(50) if most else None),
        Wish("the same: times the MultipartReader loop", ">=", 50, "x", most.ratios.get("loop") if most else None),
        Wish("compare_n: time at N=10,000 over N=1,000", "<=", 10, "x", find.growth()),
        Wish("extract 1280x960: base64's time over binary's", "<=", 1.15, "x", 1 / binary if binary else None),
        Wish(f"4-second video detect, 4 clients{which}", ">=", 300, "per minute", videos),
        Wish("resident per worker after the mixed requests", "<=", 450, "MB", find.worst("memory", "rss_mb")),
        Wish("ready after the start", "<=", 3, "s", find.worst("ready", "seconds")),
        Wish("health p99 beside 16 extracting clients", "<", 50, "ms", find.tail()),
    ]
