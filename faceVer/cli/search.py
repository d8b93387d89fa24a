"""`facever search`: one photo or template against many, ranked."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from faceVer.cli.backend import BAD_TEMPLATE, TOO_LARGE, Backend, Match, RefusedError, template_of
from faceVer.cli.connect import connect
from faceVer.cli.exit_codes import DECLINED, FAILED, UsageError
from faceVer.cli.files import Source, find, read
from faceVer.cli.options import Commands, command
from faceVer.cli.output import Output, shown
from faceVer.cli.parallel import each

BATCH = 1000
"""Templates compared at a time: one request of about a megabyte."""
DIVISIBLE = (BAD_TEMPLATE, TOO_LARGE)
"""Refusals that fewer templates may not get."""
TOP = 10
Found = tuple[str, Match]


def add(commands: Commands, parent: argparse.ArgumentParser) -> None:
    search = command(commands, "search", "rank photos or templates by likeness to one", parent)
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
        "--top", type=int, default=TOP, metavar="K", help="show the best K (default %(default)s; 0 = all)"
    )
    search.add_argument("--min-score", type=float, default=0.0, metavar="S", help="leave out scores below S")
    search.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    arguments = [*options.gallery, *_listed(options.gallery_file)]
    if not arguments:
        raise UsageError("name a gallery, or a --gallery-file")
    if options.top < 0:
        raise UsageError("--top is not below 0")
    gallery = find(arguments, ("image", "template"))
    output, backend = Output(options), connect(options)
    try:
        probe = _probe(backend, options.probe, output)
        if probe is None:
            return FAILED
        found = list(_compared(backend, probe, gallery, options.jobs or backend.jobs, output))
    finally:
        backend.close()
    # Equal scores stay in the gallery's order.
    ranked = sorted(found, key=lambda item: -item[1].score)
    chosen = [item for item in ranked if item[1].score >= options.min_score][: options.top or None]
    for rank, (path, match) in enumerate(chosen, 1):
        output.done(
            {"rank": rank, "path": path, "status": "ok", "score": match.score, "decision": match.decision},
            f"{rank:>4}  {match.score:.6f}  {match.decision:<17}  {shown(path)}",
        )
    output.summary(f"{len(found)} compared, {len(chosen)} shown, {output.failures} failed{output.codes()}")
    if output.failures:
        return FAILED
    return chosen[0][1].status if chosen else DECLINED


def _listed(file: str | None) -> list[str]:
    if file is None:
        return []
    names = os.fsdecode(sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes())
    lines = names.split("\0") if "\0" in names else [line.rstrip("\r") for line in names.split("\n")]
    return [line for line in lines if line]


def _probe(backend: Backend, path: str, output: Output) -> bytes | None:
    """The probe's template; None where there is none, which it reports."""
    try:
        probe = template_of(backend, read(path))
        backend.compare(probe, [probe])  # whether it can be read, before others are compared with it
        return probe
    except RefusedError as error:
        output.failed(path, error)
        return None


def _compared(backend: Backend, probe: bytes, gallery: list[Source], jobs: int, output: Output) -> Iterator[Found]:
    """Each file's match, in the gallery's order; it reports those that give none."""

    def one(source: Source) -> bytes | RefusedError:
        try:
            return template_of(backend, read(source.path))
        except RefusedError as error:
            return error

    batch: list[tuple[str, bytes]] = []
    for number, (source, outcome) in enumerate(each(one, gallery, jobs), 1):
        if isinstance(outcome, RefusedError):
            output.failed(source.path, outcome)
        else:
            batch.append((source.path, outcome))
        if len(batch) == BATCH or (batch and number == len(gallery)):
            yield from _batch(backend, probe, batch, output)
            batch = []
        output.progress(number, len(gallery))


def _batch(backend: Backend, probe: bytes, batch: list[tuple[str, bytes]], output: Output) -> Iterator[Found]:
    """One comparison; refused for a template, it is halved until that one is alone."""
    try:
        matches = backend.compare(probe, [template for _, template in batch])
    except RefusedError as error:
        if len(batch) == 1 or error.code not in DIVISIBLE:
            for path, _ in batch:
                output.failed(path, error)
            return
        middle = len(batch) // 2
        yield from _batch(backend, probe, batch[:middle], output)
        yield from _batch(backend, probe, batch[middle:], output)
        return
    yield from zip((path for path, _ in batch), matches, strict=True)
