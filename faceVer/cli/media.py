"""`facever liveness` and `facever best-shot`: photos, videos and archives."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceVer.cli.backend import Backend, Liveness, RefusedError
from faceVer.cli.connect import connect
from faceVer.cli.convert import Existing, Job, Product, convert, without_clashes
from faceVer.cli.exit_codes import DECLINED, FAILED, OK, UsageError, worst
from faceVer.cli.files import Source, find, read, renamed
from faceVer.cli.options import Commands, command
from faceVer.cli.output import Output, counted, shown
from faceVer.cli.parallel import each
from faceVer.domain.errors import SetupError

if TYPE_CHECKING:
    from faceVer.services.folders.findings import FrameScore, PadScore


def add(commands: Commands, parent: argparse.ArgumentParser) -> None:
    liveness = command(commands, "liveness", "score photos, videos and archives, or measure a labelled folder", parent)
    liveness.add_argument("files", nargs="*", metavar="FILE", help="files, folders of them, or patterns (** too)")
    liveness.add_argument(
        "--measure", type=Path, metavar="DIR", help="APCER and BPCER over a labelled folder (docs/liveness.md)"
    )
    liveness.add_argument("--frames", action="store_true", help="every frame's evidence, too (not with --url)")
    liveness.set_defaults(run=run_liveness)

    shot = command(commands, "best-shot", "the best frame of videos and archives, as JPEG", parent)
    shot.add_argument("files", nargs="+", metavar="FILE", help="files, folders of them, or patterns (** too)")
    target = shot.add_mutually_exclusive_group(required=True)
    target.add_argument("-o", "--output", type=Path, metavar="FILE", help="file for the best shot of one media item")
    target.add_argument("--out-dir", type=Path, metavar="DIR", help="folder for the shots, laid out as the media are")
    shot.add_argument("--force", action="store_true", help="replace what is there")
    shot.set_defaults(run=run_best_shot)


Judgement = tuple[Liveness, "PadScore | None"]


@dataclass(frozen=True, slots=True)
class _Scored:
    outcome: Liveness
    evidence: PadScore | None
    seconds: float


def run_liveness(options: argparse.Namespace) -> int:
    if bool(options.files) == bool(options.measure):
        raise UsageError("name files, or a folder with --measure")
    if options.measure:
        return _measure(options)
    if options.frames and options.url:
        raise UsageError("a server does not tell what --frames asks for")
    sources = find(options.files, ("image", "video", "archive"))
    output, statuses = Output(options), []
    backend, judge = _judge(options)
    try:
        scored = each(lambda source: _score(source, judge), sources, options.jobs or backend.jobs)
        for number, (source, found) in enumerate(scored, 1):
            if isinstance(found, RefusedError):
                output.failed(source.path, found)
                statuses.append(FAILED)
            else:
                _tell(output, source, found)
                statuses.append(OK if found.outcome.passed else DECLINED)
            output.progress(number, len(sources))
    finally:
        backend.close()
    if len(sources) > 1:
        output.summary(
            f"{statuses.count(OK)} bona fide, {counted(statuses.count(DECLINED), 'attack')}, "
            f"{output.failures} failed{output.codes()}"
        )
    return worst(statuses)


def _judge(options: argparse.Namespace) -> tuple[Backend, Callable[[bytes], Judgement]]:
    """The backend, and the function that scores a media item's bytes with it."""
    if not options.frames:
        backend = connect(options)
        return backend, lambda data: (backend.liveness(data), None)
    from faceVer.cli.local import LocalBackend

    local = LocalBackend()

    def with_frames(data: bytes) -> Judgement:
        evidence = local.pad_score(data)
        return Liveness(evidence.score <= local.settings.liveness.spoofing_threshold, evidence.score), evidence

    return local, with_frames


def _score(source: Source, judge: Callable[[bytes], Judgement]) -> _Scored | RefusedError:
    begun = time.perf_counter()
    try:
        return _Scored(*judge(read(source.path)), time.perf_counter() - begun)
    except RefusedError as error:
        return error


def _tell(output: Output, source: Source, found: _Scored) -> None:
    outcome = found.outcome
    record: dict[str, Any] = {
        "path": source.path,
        "status": "ok",
        "score": outcome.score,
        "passed": outcome.passed,
        "ms": round(found.seconds * 1e3, 1),
    }
    lines: list[str] = []
    if found.evidence is not None:
        record["frames"] = [_frame_record(frame) for frame in found.evidence.frames]
        lines = _frame_lines(source, found.evidence)
    verdict = "bona fide" if outcome.passed else "attack"
    output.done(record, f"{outcome.score:.6f}  {verdict:<9}  {shown(source.path)}", *lines)


def _frame_record(frame: FrameScore) -> dict[str, Any]:
    return {("attack" if name == "pad_score" else name): value for name, value in asdict(frame).items()}


def _frame_lines(source: Source, evidence: PadScore) -> list[str]:
    from faceVer.tools.liveness_evaluation import ScoredFile, describe

    return [*islice(describe(ScoredFile(Path(source.path), evidence), "", 1.0, frames=True), 1, None)]


def _measure(options: argparse.Namespace) -> int:
    if options.url or options.json:
        raise UsageError("--measure is for the engine in this process, and prints a table")
    if not options.measure.is_dir():
        raise SetupError(f"{options.measure} is not a folder")
    from faceVer.cli.local import LocalBackend
    from faceVer.tools.liveness_evaluation import measure

    backend = LocalBackend()
    threshold = backend.settings.liveness.spoofing_threshold
    for line in measure(backend.folders, options.measure, threshold, frames=options.frames):
        print(line, flush=True)
    return OK


def run_best_shot(options: argparse.Namespace) -> int:
    sources = find(options.files, ("video", "archive"))
    if options.output and len(sources) > 1:
        raise UsageError(f"--output is for one media item, not for {len(sources)}: use --out-dir")
    jobs = without_clashes(
        Job(source.path, options.output or options.out_dir / renamed(source.name, ".jpg")) for source in sources
    )
    existing = Existing.FORCE if options.force else Existing.REPLACE if options.output else Existing.KEEP
    backend = connect(options)
    try:
        product = Product("best shot", "JPEG", "best_shot", backend.best_shot, _is_jpeg, _is_jpeg)
        return convert(jobs, product, existing, options.jobs or backend.jobs, Output(options), None)
    finally:
        backend.close()


def _is_jpeg(data: bytes) -> bool:
    return data.startswith(b"\xff\xd8\xff")
