"""`facever liveness`: scores photos, videos and archives, or evaluates a labelled folder."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from faceVer.cli.backend import Backend, FileError
from faceVer.cli.connect import connect
from faceVer.cli.exit_codes import DECLINED, FAILED, OK, UsageError, worst
from faceVer.cli.files import read
from faceVer.cli.options import Commands, command, face
from faceVer.cli.output import Output, counted, printable
from faceVer.cli.parallel import map_ordered
from faceVer.cli.sources import Source, find
from faceVer.domain.errors import SetupError

if TYPE_CHECKING:
    from faceVer.cli.local import LocalBackend
    from faceVer.client import Liveness
    from faceVer.services.folders.findings import FrameScore, PadScore

    Scorer = Callable[[bytes], tuple[Liveness, PadScore | None]]


def add(commands: Commands, parent: argparse.ArgumentParser) -> None:
    liveness = command(commands, "liveness", "score photos, videos and archives, or measure a labelled folder", parent)
    liveness.add_argument("files", nargs="*", metavar="FILE", help="files, folders of them, or patterns (** too)")
    liveness.add_argument(
        "--measure", type=Path, metavar="DIR", help="APCER and BPCER over a labelled folder (docs/liveness.md)"
    )
    liveness.add_argument(
        "--pieces", type=float, metavar="SECONDS", help="with --measure: cut videos, each piece is a presentation"
    )
    liveness.add_argument("--frames", action="store_true", help="every frame's evidence, too (not with --url)")
    face(liveness, "a photo")
    liveness.set_defaults(run=run)


@dataclass(frozen=True, slots=True)
class _Scored:
    liveness: Liveness
    evidence: PadScore | None
    seconds: float


def run(options: argparse.Namespace) -> int:
    if bool(options.files) == bool(options.measure):
        raise UsageError("name files, or a folder with --measure")
    if options.measure:
        return _measure(options)
    if options.pieces is not None:
        raise UsageError("--pieces is for --measure")
    if options.frames and options.url:
        raise UsageError("--frames is for the engine in this process: a server does not return frames")
    sources = find(options.files, ("image", "video", "archive"))
    output, statuses = Output(options), []
    with connect(options) as backend:
        scorer = _frame_scorer(backend, options.face) if options.frames else _scorer(backend, options.face)
        results = map_ordered(partial(_score, scorer), sources, options.jobs or backend.jobs)
        for number, (source, scored) in enumerate(results, 1):
            if isinstance(scored, FileError):
                output.failed(source.path, scored)
                statuses.append(FAILED)
            else:
                _print(output, source, scored)
                statuses.append(OK if scored.liveness.passed else DECLINED)
            output.progress(number, len(sources))
    if len(sources) > 1:
        output.summary(
            f"{statuses.count(OK)} bona fide, {counted(statuses.count(DECLINED), 'attack')}, "
            f"{output.failures} failed{output.codes()}"
        )
    return worst(statuses)


def _scorer(backend: Backend, face: str | None) -> Scorer:
    return lambda data: (backend.liveness(data, face), None)


def _frame_scorer(backend: Backend, face: str | None) -> Scorer:
    from faceVer.client import Liveness

    local = cast("LocalBackend", backend)  # since --frames excludes --url
    threshold = local.settings.liveness.spoofing_threshold

    def score(data: bytes) -> tuple[Liveness, PadScore]:
        evidence = local.pad_score(data, face)
        return Liveness(evidence.score <= threshold, evidence.score), evidence

    return score


def _score(scorer: Scorer, source: Source) -> _Scored | FileError:
    started = time.perf_counter()
    try:
        return _Scored(*scorer(read(source.path)), time.perf_counter() - started)
    except FileError as error:
        return error


def _print(output: Output, source: Source, scored: _Scored) -> None:
    liveness = scored.liveness
    record: dict[str, Any] = {
        "path": source.path,
        "status": "ok",
        "score": liveness.score,
        "passed": liveness.passed,
        "ms": round(scored.seconds * 1e3, 1),
    }
    lines: list[str] = []
    if scored.evidence is not None:
        record["frames"] = [_frame_record(frame) for frame in scored.evidence.frames]
        lines = _frame_lines(source, scored.evidence)
    verdict = "bona fide" if liveness.passed else "attack"
    output.done(record, f"{liveness.score:.6f}  {verdict:<9}  {printable(source.path)}", *lines)


def _frame_record(frame: FrameScore) -> dict[str, Any]:
    return {("attack" if name == "pad_score" else name): value for name, value in asdict(frame).items()}


def _frame_lines(source: Source, evidence: PadScore) -> list[str]:
    from faceVer.tools.liveness_evaluation import ScoredFile, describe

    return [*islice(describe(ScoredFile(Path(source.path), evidence), "", 1.0, frames=True), 1, None)]


def _measure(options: argparse.Namespace) -> int:
    if options.url or options.json or options.face:
        raise UsageError("--measure is for the engine in this process, and prints a table")
    if options.pieces is not None and not options.pieces > 0:
        raise UsageError("--pieces takes seconds, above 0")
    if not options.measure.is_dir():
        raise SetupError(f"{options.measure} is not a folder")
    from faceVer.cli.local import LocalBackend
    from faceVer.tools.liveness_evaluation import measure
    from faceVer.tools.video_pieces import Pieces

    backend = LocalBackend()
    threshold = backend.settings.liveness.spoofing_threshold
    cutter = options.pieces and Pieces(backend.folders.examiner, backend.settings, options.pieces)
    for line in measure(backend.folders, options.measure, threshold, frames=options.frames, cutter=cutter):
        print(line, flush=True)
    return OK
