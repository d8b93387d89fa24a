"""Model files that no registry holds, brought by the user."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from faceVer.domain.errors import WeightsError
from faceVer.inference.manifest import Manifest
from faceVer.inference.weights.store import Report, install

LARGEST = 1 << 28
"""Bytes; a file that is given by mistake is not read into memory."""


def import_files(manifest: Manifest, name: str, files: Iterable[Path], report: Report) -> int:
    """Install the files of the set `name` that no registry holds; how many were written. Raises SetupError.

    files: any of the set, known by their hashes and not by their names. Nothing is written where one is foreign.
    """
    known = {spec.sha256: spec for spec in manifest.imports(name)}
    found: dict[str, bytes] = {}
    for path in files:
        data = _read(path, name)
        digits = hashlib.sha256(data).hexdigest()
        if digits not in known:
            wanted = ", ".join(f"{spec.member} ({digits})" for digits, spec in known.items())
            raise WeightsError(
                f"{path} has SHA-256 {digits}, which no file of {name} has: {wanted}; nothing was installed"
            )
        found[digits] = data
    brought = [spec for digits, spec in known.items() if digits in found]
    return install(manifest, brought, report, lambda spec, scratch, told: found[spec.sha256])


def _read(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror or error}") from error
    if len(data) > LARGEST:
        raise WeightsError(f"{path} is larger than any file of {name}; nothing was installed")
    return data
