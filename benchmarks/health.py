"""Health while the server is busy: GET health at a steady pace, beside 16 clients that extract."""

from __future__ import annotations

import time
from collections.abc import Mapping

from benchmarks.cases import ONE, SLOW_ROUNDS, TWO
from benchmarks.measure import Row, Target, finish

CLIENTS, INTERVAL = 16, 0.02
LEAD = 0.7
"""Seconds the extracts have run before the first health request, and run on after the last."""


def run(targets: Mapping[str, Target], rounds: int, seconds: float) -> list[Row]:
    """Rows whose latencies are health's; their ratio to the plain baseline is that of the 99th percentiles."""
    names = [name for name in (ONE, TWO, "plain") if name in targets]
    rows = {name: Row("health under load", name, CLIENTS) for name in names}
    for number in range(rounds):
        for name in names:
            if number and name == "plain" and rounds < SLOW_ROUNDS:
                continue
            target = targets[name]
            crowd = target.generator(["extract"], CLIENTS, seconds + 2 * LEAD)
            try:
                time.sleep(LEAD)
                rows[name].samples.append(target.load(["health"], 1, seconds, interval=INTERVAL))
            finally:
                finish(crowd, name)
    if "plain" in rows:
        theirs = rows["plain"].percentile(99)
        for name in (ONE, TWO):
            rows[name].ratios["plain p99"] = theirs / rows[name].percentile(99)
    return list(rows.values())
