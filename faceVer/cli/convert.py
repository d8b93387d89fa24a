"""Many files in, one file made of each: templates of photos, best shots of videos. Parallel, and resumable."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from faceVer.cli.backend import RefusedError
from faceVer.cli.exit_codes import FAILED, OK
from faceVer.cli.files import present, read, store
from faceVer.cli.output import Output, counted, failure, shown
from faceVer.cli.parallel import each
from faceVer.cli.report import Report


class Existing(Enum):
    """What becomes of a result that is there already."""

    KEEP = "kept where it is what would be made, else the file fails"
    RESUME = "kept where it is what would be made, else made again"
    REPLACE = "replaced where it is of its kind, else the file fails"
    FORCE = "always replaced"


@dataclass(frozen=True, slots=True)
class Job:
    """One file. ident: the id that a manifest gives it, else empty. clash: the file that has the same target."""

    path: str
    target: Path
    ident: str = ""
    clash: str = ""

    @property
    def names(self) -> dict[str, Any]:
        """What tells it from others in records."""
        return {"id": self.ident, "path": self.path} if self.ident else {"path": self.path}


@dataclass(frozen=True, slots=True)
class Product:
    """What is made. field: its name in records. make: from a file's bytes; raises RefusedError. ours: whether bytes
    are one that is as good as what `make` would make; alike: whether they may be written over by it."""

    noun: str
    kind: str
    field: str
    make: Callable[[bytes], bytes]
    ours: Callable[[bytes], bool]
    alike: Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """result: what was made; None = it was there. seconds: of work on it."""

    result: bytes | RefusedError | None
    seconds: float


def without_clashes(jobs: Iterable[Job]) -> list[Job]:
    """The jobs, each once; those whose target an earlier one has know it."""
    taken: dict[Path, str] = {}
    checked = []
    for job in jobs:
        first = taken.get(job.target)
        if first is None:
            taken[job.target] = job.path
            checked.append(job)
        elif os.path.abspath(first) != os.path.abspath(job.path):
            checked.append(Job(job.path, job.target, job.ident, clash=first))
    return checked


def convert(
    jobs: list[Job], product: Product, existing: Existing, threads: int, output: Output, report: Report | None
) -> int:
    """Do the jobs, in order; the exit status. What a file gives is printed, and written to the report at once."""

    def one(job: Job) -> _Outcome:
        begun = time.perf_counter()
        result: bytes | RefusedError | None
        try:
            result = None if _kept(job, product, existing) else product.make(read(job.path))
        except RefusedError as error:
            result = error
        return _Outcome(result, time.perf_counter() - begun)

    begun = time.perf_counter()
    for number, (job, outcome) in enumerate(each(one, jobs, threads), 1):
        record = _tell(job, _stored(job, outcome.result), outcome.seconds, product, output)
        if report is not None:
            report.add(record)
        output.progress(number, len(jobs))
    made, kept = output.counts["ok"], output.counts["skipped"]
    output.summary(
        f"{counted(made, product.noun)} made, {kept} kept, {output.failures} failed{output.codes()} "
        f"in {time.perf_counter() - begun:.1f} s"
    )
    return FAILED if output.failures else OK


def _kept(job: Job, product: Product, existing: Existing) -> bool:
    """Whether the target is there and stays. Raises RefusedError where it must neither be kept nor replaced."""
    if job.clash:
        raise RefusedError("EEXIST", f"{job.target} is already made of {job.clash}")
    there = None if existing is Existing.FORCE else present(job.target)
    if there is None:
        return False
    if existing is Existing.REPLACE:
        if product.alike(there):
            return False
    elif product.ours(there):
        return True
    elif existing is Existing.RESUME:
        return False
    raise RefusedError("EEXIST", f"{job.target} exists and is no {product.kind}; --force replaces it")


def _stored(job: Job, result: bytes | RefusedError | None) -> bytes | RefusedError | None:
    """Written on the main thread, so that a command that is interrupted is never within a file."""
    if isinstance(result, bytes):
        try:
            store(job.target, result)
        except RefusedError as error:
            return error
    return result


def _tell(
    job: Job, result: bytes | RefusedError | None, seconds: float, product: Product, output: Output
) -> Mapping[str, Any]:
    """Print what became of a file; its record."""
    took = round(seconds * 1e3, 1)
    if isinstance(result, RefusedError):
        record = failure(job.names, result, **{product.field: None, "bytes": None, "ms": took})
        output.failed(job.path, result, record)
        return record
    size = None if result is None else len(result)
    record = {
        **job.names,
        "status": "skipped" if size is None else "ok",
        "code": None,
        product.field: str(job.target),
        "bytes": size,
        "ms": took,
    }
    figures = f"{'kept':>14}{took:>8.0f} ms" if size is None else f"{size:>8} bytes{took:>8.0f} ms"
    output.done(record, f"{figures}  {shown(job.path)} -> {shown(job.target)}")
    return record
