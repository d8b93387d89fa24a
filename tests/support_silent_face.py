"""The two files of Silent-Face, which no package holds: in the folder `models` beside the development data."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from faceVer.inference.manifest import load_manifest, weights_folder
from faceVer.inference.weights.imports import import_files


def published(data_folder: Path) -> list[Path]:
    """The files as published; skips the test where they are absent."""
    members = [spec.member for spec in load_manifest(weights_folder("")).imports("silent-face")]
    files = [data_folder.parent / "models" / member for member in members]
    if not all(path.is_file() for path in files):
        pytest.skip(f"no files of Silent-Face: put {' and '.join(members)} into models/ beside $FACEVER_DATA")
    return files


def weights_with(files: list[Path], folder: Path) -> Path:
    """A copy of the weights folder with these files imported, and no others of the set."""
    ignored = shutil.ignore_patterns("silent-face*", ".*")
    shutil.copytree(weights_folder(""), folder, dirs_exist_ok=True, ignore=ignored)
    import_files(load_manifest(folder), "silent-face", files, lambda text: None)
    return folder
