"""What a run found, as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.measure import Row
from benchmarks.search import Found
from benchmarks.wanted import Wish

HEAD = (
    *("request", "server", "clients", "req/s", "p50 ms", "p95", "p99", "CPU ms", "peak MB", "Pss MB", "gen"),
    *("times", "by CPU"),
)


def number(value: float) -> str:
    """Three significant digits or whole."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(rows: Sequence[Row]) -> str:
    """One line per request, server and number of clients."""
    return aligned([HEAD, *(_cells(row) for row in rows)], left=(0, 1, len(HEAD) - 2, len(HEAD) - 1))


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.title,
        row.server,
        str(row.clients),
        number(row.rate),
        *(number(row.percentile(share)) for share in (50, 95, 99)),
        number(row.middle("cpu") * 1e3),
        f"{max(one.peak for one in row.samples):.0f}",
        f"{row.middle('pss'):.0f}",
        f"{row.middle('generator'):.0%}",
        ", ".join(f"{label} {number(value)}" for label, value in row.ratios.items()),
        ", ".join(f"{label} {number(value)}" for label, value in row.by_cpu.items()),
    )


def aligned(lines: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> str:
    """Columns padded to their widest cell; those of `left` to the left."""
    wide = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(wide[column]) if column in left else cell.rjust(wide[column]) for column, cell in enumerate(line)
        ).rstrip()
        for line in lines
    )


def searches(found: Iterable[Found]) -> str:
    lines: list[tuple[str, ...]] = [("N", "Matcher ms", "numpy ms", "faiss ms", "numpy/Matcher", "faiss/Matcher")]
    for one in found:
        times = [one.milliseconds.get(side) for side in ("matcher", "numpy", "faiss")]
        ratios = [one.ratios.get(side) for side in ("numpy", "faiss")]
        cells = ["-" if value is None else f"{value:.3g}" for value in (*times, *ratios)]
        lines.append((f"{one.count:,}", *cells))
    return aligned(lines, left=())


def kernel(found: dict[str, float]) -> str:
    shares = ", ".join(f"{name} {value:.0%}" for name, value in found.items() if name.startswith("product"))
    return f"models alone, one process per core: {found['extracts_per_second']:.1f}/s; served, 4 clients: {shares}"


def ready(found: dict[str, dict[str, float]]) -> str:
    return ", ".join(
        f"{name} {one['seconds']:.2f} s" + (f" ({one['times_plain']:.2f} of plain's)" if "times_plain" in one else "")
        for name, one in found.items()
    )


def memory(found: dict[str, dict[str, Any]]) -> str:
    lines: list[tuple[str, ...]] = [("server", "requests", "workers", "RSS MB", "peak MB", "Pss MB", "RSS/plain")]
    for name, one in found.items():
        share = f"{one['rss_to_plain']:.2f}" if "rss_to_plain" in one else "-"
        sizes = [f"{one[key]:.0f}" for key in ("rss_mb", "peak_mb", "pss_mb")]
        lines.append((name, str(one["requests"]), str(one["workers"]), *sizes, share))
    return aligned(lines)


def wishes(found: Sequence[Wish]) -> str:
    lines = []
    for one in found:
        figure = "" if one.figure is None else f"{number(one.figure)} {one.unit}".strip()
        lines.append((one.verdict, one.text, figure, f"({one.relation} {one.limit:g})"))
    return aligned(lines, left=(0, 1))
