"""Makes one file from each of many: templates of photos, best shots of videos. Parallel and resumable."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from faceVer.cli.backend import FileError
from faceVer.cli.exit_codes import FAILED, OK
from faceVer.cli.files import read, read_existing, store
from faceVer.cli.output import Output, counted, failure_record, printable
from faceVer.cli.parallel import map_ordered
from faceVer.cli.report import Report


class Existing(Enum):
    """What happens to an existing target."""

    KEEP = "kept where it is current, else the file fails"
    RESUME = "kept where it is current, else replaced"
    REPLACE = "replaced where it is of the same kind, else the file fails"
    FORCE = "always replaced"


@dataclass(frozen=True, slots=True)
class Job:
    """One file. photo_id: from a manifest, else empty. duplicate_of: an earlier file that has the same target."""

    path: str
    target: Path
    photo_id: str = ""
    duplicate_of: str = ""

    @property
    def key(self) -> dict[str, Any]:
        """The fields that identify it in records."""
        return {"id": self.photo_id, "path": self.path} if self.photo_id else {"path": self.path}


@dataclass(frozen=True, slots=True)
class Product:
    """What is made. field: its name in records. make: from a file's bytes; raises FileError.

    is_current: whether existing bytes are as good as what `make` would make of the file at a path; raises FileError.
    is_replaceable: whether they may be
    replaced by it.
    """

    noun: str
    kind: str
    field: str
    make: Callable[[bytes], bytes]
    is_current: Callable[[bytes, str], bool]
    is_replaceable: Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """result: what was made; None = the target was kept. seconds: of work on the file."""

    result: bytes | FileError | None
    seconds: float


def mark_duplicates(jobs: Iterable[Job]) -> list[Job]:
    """The jobs, each path once; of those with the same target, all but the first are marked as duplicates."""
    owners: dict[Path, str] = {}
    marked = []
    for job in jobs:
        owner = owners.get(job.target)
        if owner is None:
            owners[job.target] = job.path
            marked.append(job)
        elif os.path.abspath(owner) != os.path.abspath(job.path):
            marked.append(replace(job, duplicate_of=owner))
    return marked


def convert(
    jobs: list[Job], product: Product, existing: Existing, threads: int, output: Output, report: Report | None
) -> int:
    """Do the jobs and print their outcomes, in order; the exit status. The report gets each outcome at once."""

    def work(job: Job) -> _Outcome:
        started = time.perf_counter()
        result: bytes | FileError | None
        try:
            result = None if _is_kept(job, product, existing) else product.make(read(job.path))
        except FileError as error:
            result = error
        return _Outcome(result, time.perf_counter() - started)

    started = time.perf_counter()
    for number, (job, outcome) in enumerate(map_ordered(work, jobs, threads), 1):
        record = _print(job, _stored(job, outcome.result), outcome.seconds, product, output)
        if report is not None:
            report.add(record)
        output.progress(number, len(jobs))
    made, kept = output.counts["ok"], output.counts["skipped"]
    output.summary(
        f"{counted(made, product.noun)} made, {kept} kept, {output.failures} failed{output.codes()} "
        f"in {time.perf_counter() - started:.1f} s"
    )
    return FAILED if output.failures else OK


def _is_kept(job: Job, product: Product, existing: Existing) -> bool:
    """Whether the target exists and is kept. Raises FileError where it may be neither kept nor replaced."""
    if job.duplicate_of:
        raise FileError("EEXIST", f"{job.target} is already made of {job.duplicate_of}")
    data = None if existing is Existing.FORCE else read_existing(job.target)
    if data is None:
        return False
    if existing is Existing.REPLACE:
        if product.is_replaceable(data):
            return False
    elif product.is_current(data, job.path):
        return True
    elif existing is Existing.RESUME:
        return False
    raise FileError("EEXIST", f"{job.target} exists and is no {product.kind}; --force replaces it")


def _stored(job: Job, result: bytes | FileError | None) -> bytes | FileError | None:
    """Write the result. On the main thread, so that an interrupted command never leaves a partial file."""
    if isinstance(result, bytes):
        try:
            store(job.target, result)
        except FileError as error:
            return error
    return result


def _print(
    job: Job, result: bytes | FileError | None, seconds: float, product: Product, output: Output
) -> Mapping[str, Any]:
    """Print the outcome of a file; its record."""
    milliseconds = round(seconds * 1e3, 1)
    if isinstance(result, FileError):
        record = failure_record(job.key, result, **{product.field: None, "bytes": None, "ms": milliseconds})
        output.failed(job.path, result, record)
        return record
    size = None if result is None else len(result)
    record = {
        **job.key,
        "status": "skipped" if size is None else "ok",
        "code": None,
        product.field: str(job.target),
        "bytes": size,
        "ms": milliseconds,
    }
    action = f"{'kept':>14}" if size is None else f"{size:>8} bytes"
    output.done(record, f"{action}{milliseconds:>8.0f} ms  {printable(job.path)} -> {printable(job.target)}")
    return record
