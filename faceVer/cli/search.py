"""`facever search`: one photo or template against many, ranked."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from faceVer.cli.backend import BAD_TEMPLATE, TOO_LARGE, Backend, FileError, Probe
from faceVer.cli.connect import connect
from faceVer.cli.exit_codes import DECLINED, FAILED, OF_DECISION, UsageError
from faceVer.cli.files import read
from faceVer.cli.options import Commands, command
from faceVer.cli.output import Output, printable
from faceVer.cli.parallel import map_ordered
from faceVer.cli.sources import Source, find

if TYPE_CHECKING:
    from faceVer.client import Comparison

    Compared = Iterator[tuple[str, Comparison]]

BATCH = 1000
"""Templates compared at a time: one request of about a megabyte."""
DIVISIBLE = (BAD_TEMPLATE, TOO_LARGE)
"""Codes of failures that a smaller batch may not have."""


def add(commands: Commands, parent: argparse.ArgumentParser) -> None:
    search = command(commands, "search", "rank photos or templates by similarity to one", parent)
    search.add_argument("probe", metavar="PROBE", help="photo or template")
    search.add_argument(
        "gallery", nargs="*", metavar="GALLERY", help="photos, templates, folders of them, or patterns (** too)"
    )
    search.add_argument(
        "--gallery-file",
        metavar="FILE",
        help="file with a name (or folder, or pattern) on each line, or before each NUL; - = standard input",
    )
    search.add_argument(
        "--top", type=int, default=10, metavar="K", help="show the best K (default %(default)s; 0 = all)"
    )
    search.add_argument("--min-score", type=float, default=0.0, metavar="S", help="leave out scores below S")
    search.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    arguments = [*options.gallery, *_read_list(options.gallery_file)]
    if not arguments:
        raise UsageError("name a gallery, or a --gallery-file")
    if options.top < 0:
        raise UsageError("--top is not below 0")
    gallery, output = find(arguments, ("image", "template")), Output(options)
    with connect(options) as backend:
        try:
            probe = Probe.of(backend, read(options.probe))
            backend.compare(probe.template, [probe.template])  # an unreadable probe fails here, not with each file
        except FileError as error:
            output.failed(options.probe, error)
            return FAILED
        compared = list(_compare(backend, probe, gallery, options.jobs or backend.jobs, output))
    # Equal scores stay in the gallery's order.
    ranked = sorted(compared, key=lambda item: -item[1].score)
    chosen = [item for item in ranked if item[1].score >= options.min_score][: options.top or None]
    for rank, (path, comparison) in enumerate(chosen, 1):
        score, decision = comparison.score, comparison.decision
        output.done(
            {"rank": rank, "path": path, "status": "ok", "score": score, "decision": decision},
            f"{rank:>4}  {score:.6f}  {decision:<17}  {printable(path)}",
        )
    output.summary(f"{len(compared)} compared, {len(chosen)} shown, {output.failures} failed{output.codes()}")
    if output.failures:
        return FAILED
    return OF_DECISION[chosen[0][1].decision] if chosen else DECLINED


def _read_list(file: str | None) -> list[str]:
    if file is None:
        return []
    names = os.fsdecode(sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes())
    lines = names.split("\0") if "\0" in names else [line.rstrip("\r") for line in names.split("\n")]
    return [line for line in lines if line]


def _compare(backend: Backend, probe: Probe, gallery: list[Source], threads: int, output: Output) -> Compared:
    """(path, comparison) of each file, in the gallery's order. Prints the failures."""

    def template(source: Source) -> bytes | FileError:
        try:
            return Probe.of(backend, read(source.path)).template
        except FileError as error:
            return error

    batch: list[tuple[str, bytes]] = []
    for number, (source, outcome) in enumerate(map_ordered(template, gallery, threads), 1):
        if isinstance(outcome, FileError):
            output.failed(source.path, outcome)
        else:
            batch.append((source.path, outcome))
        if len(batch) == BATCH or (batch and number == len(gallery)):
            yield from _compare_batch(backend, probe, batch, output)
            batch = []
        output.progress(number, len(gallery))


def _compare_batch(backend: Backend, probe: Probe, batch: list[tuple[str, bytes]], output: Output) -> Compared:
    """One comparison. A batch that fails is halved until the template that fails it is alone."""
    try:
        comparisons = probe.compare(backend, [template for _, template in batch])
    except FileError as error:
        if len(batch) == 1 or error.code not in DIVISIBLE:
            for path, _ in batch:
                output.failed(path, error)
            return
        middle = len(batch) // 2
        yield from _compare_batch(backend, probe, batch[:middle], output)
        yield from _compare_batch(backend, probe, batch[middle:], output)
        return
    yield from zip((path for path, _ in batch), comparisons, strict=True)
