"""What is measured once, on servers of its own: the time to be ready, and memory after many requests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import processes
from benchmarks.catalogue import Request
from benchmarks.measure import Target
from benchmarks.servers import Recipe, Server, running

MIXED = 1_000
MIX = (
    *("extract", "extract-large", "compare", "extract", "compare_n-10"),
    *("detect", "extract", "compare", "verify_n-1000", "extract-base64"),
    *("extract", "compare_n-1000", "compare", "detect", "extract"),
    *("compare_n-10", "extract", "compare", "extract", "video"),
)
"""Twenty requests, sent in turn by four clients until there were `MIXED`."""
PLAIN_MIX, PLAIN_MIXED = ("extract", "extract", "compare", "extract-large", "compare_n-10"), 50
"""The plain baseline gets fewer and lighter ones: its N = 1,000 alone would take minutes."""


def ready(recipes: list[Recipe], rounds: int, folder: Path) -> dict[str, dict[str, float]]:
    """Seconds from the process's start to its first health answer of status 0, the servers in turn; warm disk."""
    taken: dict[str, list[float]] = {recipe.name: [] for recipe in recipes}
    for _ in range(rounds):
        for recipe in recipes:
            with running(recipe, folder) as server:
                taken[recipe.name].append(server.ready)
    result = {}
    for name, times in taken.items():
        result[name] = {"seconds": median(times)}
        if "plain" in taken and name != "plain":
            result[name]["times_plain"] = median(a / b for a, b in zip(times, taken["plain"], strict=True))
    return result


def memory(
    recipes: list[Recipe], make: Callable[[Server], dict[str, Request]], folder: Path
) -> dict[str, dict[str, Any]]:
    """MB per worker of fresh servers after the mixed requests; make: the requests a server understands."""
    result: dict[str, dict[str, Any]] = {}
    for recipe in recipes:
        with running(recipe, folder) as server:
            plain = recipe.name == "plain"
            target = Target(server, make(server), folder)
            sample = target.load(PLAIN_MIX if plain else MIX, 4, 600, limit=PLAIN_MIXED if plain else MIXED)
            found = [processes.memory(pid) for pid in processes.workers(server.process.pid)]
            result[recipe.name] = {
                "requests": len(sample.latencies),
                "workers": len(found),
                "rss_mb": max(one.rss for one in found),
                "peak_mb": max(one.peak for one in found),
                "pss_mb": max(one.pss for one in found),
            }
    if "plain" in result:
        for name in set(result) - {"plain"}:
            result[name]["rss_to_plain"] = result[name]["rss_mb"] / result["plain"]["rss_mb"]
    return result
