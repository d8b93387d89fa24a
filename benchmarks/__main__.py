"""Speed and cost of the server, as ratios to baselines of the same run. See README.md beside this file.

python -m benchmarks [--only CASE,...] [--rounds N] [--seconds S] [--quick] [--against CHECKOUT] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import health, kernel, oneoff, report, search, servers
from benchmarks.cases import CASES, CLIENTS, ONE, TWO, run, with_earlier
from benchmarks.environments import UnavailableError
from benchmarks.fleet import Fleet, fleet, requests
from benchmarks.measure import Row, WrongAnswerError
from benchmarks.wanted import wishes

RESULTS = Path(__file__).parent / "results" / "latest.json"
BEGAN = time.monotonic()
SERVED = [case.name for case in CASES]
BESIDE = ["health", "kernel"]
SINGLE = ["search", "ready", "memory"]


def main() -> int:
    options = _options()
    failed = False
    rows: list[Row] = []
    single: dict[str, Any] = {}
    skipped: dict[str, str] = {}
    # SIGTERM ends a run like Ctrl-C: the servers it started are stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="facever-bench-") as scratch:
        try:
            if options.only & {*SERVED, *BESIDE}:
                with fleet(_needed(options.only), Path(scratch), options.against) as ships:
                    skipped |= ships.skipped
                    _served(options, ships, rows, single)
            _single(options, Path(scratch), single, skipped)
        except (WrongAnswerError, UnavailableError, RuntimeError, OSError, subprocess.SubprocessError) as error:
            # The results so far are still reported.
            print(f"bench: {error}", file=sys.stderr)
            failed = True
    _tell(options, rows, single, skipped, time.monotonic() - BEGAN)
    return int(failed)


def _served(options: argparse.Namespace, ships: Fleet, rows: list[Row], single: dict[str, Any]) -> None:
    for case in CASES:
        if case.name in options.only:
            _progress(case.name)
            clients = case.quick if options.quick else CLIENTS
            sides = with_earlier(case) if options.against else case
            rows += run(sides, ships.targets, clients, options.rounds, options.seconds)
    if "health" in options.only:
        _progress("health")
        rows += health.run(ships.targets, options.rounds, max(1.5, options.seconds))
    if "kernel" in options.only:
        _progress("kernel")
        single["kernel"] = kernel.run(ships.targets, options.rounds, options.seconds)


def _single(options: argparse.Namespace, scratch: Path, single: dict[str, Any], skipped: dict[str, str]) -> None:
    if "search" in options.only:
        _progress("search")
        single["search"] = search.run(options.rounds, skipped)
    recipes = [servers.product(1), servers.product(2)]
    if options.only & {"ready", "memory"} and "plain" not in skipped:
        try:
            recipes.append(servers.plain())
        except UnavailableError as error:
            skipped["plain"] = str(error)
    if "ready" in options.only:
        _progress("ready")
        single["ready"] = oneoff.ready(recipes, options.rounds, scratch)
    if "memory" in options.only:
        _progress("memory")
        chosen = [one for one in recipes if one.name != TWO] if options.quick else recipes
        single["memory"] = oneoff.memory(chosen, requests, scratch)


def _tell(
    options: argparse.Namespace,
    rows: list[Row],
    single: dict[str, Any],
    skipped: dict[str, str],
    took: float,
) -> None:
    wanted = wishes(rows, single)
    if rows:
        print(report.table(rows), end="\n\n")
    for name, title, words in (
        ("kernel", "kernel bound", report.kernel),
        ("search", "1:N search alone, one thread", report.searches),
        ("ready", "seconds until health answers 0", report.ready),
        ("memory", "memory per worker", report.memory),
    ):
        if name in single:
            print(f"{title}\n{words(single[name])}", end="\n\n")
    for name, reason in skipped.items():
        print(f"without the baseline {name}: {reason}\n")
    print(f"must show\n{report.wishes(wanted)}\n\n{took:.0f} s, {options.rounds} rounds of {options.seconds:g} s")
    document = {
        "machine": {"cpus": len(os.sched_getaffinity(0)), "python": platform.python_version()},
        "quick": options.quick,
        "rounds": options.rounds,
        "seconds_per_round": options.seconds,
        "took_seconds": took,
        "rows": [row.document() for row in rows],
        **{key: [asdict(one) for one in found] if key == "search" else found for key, found in single.items()},
        "skipped": skipped,
        "must_show": [one.document() for one in wanted],
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _needed(only: set[str]) -> set[str]:
    """The servers of the chosen cases."""
    found = {side.server for case in CASES if case.name in only for side in case.sides}
    return found | ({"plain"} if "health" in only else set()) - {ONE, TWO}


def _progress(name: str) -> None:
    print(f"{time.monotonic() - BEGAN:5.0f} s  measuring {name}", file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    known = [*SERVED, *BESIDE, *SINGLE]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", help=f"cases, separated by commas: {', '.join(known)}")
    parser.add_argument("--rounds", type=int, help="rounds of each measurement (3; quick: 2)")
    parser.add_argument("--seconds", type=float, help="seconds of one measurement (2; quick: 0.8)")
    parser.add_argument("--quick", action="store_true", help="one number of clients per case; some three minutes")
    parser.add_argument(
        "--against", type=Path, metavar="CHECKOUT", help="another checkout, measured in the same rounds"
    )
    parser.add_argument("--json", type=Path, default=RESULTS, help="where the results go as JSON")
    options = parser.parse_args()
    options.only = set(options.only.split(",")) if options.only else set(known)
    if unknown := options.only - set(known):
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    options.rounds = options.rounds or (2 if options.quick else 3)
    options.seconds = options.seconds or (0.8 if options.quick else 2.0)
    return options


if __name__ == "__main__":
    sys.exit(main())
